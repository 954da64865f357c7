"""Labels as a sentence lists them."""

from __future__ import annotations

from collections.abc import Sequence


def names(labels: Sequence[str], word: str = "and") -> str:
    """One after the other, with a word before the last.

    >>> names(["Adam"]), names(["Adam", "SGD"]), names(["Adam", "SGD", "Lion"])
    ('Adam', 'Adam and SGD', 'Adam, SGD and Lion')
    """
    return f" {word} ".join(filter(None, [", ".join(labels[:-1]), *labels[-1:]]))
