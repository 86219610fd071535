"""Mean and variance of columns in one pass, mergeable (Chan, Golub and LeVeque 1983)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK = 2**18
"""Elements that are looked at together, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class RunningStatistics:
    """What is known of columns of numbers, each of shape (p,) in float64.

    Attributes
    ----------
    count : ndarray
        Cells that are there.
    mean : ndarray
        Their mean; 0 where there are none.
    squares : ndarray
        Sum of squared distances from the mean.
    low, high : ndarray
        Smallest and largest value; infinity and minus infinity where there are none.
    """

    count: np.ndarray
    mean: np.ndarray
    squares: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def none(cls, columns: int) -> RunningStatistics:
        """Return what is known of columns without cells."""
        nothing = (0.0, 0.0, 0.0, np.inf, -np.inf)
        return cls(*(np.full(columns, value) for value in nothing))

    @classmethod
    def of(cls, numbers: np.ndarray) -> RunningStatistics:
        """Return what is known of numbers of shape (n, p), NaN where a cell is missing."""
        n, columns = numbers.shape
        step = max(1, BLOCK // max(columns, 1))
        found = cls.none(columns)
        for at in range(0, n, step):
            found = found.merge(cls._of_block(numbers[at : at + step].astype(np.float64)))
        return found

    @classmethod
    def _of_block(cls, block: np.ndarray) -> RunningStatistics:
        there = ~np.isnan(block)
        count = there.sum(0).astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused by its name, later
            mean = np.where(there, block, 0).sum(0) / np.maximum(count, 1)
            squares = np.square(np.where(there, block - mean, 0)).sum(0)
        low = np.where(there, block, np.inf).min(0)
        return cls(count, mean, squares, low, np.where(there, block, -np.inf).max(0))

    def merge(self, other: RunningStatistics) -> RunningStatistics:
        """Return what is known of the rows of both."""
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        with np.errstate(over="ignore", invalid="ignore"):
            apart = other.mean - self.mean
            squares = self.squares + other.squares + apart**2 * self.count * share
            mean = self.mean + apart * share
        return RunningStatistics(
            count, mean, squares, np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        )

    def spread(self, places: list[int], columns: int) -> RunningStatistics:
        """Return the same knowledge as some of more columns."""
        wide = RunningStatistics.none(columns)
        for name, values in vars(self).items():
            getattr(wide, name)[places] = values
        return wide

    @property
    def deviation(self) -> np.ndarray:
        """The standard deviation (of all cells, not of a sample); 1 for constant columns."""
        found = np.sqrt(self.squares / np.maximum(self.count, 1))
        return np.where((self.low < self.high) & (found != 0), found, 1.0)

    @property
    def centre(self) -> np.ndarray:
        """The mean; NaN where there are no cells, and exactly the value of constant columns."""
        return np.where(self.count == 0, np.nan, np.where(self.low < self.high, self.mean, self.low))
