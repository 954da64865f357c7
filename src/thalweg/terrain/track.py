"""A track: where a rule goes on a surface, and what it saw at each step.

The rule is the library's own, stepped by its own optimizer on a float64 tensor of shape (2,), as
in training. Noise is that of a batch: the surface is read as a mean over samples, each with the
same ground moved by a shift of its own; the shifts add up to nothing, and each step sees some.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from thalweg import optim
from thalweg.optim import RuleOptimizer
from thalweg.optim.group import flat
from thalweg.probe.edge import scale
from thalweg.schedules import Schedule
from thalweg.tasks.surface import Surface
from thalweg.terrain.ground import function_of
from thalweg.terrain.overshoot import edges_along

SAMPLES = 16
"""Of a noisy surface."""
LONGEST = 100_000
"""Steps of one track."""
MOST = 4096
"""Samples of a noisy surface."""
MOMENTA = ("momentum_buffer", "exp_avg", "exp_avg_fast", "momentum_buffer1", "grad_buffer")
"""Under which of these names a rule keeps the direction that it remembers."""

Vector = tuple[float, float]


@dataclass(frozen=True)
class Track:
    """Where a rule went. A track of n steps has n + 1 points.

    Attributes:
        rule: its name.
        hypers: as they were given; a schedule as its `to_dict()`.
        x: first coordinate, at the start and after every step.
        y: second coordinate.
        loss: the height of each of these points, over all samples.
        gradient: what each step saw, n vectors: of its batch, where there is noise.
        step: what each step did, n vectors.
        momentum: the direction that the rule remembered after each step; None if it keeps none.
        divisor: what each step divided its coordinates by, as Adam does; None if it divides by
            nothing that `thalweg.probe.edge` knows.
        curvature: at each point the largest eigenvalue of the Hessian, seen through the divisor
            where there is one; NaN where the surface has none.
        edge: at each point the largest stable learning rate, or None: see `overshoot`.
        ended: why it ended before its time, a sentence; None if it did not.
    """

    rule: str
    hypers: dict[str, Any]
    x: list[float]
    y: list[float]
    loss: list[float]
    gradient: list[Vector]
    step: list[Vector]
    momentum: list[Vector] | None
    divisor: list[Vector] | None
    curvature: list[float]
    edge: list[float | None]
    ended: str | None

    def __len__(self) -> int:
        return len(self.step)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, as JSON has them; what is not finite is None."""
        plain = asdict(self)
        for name in ("loss", "curvature"):
            plain[name] = [one if math.isfinite(one) else None for one in plain[name]]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Track:
        """Make a track of what `to_dict` gave."""
        found = dict(plain)
        for name in ("loss", "curvature"):
            found[name] = [math.nan if one is None else one for one in found[name]]
        for name in ("gradient", "step", "momentum", "divisor"):
            if found[name] is not None:
                found[name] = [(x, y) for x, y in found[name]]
        return cls(**found)


def track(
    surface: Surface | Callable[[Tensor, Tensor], Tensor],
    rule: str,
    *,
    start: tuple[float, float] | None = None,
    hypers: Mapping[str, Any] | None = None,
    steps: int = 500,
    noise: float = 0.0,
    batch: int | None = 1,
    samples: int = SAMPLES,
    seed: int = 0,
) -> Track:
    """Send a rule over a surface.

    Args:
        surface: one of `thalweg.tasks.surfaces()`, or a function of x and y.
        rule: its name, such as "adam".
        start: (x, y); a surface has its own.
        hypers: the rule's hyper-parameters; each number may be a schedule.
        steps: how many, unless it leaves all finite ground.
        noise: how far the samples' grounds are moved: standard deviation, in the units of x and y.
        batch: samples that a step sees; None for all of them. Without noise all are the same.
        samples: how many there are.
        seed: fixes the shifts and the order of the samples.

    Returns:
        The track.

    Raises:
        ValueError: no such rule, or a number outside its range.
        TypeError: the rule has no such hyper-parameter.

    Example:
        >>> from thalweg.tasks import surface
        >>> down = track(surface("bowl"), "sgd", start=(1.0, 1.0), hypers={"lr": 0.5}, steps=3)
        >>> down.x, down.edge[0]
        ([1.0, 0.5, 0.25, 0.125], 2.0)
    """
    start = _start(surface, start)
    _refuse(steps, noise, batch, samples)
    f = function_of(surface)
    shifts, order = _samples(noise, batch, samples, seed, steps) if noise else (None, None)
    walk = _Walk(rule, torch.tensor(start, dtype=torch.float64), hypers or {})
    for step in range(steps):
        if not walk.go(f, shifts if order is None or shifts is None else shifts[order[step]]):
            break

    def over_all(x: Tensor, y: Tensor) -> Tensor:
        if shifts is None:
            return f(x, y)
        return f(*(torch.stack((x, y), -1).unsqueeze(-2) - shifts).unbind(-1)).mean(-1)

    return walk.told(over_all, hypers or {})


def _start(
    surface: Surface | Callable[[Tensor, Tensor], Tensor], start: tuple[float, float] | None
) -> tuple[float, float]:
    if start is None:
        if not isinstance(surface, Surface):
            raise ValueError("track: a function has no start of its own; say start=(x, y)")
        return surface.start
    if len(start) != 2 or not all(map(math.isfinite, start)):
        raise ValueError(f"track: start={start!r} is not two finite numbers; (0.5, -1.0) is")
    return start


def _refuse(steps: int, noise: float, batch: int | None, samples: int) -> None:
    if not 1 <= steps <= LONGEST:
        raise ValueError(f"track: steps={steps!r} is outside [1, {LONGEST}]; 500 is usual")
    if not 0 <= noise < math.inf:
        raise ValueError(f"track: noise={noise!r} is outside [0, inf); 0.015 is an example")
    if not 1 <= samples <= MOST:
        raise ValueError(f"track: samples={samples!r} is outside [1, {MOST}]; 16 is usual")
    if batch is not None and not 1 <= batch <= samples:
        raise ValueError(f"track: batch={batch!r} is outside [1, {samples}]; None sees all samples")


def _samples(
    noise: float, batch: int | None, samples: int, seed: int, steps: int
) -> tuple[Tensor, list[Tensor] | None]:
    """The shifts, (samples, 2), and which of them each step sees: every one once an epoch."""
    generator = torch.Generator().manual_seed(seed)
    shifts = noise * torch.randn(samples, 2, generator=generator, dtype=torch.float64)
    shifts = shifts - shifts.mean(0)
    if batch is None:
        return shifts, None
    order: list[Tensor] = []
    while len(order) < steps:
        order += torch.randperm(samples, generator=generator).split(batch)
    return shifts, order


def _pair(vector: Tensor) -> Vector:
    x, y = vector.tolist()
    return x, y


class _Walk:
    """A track while it is made."""

    def __init__(self, rule: str, point: Tensor, hypers: Mapping[str, Any]) -> None:
        self.point = point.requires_grad_()
        self.optimizer: RuleOptimizer = optim.build(rule, [point], **hypers)
        self.name = self.optimizer.rule.name
        self.places: list[Vector] = [_pair(point)]
        self.gradients: list[Vector] = []
        self.momenta: list[Vector] = []
        self.divisors: list[Tensor | None] = []
        self.hypers: list[Mapping[str, Any]] = []
        self.ended: str | None = None
        slots = {slot.name for slot in self.optimizer.rule.slots}
        self.kept = next((name for name in MOMENTA if name in slots), None)
        self.fixed = not self.optimizer.param_groups[0].get("schedules")

    def go(self, f: Callable[[Tensor, Tensor], Tensor], seen: Tensor | None) -> bool:
        """One step; whether it led to a place."""
        # Not zero_grad(), which costs a profiler's range: a fifth of so small a step.
        self.point.grad = None
        place = self.point if seen is None else self.point - seen
        loss = f(*place.unbind(-1))
        (loss if seen is None else loss.mean()).backward()
        if self.point.grad is None:
            self.point.grad = torch.zeros_like(self.point)
        slope = _pair(self.point.grad)
        number = len(self.gradients) + 1
        if not all(map(math.isfinite, slope)):
            self.ended = f"step {number}: the slope is not finite"
            return False
        self.optimizer.step()
        there = _pair(self.point.detach())
        if not all(map(math.isfinite, there)):
            self.ended = f"step {number}: it led to no finite place"
            return False
        self.places.append(there)
        self.gradients.append(slope)
        self._look(number)
        return True

    def _look(self, number: int) -> None:
        """Keep what the rule remembers after its step."""
        group, state = self.optimizer.param_groups[0], self.optimizer.state[self.point]
        if self.fixed and self.hypers:
            given = self.hypers[-1]
        else:
            given = flat(self.optimizer.rule, group)
        self.hypers.append(given)
        self.divisors.append(scale(self.name, given, state, number))
        if self.kept in state:
            self.momenta.append(_pair(state[self.kept]))

    def told(self, f: Callable[[Tensor, Tensor], Tensor], hypers: Mapping[str, Any]) -> Track:
        """The track."""
        points = torch.tensor(self.places, dtype=torch.float64)
        with torch.no_grad():
            loss: list[float] = f(*points.unbind(1)).tolist()
        lost = next((i for i, one in enumerate(loss) if not math.isfinite(one)), None)
        if lost is not None:
            self.ended = f"step {lost}: the height is not finite there"
            keep = max(lost, 1)  # the start stays, whatever it is
            points, loss = points[:keep], loss[:keep]
        steps = len(points) - 1
        # The last point has no step of its own: it is seen as the step before saw it.
        given = [*self.hypers[:steps], *(self.hypers[steps - 1 : steps] or [{}])]
        through = [*self.divisors[:steps], *(self.divisors[steps - 1 : steps] or [None])]
        if not steps:
            given = [flat(self.optimizer.rule, self.optimizer.param_groups[0])]
        curvature, edge = edges_along(f, self.name, points, given, through)
        divisors = [_pair(one) for one in through[:steps] if one is not None]
        return Track(
            rule=self.name,
            hypers={k: v.to_dict() if isinstance(v, Schedule) else v for k, v in hypers.items()},
            x=points[:, 0].tolist(),
            y=points[:, 1].tolist(),
            loss=loss,
            gradient=self.gradients[:steps],
            step=[(x, y) for x, y in points.diff(dim=0).tolist()],
            momentum=self.momenta[:steps] or None,
            divisor=divisors or None,
            curvature=curvature,
            edge=edge,
            ended=self.ended,
        )
