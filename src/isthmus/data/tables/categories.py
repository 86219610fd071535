"""Categories of a column: counted in one pass, in bounded memory, and the rare ones joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter
from typing import Any

from isthmus.support.errors import InputTypeError

ENTRIES = 2**14
"""Distinct values that are counted at least, however few are kept; up to twice as many are counted exactly."""


@dataclass(frozen=True)
class Kept:
    """The categories of a column that are kept, and what is known of the others.

    Attributes
    ----------
    values : tuple
        The declared ones in their order, then the others sorted.
    counts : tuple of int
        How often each occurs.
    declared : int
        How many of them the type of the column declares.
    joined : int
        The number of distinct values that are joined as "other"; if they were too many to count, the least it can be.
    """

    values: tuple[Any, ...]
    counts: tuple[int, ...]
    declared: int
    joined: int


class Categories:
    """Counts the values of a column: exactly up to a number of distinct values, then the frequent ones only.

    Beyond it, the rarest half is forgotten, and the other counts are lowered by that of the value on the border. So no
    count of n cells is more than n / `ENTRIES` too low, whatever the order of the cells, also after merging (Misra and
    Gries 1982; Agarwal et al. 2013).

    Parameters
    ----------
    max_kept : int
        Maximum number of categories that are kept.

    Attributes
    ----------
    counts : Counter
        The values that were counted, with the number of cells.
    declared : dict or None
        Categories that the type of the column declares, in their order; None if they are more than `max_kept`.
    forgotten : bool
        Whether values were forgotten.
    """

    def __init__(self, max_kept: int) -> None:
        self._max_kept, self._entries = max_kept, max(ENTRIES, 8 * max_kept)
        self.counts: Counter[Any] = Counter()
        self.declared: dict[Any, None] | None = {}
        self.forgotten = False

    @classmethod
    def of(cls, kept: Kept, max_kept: int) -> Categories:
        """Return the Categories of which all values were kept."""
        categories = cls(max_kept)
        categories.counts.update({value: n for value, n in zip(kept.values, kept.counts, strict=True) if n})
        categories._declare(kept.values[: kept.declared])
        return categories

    def see(self, declared: Iterable[Any], cells: Iterable[Any], name: object) -> int:
        """Count cells, None for missing ones; return how many are not missing.

        Raises
        ------
        InputTypeError
            A category is neither text nor a number; `name` is that of the column.
        """
        counted = Counter(cells)
        del counted[None]
        declared = tuple(declared)
        for value in (*declared, *counted):
            if not isinstance(value, (str, int, float)):
                raise InputTypeError(
                    f"column {name!r} has the category {value!r} (a {type(value).__name__}); categories must be "
                    "text or numbers: use astype(str)"
                )
        self._declare(declared)
        self._add(counted)
        return counted.total()

    def merge(self, other: Categories) -> None:
        """Add what another one has counted of the same column."""
        self.forgotten |= other.forgotten
        self._declare(other.declared)
        self._add(other.counts)

    def _declare(self, values: Iterable[Any] | None) -> None:
        if values is None or self.declared is None:
            self.declared = None
            return
        self.declared.update(dict.fromkeys(values))
        if len(self.declared) > self._max_kept:
            self.declared = None

    def _add(self, counted: Counter[Any]) -> None:
        self.counts.update(counted)
        if len(self.counts) > 2 * self._entries:
            *frequent, (_, border) = nlargest(self._entries + 1, self.counts.items(), key=itemgetter(1))
            self.counts = Counter({value: n - border for value, n in frequent})
            self.forgotten = True

    def kept(self) -> Kept:
        """Return the categories to keep: all of them, else the declared ones, then the most frequent.

        Among equally frequent ones, the first in their order.
        """
        declared = self.declared or {}
        others = sorted((value for value in self.counts if value not in declared), key=_order)
        frequent = sorted(others, key=self.counts.__getitem__, reverse=True)[: self._max_kept - len(declared)]
        values = (*declared, *sorted(frequent, key=_order))
        joined = len(others) - len(frequent)
        return Kept(values, tuple(self.counts[value] for value in values), len(declared), joined)


def _order(value: Any) -> tuple[bool, Any]:
    """Return what values are sorted by: numbers first, then text."""
    return isinstance(value, str), value
