"""Kept: the last few results, by what they are results of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """The last few values by their keys; each is computed once, and one at a time.

    Parameters
    ----------
    size : int, default 4
        How many: a slider that is dragged asks again, but runs the model once.
    """

    def __init__(self, size: int = 4) -> None:
        self.size = size
        self._values: OrderedDict[Hashable, V] = OrderedDict()
        self._lock = RLock()

    def get(self, key: Hashable, compute: Callable[[], V]) -> V:
        """Return the value of a key."""
        with self._lock:
            if key not in self._values:
                self._values[key] = compute()
            self._values.move_to_end(key)
            while len(self._values) > self.size:
                self._values.popitem(last=False)
            return self._values[key]
