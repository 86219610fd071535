"""A reservoir: some rows of a table that comes in pieces, each row as likely as any other, in bounded memory."""

from __future__ import annotations

import numpy as np

ROWS, ELEMENTS = 20_000, 2**24
"""The most rows, and the most numbers, that are kept."""


class Reservoir:
    """The rows with the smallest of random keys, which depend on the number of a row only (Vitter 1985).

    Parameters
    ----------
    columns : int

    Attributes
    ----------
    rows : ndarray of shape (n, columns)
        Those kept so far, in the order in which they came.
    """

    def __init__(self, columns: int) -> None:
        self._most = max(256, min(ROWS, ELEMENTS // max(columns, 1)))
        self._random = np.random.default_rng(0)
        self._keys = np.empty(0)
        self.rows = np.empty((0, columns))

    def see(self, numbers: np.ndarray, places: list[int]) -> None:
        """Take in rows of shape (n, len(places)) that stand in some of the columns; the others are NaN."""
        keys = self._random.random(len(numbers))
        chosen = np.flatnonzero(keys <= np.partition(keys, self._most)[self._most]) if len(keys) > self._most else ...
        more = np.full((len(keys[chosen]), self.rows.shape[1]), np.nan)
        more[:, places] = numbers[chosen]
        keys, rows = np.append(self._keys, keys[chosen]), np.concatenate([self.rows, more])
        if len(keys) > self._most:
            kept = np.sort(np.argpartition(keys, self._most)[: self._most])
            keys, rows = keys[kept], rows[kept]
        self._keys, self.rows = keys, rows

    def merge(self, other: Reservoir) -> Reservoir:
        """Return a sample of the rows of both."""
        merged = Reservoir(self.rows.shape[1])
        keys = np.append(self._keys, other._keys)
        kept = np.sort(np.argsort(keys, kind="stable")[: merged._most])
        merged._keys, merged.rows = keys[kept], np.concatenate([self.rows, other.rows])[kept]
        return merged
