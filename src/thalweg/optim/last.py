"""Last: the truth about the step that was just taken."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Last:
    """What the last step did.

    Attributes:
        applied: whether it moved anything; False before the first.
        why: why not; empty if it did.
        lr: the learning rate of each group as the rule had it, schedules and factors applied; None
            for a group without gradients.
        gradient_norm: the norm of all gradients, unscaled and before clipping; None if neither
            `clip_norm` nor `watch` asked for it.
        clip_factor: what `clip_norm` multiplied the gradients with; None without it.
        stayed: of the weights with a gradient other than zero, the share that the step left as
            they were, for what they moved by was rounded away; None without `watch`.
    """

    applied: bool = False
    why: str = "no step was taken yet"
    lr: tuple[float | None, ...] = ()
    gradient_norm: float | None = None
    clip_factor: float | None = None
    stayed: float | None = None


def skipped(why: str, norm: float | None = None) -> Last:
    """A step that was not taken."""
    return Last(applied=False, why=why, gradient_norm=norm)


def taken(
    rates: Sequence[float | None],
    seen: Mapping[str, float],
    watched: Sequence[Sequence[float]],
    scale: float,
) -> Last:
    """A step that was taken.

    Args:
        rates: the groups' learning rates.
        seen: the numbers that the update reported: see `lot.REPORTED`.
        watched: what each lot counted: see `layout.WATCHED`.
        scale: what the gradients were multiplied with.
    """
    found: dict[str, Any] = dict(seen)
    if watched:
        squares, moving, stayed = (math.fsum(column) for column in zip(*watched, strict=True))
        found.setdefault("gradient_norm", scale * math.sqrt(squares))
        found["stayed"] = stayed / moving if moving else 0.0
    return Last(applied=True, why="", lr=tuple(rates), **found)
