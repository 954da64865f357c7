"""What is known of a run before a check-up: a watch's evidence, or lists of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from thalweg.doctor.evidence import Evaluation, Evidence, Point

LISTS = ("losses", "rates", "probe_losses", "lengths", "weights")
KNOWN = frozenset(field.name for field in fields(Evidence)) - {"level", "seconds", "notes"}


def begun(history: Evidence | Mapping[str, Any] | None) -> Evidence:
    """Evidence for a check-up to add to.

    Args:
        history: a watch's evidence, or a mapping of names of `Evidence` to what is known: "losses"
            and its like as numbers of successive steps, or as (step, value).

    Raises:
        ValueError: an unknown name.

    Example:
        >>> begun({"losses": [3.0, 2.5], "planned": 100}).losses
        [Point(step=1, value=3.0), Point(step=2, value=2.5)]
    """
    if history is None:
        return Evidence()
    if isinstance(history, Evidence):
        known = {name: _copied(getattr(history, name)) for name in KNOWN}
        return Evidence(**known, level="checkup", notes=list(history.notes))
    unknown = sorted(set(history) - KNOWN)
    if unknown:
        raise ValueError(
            f"doctor: history has {unknown[0]!r}, which is none of {', '.join(sorted(KNOWN))}"
        )
    known = dict(history)
    for name in LISTS:
        if name in known:
            known[name] = points(known[name])
    if "evaluations" in known:
        known["evaluations"] = [
            one if isinstance(one, Evaluation) else Evaluation(*one) for one in known["evaluations"]
        ]
    return Evidence(**known)


def points(values: Iterable[Any]) -> list[Point]:
    """Numbers of successive steps, pairs (step, value) or points, as points."""
    found: list[Point] = []
    for number, value in enumerate(values, start=1):
        if isinstance(value, Point):
            found.append(value)
        elif isinstance(value, tuple | list):
            found.append(Point(int(value[0]), float(value[1])))
        else:
            found.append(Point(number, float(value)))
    return found


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, list | dict) else value
