"""A reservoir: a uniform random sample of the rows of a table that comes in pieces, in bounded memory."""

from __future__ import annotations

import numpy as np

ROWS, ELEMENTS = 20_000, 2**24
"""Maximum number of rows, and of numbers, that are kept."""


class Reservoir:
    """The rows with the smallest random keys, which depend only on the row number (Vitter 1985).

    Parameters
    ----------
    columns : int

    Attributes
    ----------
    rows : ndarray of shape (n, columns)
        The sample so far, in order of arrival.
    """

    def __init__(self, columns: int) -> None:
        self._max_rows = max(256, min(ROWS, ELEMENTS // max(columns, 1)))
        self._random = np.random.default_rng(0)
        self._keys = np.empty(0)
        self.rows = np.empty((0, columns))

    def see(self, numbers: np.ndarray, indices: list[int]) -> None:
        """Add rows of shape (n, len(indices)), the values of some columns; the other columns are NaN."""
        keys = self._random.random(len(numbers))
        chosen = (
            np.flatnonzero(keys <= np.partition(keys, self._max_rows)[self._max_rows])
            if len(keys) > self._max_rows
            else ...
        )
        more = np.full((len(keys[chosen]), self.rows.shape[1]), np.nan)
        more[:, indices] = numbers[chosen]
        keys, rows = np.append(self._keys, keys[chosen]), np.concatenate([self.rows, more])
        if len(keys) > self._max_rows:
            kept = np.sort(np.argpartition(keys, self._max_rows)[: self._max_rows])
            keys, rows = keys[kept], rows[kept]
        self._keys, self.rows = keys, rows

    def merge(self, other: Reservoir) -> Reservoir:
        """Return a sample of the rows of both."""
        merged = Reservoir(self.rows.shape[1])
        keys = np.append(self._keys, other._keys)
        kept = np.sort(np.argsort(keys, kind="stable")[: merged._max_rows])
        merged._keys, merged.rows = keys[kept], np.concatenate([self.rows, other.rows])[kept]
        return merged
