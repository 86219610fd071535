"""Sentinels: numbers such as -999 that may stand for missing cells, known by how far outside all others they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from shlex import quote

import numpy as np

from isthmus.data.tables.statistics import BLOCK, RunningStatistics
from isthmus.support.errors import ColumnWarning, listed

FAR = 3
"""How far outside the range of all others a sentinel stands, in multiples of that range."""

OFTEN = 0.01
"""Fraction of the cells of a column that hold it, at least."""

FEW = 10
"""Distinct other numbers from which on a column does not hold codes, of which one may well stand apart."""

ENOUGH = FEW + 2
"""Distinct numbers that are remembered of a column: so many others, and one at each end."""

LOOKED_AT = 64
"""Cells of a piece of a column that mostly hold `FEW` distinct numbers and more, if the column does."""


@dataclass(frozen=True)
class Sentinel:
    """A number that may stand for missing cells, the fraction of cells that hold it, and the range of all others."""

    value: float
    fraction: float
    low: float
    high: float


@dataclass(frozen=True)
class _End:
    """The lowest number of each column, how many cells hold it, and the next one; infinity where there is none."""

    value: np.ndarray
    count: np.ndarray
    following: np.ndarray

    @classmethod
    def of(cls, cells: np.ndarray, value: np.ndarray) -> _End:
        """Return it for numbers of shape (n, columns), NaN for missing cells, whose lowest ones are known."""
        there = cells == value
        following = np.fmin.reduce(np.where(there, np.inf, cells), axis=0, initial=np.inf)
        return cls(value, there.sum(0), following)

    def merge(self, other: _End) -> _End:
        """Return it for the rows of both."""
        value, parts = np.minimum(self.value, other.value), (self, other)
        count = sum(np.where(part.value == value, part.count, 0) for part in parts)
        rest = [np.where(part.value == value, part.following, part.value) for part in parts]
        return _End(value, np.asarray(count), np.minimum(*rest))

    def see(self, cells: np.ndarray, indices: np.ndarray) -> None:
        """Add numbers of some columns, in place; most are past the lowest two already, and cost one comparison."""
        value = np.fmin.reduce(cells, axis=0, initial=np.inf)
        new = np.flatnonzero(value < self.following[indices])
        if not len(new):
            return
        at = indices[new]
        before = _End(self.value[at], self.count[at], self.following[at])
        after = before.merge(_End.of(cells[:, new], value[new]))
        self.value[at], self.count[at], self.following[at] = after.value, after.count, after.following


class Ends:
    """Counts the lowest and the highest number of each column, and remembers the next ones inside.

    What it remembers is the same however rows are cut into pieces, and in whatever order they come.

    Parameters
    ----------
    statistics : RunningStatistics
        Of the rows that were seen before; their lowest and highest numbers are taken for ordinary ones.
    """

    def __init__(self, statistics: RunningStatistics) -> None:
        count = np.zeros(len(statistics.low), dtype=np.int64)
        self._low = _End(statistics.low.copy(), count, statistics.low.copy())
        self._high = _End(-statistics.high, count.copy(), -statistics.high)  # of the numbers with the other sign
        self._few: dict[int, set[float]] = {}
        self._many = np.zeros(len(count), dtype=bool)

    def see(self, cells: np.ndarray, indices: list[int]) -> None:
        """Add rows of shape (n, len(indices)): the numbers of some columns."""
        at, step = np.array(indices), max(1, BLOCK // max(1, len(indices)))
        for start in range(0, len(cells), step):
            block = cells[start : start + step].astype(np.float64, copy=False)
            self._low.see(block, at)
            self._high.see(-block, at)
        for column in np.flatnonzero(~self._many[at]).tolist():
            self._see_distinct(indices[column], cells[:, column])

    def _see_distinct(self, index: int, column: np.ndarray) -> None:
        """Add distinct numbers of a column, until they are many."""
        known = self._few.get(index, set())
        for cells in (column[:LOOKED_AT], column[LOOKED_AT:]):
            if len(known) < ENOUGH:
                known = known | _others(cells, known)
        self._remember(index, known)

    def _remember(self, index: int, distinct: set[float]) -> None:
        self._many[index] |= len(distinct) >= ENOUGH
        self._few[index] = set() if self._many[index] else distinct

    def merge(self, other: Ends) -> None:
        """Add what was counted in other rows."""
        self._low, self._high = self._low.merge(other._low), self._high.merge(other._high)
        self._many |= other._many
        for index in self._few.keys() | other._few.keys():
            self._remember(index, self._few.get(index, set()) | other._few.get(index, set()))

    def sentinels(self, present: np.ndarray) -> dict[int, Sentinel]:
        """Return the sentinel of each column that has one; `present` is the number of cells of each column."""
        minimum = np.maximum(2, OFTEN * present)
        often = {side: end.count >= minimum for side, end in self._ends.items()}
        named: dict[int, Sentinel] = {}
        for sides in ([True, False], [True], [False]):
            for index in np.flatnonzero(np.all([often[side] for side in sides], axis=0)).tolist():
                one = self._sentinel(index, sides, float(present[index]))
                if one is not None and index not in named:
                    named[index] = one
        return named

    @property
    def _ends(self) -> dict[bool, _End]:
        """The end of low numbers, and that of high ones."""
        return {True: self._low, False: self._high}

    def _sentinel(self, index: int, sides: list[bool], present: float) -> Sentinel | None:
        """Return the more frequent number of some ends, if all of them stand far outside all other numbers."""
        ends = self._ends.items()
        inner = {low: float((end.following if low in sides else end.value)[index]) for low, end in ends}
        low, high = inner[True], -inner[False]
        values = [float(self._ends[side].value[index]) * (1 if side else -1) for side in sides]
        if not all(max(low - value, value - high) > FAR * (high - low) > 0 for value in values):
            return None
        few = not self._many[index] and len(self._few.get(index, ())) < FEW + len(sides)
        if any(not value or (few and not _all_nines(value)) for value in values):
            return None
        count, value = max(
            (int(self._ends[side].count[index]), value) for side, value in zip(sides, values, strict=True)
        )
        return Sentinel(value, count / present, low, high)


def _others(cells: np.ndarray, known: Set[float]) -> set[float]:
    """Return the distinct numbers among cells but for those that are known: where these are all, nothing is sorted."""
    cells = cells[~np.isnan(cells)]
    for value in known:
        cells = cells[cells != value]
    return {*np.unique(cells).tolist()} if len(cells) else set()


def _all_nines(value: float) -> bool:
    """Tell whether a number is written with nines alone, two or more.

    Examples
    --------
    >>> [_all_nines(value) for value in (-999.0, 99.0, 9.0, 990.0)]
    [True, True, False, False]
    """
    digits = f"{abs(value):.15g}"
    return len(digits) > 1 and not digits.strip("9")


def warnings_of(names: Mapping[int, str], named: Mapping[int, Sentinel]) -> Iterator[ColumnWarning]:
    """Yield a warning that names the columns with a sentinel, if there are any, by their names."""
    if not named:
        return
    columns = listed(
        f"{names[index]!r} ({one.value:.15g} in {one.fraction:.0%} of its cells, others {one.low:g} to {one.high:g})"
        for index, one in named.items()
    )
    value = f"{next(iter(named.values())).value:.15g}"
    yield ColumnWarning(
        f"these columns hold a number far outside all others, which may stand for missing cells: {columns}; if so, "
        f"take it for a gap (--missing {quote(value)}, in all columns; in Python X.replace({value}, float('nan')))"
    )
