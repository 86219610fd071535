"""Sentinels: numbers such as -999 that may stand for missing cells, known by how far outside all others they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from shlex import quote

import numpy as np

from isthmus.data.tables.statistics import RunningStatistics
from isthmus.support.errors import ColumnWarning, listed

FAR = 3
"""How far outside the range of all others a sentinel stands, in multiples of that range."""

OFTEN = 0.01
"""Fraction of the cells of a column that hold it, at least."""

FEW = 10
"""Distinct other numbers from which on a column does not hold codes, of which one may well stand apart."""

LOOKED_AT, ELEMENTS = 1000, 2**20
"""Rows, and numbers, of a piece by which columns are picked out that are then looked at as a whole."""


@dataclass(frozen=True)
class Sentinel:
    """A number that may stand for missing cells, the fraction of cells that hold it, and the range of all others."""

    value: float
    fraction: float
    low: float
    high: float


class Ends:
    """Counts the numbers at the ends of columns that stand apart from all others, piece after piece.

    Parameters
    ----------
    statistics : RunningStatistics
        Of the rows that were seen before.
    """

    def __init__(self, statistics: RunningStatistics) -> None:
        self._low, self._high = statistics.low.copy(), statistics.high.copy()
        self._distinct = np.zeros(len(self._low), dtype=np.int64)
        self._counts: dict[int, Counter[float]] = {}

    def see(self, cells: np.ndarray, indices: list[int], piece: RunningStatistics) -> None:
        """Add rows of shape (n, len(indices)), the numbers of some columns, and the statistics of all columns."""
        low, high = piece.low.copy(), piece.high.copy()
        step = max(1, len(cells) // max(1, min(LOOKED_AT, ELEMENTS // max(1, len(indices)))))
        ends = [piece.low[indices], piece.high[indices]]
        far = [_apart(cells[::step], end) for end in ends]
        for at in np.flatnonzero(far[0] | far[1] | np.isin(indices, [*self._counts])).tolist():
            index = indices[at]
            apart = {float(end[at]) for end, there in zip(ends, far, strict=True) if there[at]}
            low[index], high[index] = self._count(index, cells[:, at], apart)
        self._low, self._high = np.minimum(self._low, low), np.maximum(self._high, high)

    def _count(self, index: int, column: np.ndarray, apart: set[float]) -> tuple[float, float]:
        """Count numbers of a column that stand apart; return the range of all others."""
        counts = self._counts.setdefault(index, Counter())
        apart |= counts.keys()
        counts.update({value: int((column == value).sum()) for value in apart})
        others = column[~np.isnan(column) & ~np.isin(column, [*apart])]
        self._distinct[index] = max(self._distinct[index], len(np.unique(others[:LOOKED_AT])))
        return others.min(initial=np.inf), others.max(initial=-np.inf)

    def merge(self, other: Ends) -> None:
        """Add what was counted in other rows."""
        self._low, self._high = np.minimum(self._low, other._low), np.maximum(self._high, other._high)
        self._distinct = np.maximum(self._distinct, other._distinct)
        for index, counts in other._counts.items():
            self._counts.setdefault(index, Counter()).update(counts)

    def sentinels(self, present: np.ndarray) -> dict[int, Sentinel]:
        """Return the sentinel of each column that has one; `present` is the number of cells of each column."""
        named = {}
        for index, counts in self._counts.items():
            low, high = float(self._low[index]), float(self._high[index])
            for value, count in counts.items():
                often = count >= max(2, OFTEN * present[index])
                apart = max(low - value, value - high) > FAR * (high - low) > 0
                if value and often and apart and (self._distinct[index] >= FEW or _all_nines(value)):
                    named[index] = Sentinel(value, count / float(present[index]), low, high)
        return named


def _apart(sample: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return for each column whether the number at its end comes twice, and far outside all others of a sample."""
    there = sample == end
    rest = np.where(there, np.nan, sample)
    low, high = np.fmin.reduce(rest), np.fmax.reduce(rest)
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.maximum(low - end, end - high) > FAR * (high - low)
    return np.asarray((there.sum(0) >= 2) & apart)


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
