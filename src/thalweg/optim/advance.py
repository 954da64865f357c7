"""Advance: all lots of a step together, so that what they sum over all tensors is the same sum."""

import math
from collections.abc import Callable

from thalweg.optim.lot import Lot, clear


class NonFiniteError(ArithmeticError):
    """The norm of all gradients is infinite or not a number: nothing was written."""

    def __init__(self, norm: float) -> None:
        super().__init__(norm)
        self.norm = norm


def advance(
    lots: list[Lot], starts: list[Callable[[], None]], clips: set[bool]
) -> dict[str, float]:
    """Step all lots; nothing is written before all know what they will write.

    Args:
        lots: which hold their gradients.
        starts: how to start each.
        clips: whether the norm of all gradients is bounded, as the groups have it.

    Returns:
        What the last lot saw.

    Raises:
        NonFiniteError: that norm is not finite; the lots are released.
        RuntimeError: some groups sum over all tensors and others don't.
    """
    if len(clips) > 1:
        raise _uneven(lots)
    seen: dict[str, float] = {}
    # Parameters that were given twice take a whole turn, and then another.
    for turn in sorted({lot.turn for lot in lots}):
        mine = [lot for lot in lots if lot.turn == turn]
        for lot, start in zip(lots, starts, strict=True):
            if lot.turn == turn:
                start()
        known = _sums(mine, clips={True} == clips)
        if known and clips == {True} and not math.isfinite(known[0]):
            for lot in lots:
                lot.release()
                if lot.layout.clear:
                    clear(lot.params)
            raise NonFiniteError(math.sqrt(known[0]) if known[0] > 0 else math.nan)
        for lot in mine:
            # What the first one wrote may be what another one reads, if they share memory.
            seen = lot.finish(known, afresh=lot is not mine[0])
    return seen


def _sums(lots: list[Lot], *, clips: bool) -> list[float]:
    """The totals over all lots that the rule asks for; the norm alone if it is not finite."""
    known: list[float] = []
    while True:
        waiting = [lot.offer(known) for lot in lots]
        if not any(waiting):
            return known
        if not all(waiting):
            raise _uneven(lots)
        while all(len(known) in shares for shares in waiting):
            known.append(sum(shares[len(known)] for shares in waiting))
        if clips and not math.isfinite(known[0]):
            return known


def _uneven(lots: list[Lot]) -> RuntimeError:
    return RuntimeError(
        f"{lots[0].rule.name}: a sum over all tensors is asked for by some groups and not by "
        "others; give clip_norm to all of them or to none"
    )
