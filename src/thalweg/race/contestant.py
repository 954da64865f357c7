"""Who runs: the four classic methods, each at settings that are stated here, not tuned.

They tell one story. Gradient descent looks at all data for every step, so it takes few. SGD takes
a step per mini-batch. Momentum remembers where the last steps went, and trusts its memory more as
the run goes on: 0.5 at first, 0.9 from a third of the run. Adam gives every weight its own step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from thalweg.schedules import ramp
from thalweg.tasks.task import Task


@dataclass(frozen=True)
class Contestant:
    """One method at one setting.

    Attributes:
        key: names its folder: short, plain.
        label: names it in tables and legends.
        rule: the rule's name.
        hypers: the hyper-parameters that differ from the rule's defaults.
        full: every step sees all training data; else a mini-batch.
    """

    key: str
    label: str
    rule: str
    hypers: dict[str, Any] = field(default_factory=dict)
    full: bool = False


@dataclass(frozen=True)
class Rates:
    """The four learning rates that a task is raced at."""

    descent: float
    sgd: float
    momentum: float
    adam: float


# For a model and a loss of ordinary scale. Momentum's is lower than SGD's because its sum form
# multiplies the step by up to 1 / (1 - 0.9).
USUAL = Rates(descent=0.1, sgd=0.1, momentum=0.03, adam=1e-3)

STATED = {
    "digits": Rates(descent=0.5, sgd=0.1, momentum=0.03, adam=2e-3),
    "digits-cnn": Rates(descent=0.2, sgd=0.05, momentum=0.02, adam=2e-3),
    "breast-cancer": Rates(descent=0.5, sgd=0.1, momentum=0.03, adam=1e-2),
    "diabetes": Rates(descent=0.1, sgd=0.01, momentum=3e-3, adam=3e-3),
    "characters": Rates(descent=0.3, sgd=0.3, momentum=0.1, adam=3e-3),
    # A surface is as steep as its formula says; each rate is about half of what still holds.
    "bowl": Rates(descent=0.1, sgd=0.1, momentum=0.05, adam=0.05),
    "ravine": Rates(descent=0.01, sgd=0.01, momentum=4e-3, adam=0.05),
    "saddle": Rates(descent=0.1, sgd=0.1, momentum=0.03, adam=0.05),
    "rosenbrock": Rates(descent=1e-3, sgd=1e-3, momentum=3e-4, adam=0.02),
    "himmelblau": Rates(descent=0.01, sgd=0.01, momentum=2e-3, adam=0.05),
    "beale": Rates(descent=5e-3, sgd=5e-3, momentum=1e-3, adam=0.02),
    "rastrigin": Rates(descent=2e-3, sgd=2e-3, momentum=1e-3, adam=0.05),
    "ackley": Rates(descent=0.01, sgd=0.01, momentum=5e-3, adam=0.05),
    "six-hump-camel": Rates(descent=0.02, sgd=0.02, momentum=5e-3, adam=0.05),
    "styblinski-tang": Rates(descent=0.01, sgd=0.01, momentum=3e-3, adam=0.05),
    "two-valleys": Rates(descent=0.05, sgd=0.05, momentum=0.02, adam=0.05),
}


def line_up(task: Task, epochs: int, samples: int) -> list[Contestant]:
    """The four contestants for a task.

    Args:
        task: decides the learning rates; a task that is not listed here gets the usual ones.
        epochs: length of the run; the momentum reaches 0.9 after a third of it, ten at most.
        samples: in the training part. With a single one, as on a surface, SGD would be gradient
            descent once more, and stays out.

    Returns:
        Gradient descent, SGD, SGD with momentum and Adam, in this order.
    """
    rates = STATED.get(task.name, USUAL)
    warming = max(1, min(10, round(epochs / 3)))
    contestants = [
        Contestant("gradient-descent", "Gradient descent", "sgd", {"lr": rates.descent}, full=True),
        Contestant("sgd", "SGD", "sgd", {"lr": rates.sgd}),
        Contestant(
            "momentum",
            "SGD, momentum 0.5 to 0.9",
            "sgd",
            {"lr": rates.momentum, "momentum": ramp(0.5, 0.9, epochs=warming)},
        ),
        Contestant("adam", "Adam", "adam", {"lr": rates.adam}),
    ]
    return [one for one in contestants if samples > 1 or one.key != "sgd"]
