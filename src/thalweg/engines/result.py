"""What a rule returned, counted before anything is written."""

from collections.abc import Callable, Sequence
from typing import Any


def split(
    update: Callable[..., Any], result: Any, present: Sequence[bool]
) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    """The new arrays (parameter, then states), and the carried numbers after them.

    Args:
        update: the rule, for its name.
        result: what it returned.
        present: whether the parameter and each state is there.

    Raises:
        TypeError: one line that says which array is missing.
    """
    values: tuple[Any, ...] = result if isinstance(result, tuple) else (result,)  # pyright: ignore[reportUnknownVariableType]
    if len(values) < len(present):
        raise TypeError(
            f"{_name(update)} returned {len(values)} arrays where the new parameter and "
            f"{len(present) - 1} new states belong"
        )
    for place, there in enumerate(present):
        if there and values[place].__class__ in _NOT_ARRAYS:
            what = f"the new state {place}" if place else "the new parameter"
            raise TypeError(f"{_name(update)} returned {values[place]!r} where {what} belongs")
    return values[: len(present)], values[len(present) :]


_NOT_ARRAYS = (type(None), int, float)


def _name(update: Callable[..., Any]) -> str:
    return getattr(update, "__name__", "the rule")
