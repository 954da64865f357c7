"""Answers that were given already: the same ask, the same answer, at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock


class Cache:
    """Keeps the texts that were used last, up to so many bytes of them.

    Args:
        size: how many.

    Example:
        >>> cache = Cache(8)
        >>> cache.put("a", "1234")
        >>> cache.put("b", "1234")
        >>> cache.get("a"), cache.put("c", "1234"), cache.get("b")
        ('1234', None, None)
    """

    def __init__(self, size: int) -> None:
        self._size, self._used = size, 0
        self._texts: OrderedDict[Hashable, str] = OrderedDict()
        self._lock = Lock()  # two threads compute

    def get(self, key: Hashable) -> str | None:
        """The text that was kept under a key, or None."""
        with self._lock:
            if key in self._texts:
                self._texts.move_to_end(key)
            return self._texts.get(key)

    def put(self, key: Hashable, text: str) -> None:
        """Keep a text, and forget those that were not used for longest."""
        with self._lock:
            self._used += len(text) - len(self._texts.pop(key, ""))
            self._texts[key] = text
            while self._used > self._size:
                _, old = self._texts.popitem(last=False)
                self._used -= len(old)
