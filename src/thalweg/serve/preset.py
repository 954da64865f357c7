"""Presets: the four methods that a page begins with, each with a learning rate for each surface."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from thalweg import rules, tasks
from thalweg.serve.ask import hypers
from thalweg.tasks.surface import Surface
from thalweg.terrain.overshoot import overshoot
from thalweg.terrain.track import Track, track
from thalweg.web import colour

ANNEALED = {"ramp": [0.5, 0.9, 40]}
# Measured: what `tune` finds, in the order of `FOUR`. A slow test measures again.
RATES: dict[str, tuple[float, float, float, float]] = {
    "ackley": (0.1, 0.1, 0.05, 0.5),
    "beale": (0.02, 0.02, 0.002, 0.2),
    "booth": (0.1, 0.02, 0.001, 0.5),
    "bowl": (0.2, 0.05, 0.005, 0.02),
    "easom": (0.05, 0.02, 0.002, 0.01),
    "eggholder": (0.5, 0.5, 0.02, 1.0),
    "goldstein-price": (0.0002, 1e-05, 1e-05, 0.05),
    "himmelblau": (0.005, 0.002, 0.0002, 0.05),
    "levy": (0.2, 0.5, 0.2, 1.0),
    "monkey-saddle": (0.2, 0.1, 0.05, 0.01),
    "rastrigin": (0.0005, 0.0001, 1e-05, 0.005),
    "ravine": (0.01, 0.01, 0.002, 0.05),
    "rosenbrock": (0.002, 0.002, 0.001, 0.2),
    "saddle": (0.1, 0.1, 0.02, 0.02),
    "six-hump-camel": (0.02, 0.002, 0.0002, 0.5),
    "styblinski-tang": (0.005, 0.002, 0.0005, 0.02),
    "three-hump-camel": (0.1, 0.05, 0.05, 0.2),
    "two-valleys": (0.1, 0.05, 0.005, 0.02),
}
"""The learning rates of the four, for each surface."""


@dataclass(frozen=True)
class Preset:
    """A method to begin with.

    Attributes:
        label: names it.
        key: under which it is coloured.
        rule: the rule's name.
        hypers: besides the learning rate, as a message has them.
        noise: whether it sees a batch, or all samples.
    """

    label: str
    key: str
    rule: str
    hypers: dict[str, Any]
    noise: bool


FOUR = (
    Preset("Gradient descent", "gradient-descent", "sgd", {}, False),
    Preset("SGD", "sgd", "sgd", {}, True),
    Preset("SGD, momentum 0.5 to 0.9", "momentum", "sgd", {"momentum": ANNEALED}, True),
    Preset("Adam", "adam", "adam", {}, True),
)
STEPS, TAIL, NOISE, SEEDS = 200, 20, 0.015, range(8)
GRID = [*(digit * 10.0**power for power in range(-5, 0) for digit in (1, 2, 5)), 1.0]


def tune(preset: Preset, surface: str) -> float:
    """The learning rate that comes down furthest, by the rule that holds for all.

    Args:
        preset: the method.
        surface: from whose own start.

    Returns:
        Of 1, 2 and 5 times each power of ten from 1e-5 to 1, the one with the lowest height over
        the last tenth of 200 steps, on the average of three seeds, among those that with none of
        eight ever stand more than twice as far above the lowest ground as where they began.
    """
    ranked = sorted(GRID, key=lambda lr: fmean(_rest(preset, surface, lr, s) for s in SEEDS[:3]))
    return next((lr for lr in ranked if _holds(preset, surface, lr)), GRID[0])


def _holds(preset: Preset, surface: str, lr: float) -> bool:
    lowest = tasks.surface(surface).lowest
    for seed in SEEDS:
        gone = _walk(preset, surface, lr, seed)
        if gone.ended or max(gone.loss) - lowest > 2 * (gone.loss[0] - lowest):
            return False
    return True


def _rest(preset: Preset, surface: str, lr: float, seed: int) -> float:
    gone = _walk(preset, surface, lr, seed)
    return float("inf") if gone.ended else fmean(gone.loss[-TAIL:])


def _walk(preset: Preset, surface: str, lr: float, seed: int) -> Track:
    given = dict(hypers(rules.find(preset.rule), {"lr": lr, **preset.hypers}))
    batch = 1 if preset.noise else None
    return track(
        tasks.surface(surface),
        preset.rule,
        hypers=given,
        steps=STEPS,
        noise=NOISE,
        batch=batch,
        seed=seed,
    )


def rate(place: int, surface: Surface) -> float:
    """The learning rate of one of the four on a surface.

    A surface that is not in the table gets a guess by its curvature at its start, where gradient
    descent would step to the floor of a parabola at once: shorter steps for those that are noisy
    or gain speed, and for Adam, whose steps have the learning rate's length, a part of the window.
    """
    if surface.name in RATES:
        return RATES[surface.name][place]
    if FOUR[place].rule == "adam":
        return min(high - low for low, high in surface.domain) / 50
    curvature = overshoot(surface, "sgd", surface.start).curvature
    steady = 1 / curvature if curvature > 0 else 1.0
    return min(max(steady / (2, 5, 10, 1)[place], GRID[0]), GRID[-1])


def presets() -> list[dict[str, Any]]:
    """The presets as plain data."""
    return [
        {
            "label": one.label,
            "rule": one.rule,
            "hypers": {"lr": rate(place, tasks.surface("ravine")), **one.hypers},
            "ink": asdict(colour.of(one.key)),
            "noise": one.noise,
            "surfaces": {each.name: {"lr": rate(place, each)} for each in tasks.surfaces()},
        }
        for place, one in enumerate(FOUR)
    ]
