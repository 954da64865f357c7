"""Facts: what must be known of a task before a race, and what would make a race of it unfair."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor, nn

from thalweg import tasks
from thalweg.race.content import digest
from thalweg.race.entry import Entry
from thalweg.rules import Rule
from thalweg.schedules import Schedule
from thalweg.tasks.task import Data, Task
from thalweg.train import pace
from thalweg.train.evaluate import evaluate
from thalweg.train.seeds import Seeds, generators_kept

STEPS = 20  # of the two runs that must be the same


@dataclass(frozen=True)
class Facts:
    """A task, looked over.

    Attributes:
        task: the task.
        data: its parts.
        parameters: trainable numbers in the model.
        fingerprint: a digest of the data, the first weights and what they score: two tasks of one
            fingerprint give the same results.
    """

    task: Task
    data: Data
    parameters: int
    fingerprint: str

    @property
    def metric(self) -> str:
        """What decides: the metric that the task is solved by, else the loss."""
        return self.task.solved.metric if self.task.solved else "loss"

    @property
    def higher(self) -> bool:
        """Whether more of the metric is better."""
        return bool(self.task.solved and self.task.solved.higher)

    def initial(self, seed: int) -> dict[str, float]:
        """What fresh weights score on validation."""
        if seed not in self._initial:
            with generators_kept():
                Seeds.of(seed).seed_init()
                model = self.task.make_model()
                self._initial[seed] = evaluate(model, self.task, self.data.validation)
        return self._initial[seed]

    @cached_property
    def _initial(self) -> dict[int, dict[str, float]]:
        return {}


def look_over(task: Task) -> Facts:
    """Look a task over.

    Raises:
        ValueError: what `tasks.check` refuses; an evaluation that gives other figures the second
            time; first weights that the seed does not fix.
    """
    data = tasks.check(task)
    with generators_kept():
        weights, model = _fresh(task)
        again, _ = _fresh(task)
        # Not seeded in between: what draws numbers while it evaluates draws others.
        score, same = (evaluate(model, task, data.validation) for _ in range(2))
    if not torch.equal(weights, again):
        raise ValueError(
            f"{task.name}: make_model gives other weights under the same seed; draw them from "
            "torch's generator and from nothing else"
        )
    _same_figures(task, score, same)
    digest = blake2b(digest_size=16)
    for part in (data.train, data.validation, data.test):
        for tensor in (part.inputs, part.targets):
            digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    digest.update(weights.numpy().tobytes())
    digest.update(repr((task.name, task.batch, sorted(score.items()), task.solved)).encode())
    return Facts(task, data, len(weights), digest.hexdigest())


def _fresh(task: Task) -> tuple[Tensor, nn.Module]:
    """The first weights, end to end, and the model that has them."""
    Seeds.of(0).seed_init()
    model = task.make_model()
    weights = [p.detach().flatten().cpu().double() for p in model.parameters() if p.requires_grad]
    return torch.cat(weights), model


def _same_figures(task: Task, one: Mapping[str, float], other: Mapping[str, float]) -> None:
    for name, value in one.items():
        if value != other[name] and not (math.isnan(value) and math.isnan(other[name])):
            raise ValueError(
                f"{task.name}: evaluating the same weights twice gave {name} {value:.9g} and "
                f"{other[name]:.9g}; evaluation must not be random: look for dropout outside of "
                "nn.Module's eval mode, random augmentation, or a metric that keeps state"
            )


def check_repeats(task: Task, entry: Entry, batch: int | None, seed: int) -> None:
    """Refuse a task whose two identical runs differ.

    Raises:
        ValueError: says by how much.
    """
    settings: dict[str, Any] = {"hypers": entry.default, "batch": batch, "seed": seed}
    first = pace(task, rule=entry.found, **settings, steps=STEPS)
    # As many steps as the first took in its time, however long they take now.
    second = pace(task, rule=entry.found, **settings, steps=first.steps, seconds=math.inf)
    _same_figures(task, *first.scores)
    if torch.equal(first.weights, second.weights) or first.weights.isnan().any():
        return
    off = (first.weights - second.weights).abs().max().item()
    raise ValueError(
        f"{task.name}: two identical runs of {entry.label} differ by up to {off:.2g} in a weight "
        f"after {first.steps} steps; a race needs runs that repeat: draw all that is random from "
        "torch's generator, and see torch.use_deterministic_algorithms"
    )


def code_of(rule: Rule, threads: int) -> str:
    """A digest of what computes a run: the rule, the libraries, the processor's kind."""
    parts = (digest(rule), *sorted(environment(threads).items()))
    return blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def environment(threads: int) -> dict[str, str]:
    """What else decides a result, bit for bit."""
    from importlib import metadata

    import numba

    from thalweg.version import __version__

    return {
        "thalweg": __version__,
        "torch": str(torch.__version__),
        "numba": str(numba.__version__),
        "numpy": metadata.version("numpy"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": torch.backends.cpu.get_cpu_capability(),
        "threads": f"{threads} a run",
    }


def plain(hypers: Mapping[str, Any]) -> dict[str, Any]:
    """Hyper-parameters as JSON has them.

    Raises:
        ValueError: a schedule made of a function, which can't be written down.
    """
    found: dict[str, Any] = {}
    for name, value in hypers.items():
        if isinstance(value, Schedule) and not value.is_data:
            raise ValueError(
                f"{name}: a schedule made of a function can't be raced; state its kind"
            )
        found[name] = value.to_dict() if isinstance(value, Schedule) else value
    return found


@contextmanager
def threads_set(count: int) -> Iterator[None]:
    """Torch's threads inside; afterwards as they were."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
