"""Mean and variance of columns in one pass, mergeable (Chan, Golub and LeVeque 1983)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK = 2**18
"""Elements processed at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class RunningStatistics:
    """Statistics of numeric columns, each of shape (p,) in float64.

    Attributes
    ----------
    count : ndarray
        Number of cells that are not missing.
    mean : ndarray
        Their mean; 0 if there are none.
    squares : ndarray
        Sum of squared distances from the mean.
    low, high : ndarray
        Smallest and largest value; infinity and minus infinity if there are none.
    """

    count: np.ndarray
    mean: np.ndarray
    squares: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def none(cls, columns: int) -> RunningStatistics:
        """Return the statistics of columns without cells."""
        nothing = (0.0, 0.0, 0.0, np.inf, -np.inf)
        return cls(*(np.full(columns, value) for value in nothing))

    @classmethod
    def of(cls, numbers: np.ndarray) -> RunningStatistics:
        """Return the statistics of numbers of shape (n, p), with NaN for missing cells."""
        n, columns = numbers.shape
        step = max(1, BLOCK // max(columns, 1))
        statistics = cls.none(columns)
        for at in range(0, n, step):
            statistics = statistics.merge(cls._of_block(numbers[at : at + step].astype(np.float64)))
        return statistics

    @classmethod
    def _of_block(cls, block: np.ndarray) -> RunningStatistics:
        present = ~np.isnan(block)
        count = present.sum(0).astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused by its name, later
            mean = np.where(present, block, 0).sum(0) / np.maximum(count, 1)
            squares = np.square(np.where(present, block - mean, 0)).sum(0)
        low = np.where(present, block, np.inf).min(0)
        return cls(count, mean, squares, low, np.where(present, block, -np.inf).max(0))

    def merge(self, other: RunningStatistics) -> RunningStatistics:
        """Return the statistics of the rows of both."""
        count = self.count + other.count
        fraction = other.count / np.maximum(count, 1)
        with np.errstate(over="ignore", invalid="ignore"):
            apart = other.mean - self.mean
            squares = self.squares + other.squares + apart**2 * self.count * fraction
            mean = self.mean + apart * fraction
        return RunningStatistics(
            count, mean, squares, np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        )

    def spread(self, indices: list[int], columns: int) -> RunningStatistics:
        """Return these statistics at some indices of a larger number of columns."""
        wide = RunningStatistics.none(columns)
        for name, values in vars(self).items():
            getattr(wide, name)[indices] = values
        return wide

    @property
    def deviation(self) -> np.ndarray:
        """The standard deviation (population, not sample); 1 for constant columns."""
        deviation = np.sqrt(self.squares / np.maximum(self.count, 1))
        return np.where((self.low < self.high) & (deviation != 0), deviation, 1.0)

    @property
    def centre(self) -> np.ndarray:
        """The mean; NaN if there are no cells, and exactly the value of constant columns."""
        return np.where(self.count == 0, np.nan, np.where(self.low < self.high, self.mean, self.low))
