"""A path of training on a plane: where each iterate lies, how far off it, and its true loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from math import isfinite, nan
from typing import Any

from torch import Tensor

from thalweg.probe import Probe
from thalweg.terrain.plane import Plane


@dataclass
class Trajectory:
    """The iterates of a run as points of a picture.

    Attributes:
        step: the optimizer step of each.
        x: coordinates on the plane.
        y: coordinates on the plane.
        loss: the true loss of the iterate itself, not of its shadow on the plane.
        out: how far off the plane it lies, as a fraction of its distance from the centre.
        label: what to call it.
        rule: the optimizer's rule; "" where it is not known.
    """

    step: list[int] = field(default_factory=list[int])
    x: list[float] = field(default_factory=list[float])
    y: list[float] = field(default_factory=list[float])
    loss: list[float] = field(default_factory=list[float])
    out: list[float] = field(default_factory=list[float])
    label: str = ""
    rule: str = ""

    def __len__(self) -> int:
        return len(self.step)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists; a loss that is not finite is None."""
        return {**asdict(self), "loss": [one if isfinite(one) else None for one in self.loss]}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Trajectory:
        """Make a trajectory of what `to_dict` gave."""
        return cls(**{**plain, "loss": [nan if one is None else one for one in plain["loss"]]})


def trace(
    probe: Probe,
    plane: Plane,
    iterates: Iterable[tuple[int, Tensor]],
    label: str = "",
    rule: str = "",
) -> Trajectory:
    """Put the iterates of a run on a plane.

    Args:
        probe: the loss.
        plane: where to put them.
        iterates: step and weights, in order.
        label: what to call the run.
        rule: its rule.

    Returns:
        The trajectory.
    """
    made = Trajectory(label=label, rule=rule)
    for step, weights in iterates:
        x, y, out = plane.place(weights)
        for name, value in zip(
            ("step", "x", "y", "loss", "out"), (step, x, y, probe.value(weights), out), strict=True
        ):
            getattr(made, name).append(value)
    return made
