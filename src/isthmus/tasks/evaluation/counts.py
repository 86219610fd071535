"""Counts of numbers by their value, in bounded memory: exact while there are few values, then neighbours are joined."""

from __future__ import annotations

import numpy as np

LARGEST = 2**20
"""Maximum number of values that are told apart."""


class Counts:
    """How often values occur, each in several weights.

    Parameters
    ----------
    kinds : int
        How many weights each occurrence has.
    largest : int, default `LARGEST`
        Maximum number of values that are told apart. Where there are more, neighbouring single-precision numbers are
        joined, two at first, then four, and so on.

    Attributes
    ----------
    weights : ndarray of shape (values, kinds)
        Sums of the weights of each value, in ascending order of the values.

    Examples
    --------
    >>> counts = Counts(kinds=1)
    >>> counts.add(np.array([2.0, -1.0, 2.0]), np.array([[1.0], [1.0], [1.0]]))
    >>> counts.weights.tolist()
    [[1.0], [2.0]]
    """

    def __init__(self, kinds: int, largest: int = LARGEST) -> None:
        self.largest, self.shift = largest, 0
        self.keys, self.weights = np.zeros(0, np.uint32), np.zeros((0, kinds))

    def add(self, values: np.ndarray, weights: np.ndarray) -> None:
        """Count values of shape (n,), with weights of shape (n, kinds)."""
        keys = sortable(values) >> np.uint32(self.shift)
        order = np.argsort(keys)
        self._insert(*_joined(keys[order], weights[order]))
        while len(self.keys) > self.largest:
            self.shift += 1
            self.keys, self.weights = _joined(self.keys >> np.uint32(1), self.weights)

    def _insert(self, keys: np.ndarray, weights: np.ndarray) -> None:
        """Add the weights of other keys, in ascending order and without equal ones."""
        merged = np.sort(np.concatenate([self.keys, keys]))  # np.union1d hashes, which takes ten times as long
        merged = merged[_firsts(merged)]
        sums = np.zeros((len(merged), self.weights.shape[1]))
        sums[np.searchsorted(merged, self.keys)] = self.weights
        sums[np.searchsorted(merged, keys)] += weights
        self.keys, self.weights = merged, sums


def _joined(keys: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sorted keys without equal ones, and the sums of their weights."""
    first = _firsts(keys)
    return keys[first], np.add.reduceat(weights, first, axis=0)


def _firsts(keys: np.ndarray) -> np.ndarray:
    """Return the index of the first of equal keys, of sorted ones."""
    return np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))


def sortable(values: np.ndarray) -> np.ndarray:
    """Return single-precision numbers as integers, uint32, in the same order.

    Examples
    --------
    >>> np.argsort(sortable(np.array([3.0, -2.0, 0.0, -7.0, 1e-9]))).tolist()
    [3, 1, 2, 4, 0]
    """
    bits = (np.ascontiguousarray(values, np.float32) + np.float32(0)).view(np.uint32)  # -0.0 becomes 0.0
    sign = np.uint32(2**31)
    return np.where(bits >= sign, ~bits, bits | sign)
