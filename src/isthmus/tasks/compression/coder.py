"""The entropy coder: whole numbers to words and back, each under one of a few dozen tables of probabilities."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from isthmus.support.errors import extra
from isthmus.tasks.compression.tables import LEVELS, OFFSETS, REACH, low_bits, mixed

LENGTHS = 32
"""Numbers are less than 2 to this power beyond `REACH`: how many bits that takes is written first."""
HALF = 16
"""Bits that are written at once, at most."""


def constriction() -> Any:
    """Return the library of coders (Bamler 2022)."""
    return extra("constriction", "compression")


class WrongSymbolsError(Exception):
    """Words do not give the symbols that were written."""


def decoded(coder: Any, *model: Any) -> np.ndarray:
    """Return symbols that a coder of the library reads under a model.

    Raises
    ------
    WrongSymbolsError
        Its words cannot be those of such symbols.
    """
    try:
        return np.asarray(coder.decode(*model))
    except AssertionError as error:  # what the library raises
        raise WrongSymbolsError(str(error)) from error


@cache
def uniform(bits: int) -> Any:
    """Return a table of equal probabilities for numbers of so many bits."""
    return constriction().stream.model.Uniform(2**bits)


class Digit(NamedTuple):
    """A digit of numbers below some size: ``number // above % size``."""

    above: int
    size: int


@cache
def uniform_of(size: int) -> list[tuple[Digit, Any]]:
    """Return the digits of numbers from 0 on that are smaller than `size`, each with its table; 16 bits at a time.

    The highest digit has only as many values as there can be.
    """
    digits, above = [], 1
    while (size - 1) // above:
        values = min(2**HALF, (size - 1) // above + 1)
        digits.append((Digit(above, values), constriction().stream.model.Uniform(values)))
        above *= 2**HALF
    return [(digit, model) for digit, model in digits if digit.size > 1]


class Tables:
    """Tables of probabilities for whole numbers around 0: of several scales, and several means of less than one.

    Table ``level * OFFSETS + offset`` is for numbers whose mean is `offset` eighths.

    Parameters
    ----------
    *weights : ndarray of shape (levels, shapes)
        How much of each of `isthmus.tasks.compression.tables.SHAPES` there is at each level; of several, the tables
        come one after the other.
    """

    def __init__(self, *weights: np.ndarray) -> None:
        self.probabilities = np.concatenate([mixed(one).reshape(LEVELS * OFFSETS, -1) for one in weights])
        self.low_bits = np.tile(np.repeat(low_bits(), OFFSETS), len(weights))
        self._models: dict[int, Any] = {}

    def model(self, table: int) -> Any:
        """Return a table as the coder takes it."""
        if table not in self._models:
            family = constriction().stream.model.Categorical
            self._models[table] = family(self.probabilities[table], perfect=False)
        return self._models[table]

    def bits(self, numbers: np.ndarray, which: np.ndarray) -> float:
        """Return the bits that numbers take under tables, without rounding to whole words."""
        low = self.low_bits[which]
        high = numbers >> low
        near = high.clip(-REACH, REACH)
        rows = self.probabilities[which, near + REACH] / self.probabilities.sum(1)[which]
        lengths = _lengths((np.abs(high) - REACH)[np.abs(near) == REACH])
        return float(-np.log2(rows).sum() + low.sum() + (np.log2(LENGTHS) * len(lengths) + lengths.sum()))


def groups(which: np.ndarray) -> tuple[np.ndarray, list[tuple[int, slice]]]:
    """Return an order that puts numbers of one table together, and the tables with their part of that order."""
    order = np.argsort(which, kind="stable")
    counts = np.bincount(which)
    ends = np.cumsum(counts)
    return order, [(int(table), slice(ends[table] - counts[table], ends[table])) for table in np.flatnonzero(counts)]


def _lengths(beyond: np.ndarray) -> np.ndarray:
    """Return how many bits whole numbers from 0 take: the highest is not among them."""
    return np.frexp((beyond + 1).astype(np.float64))[1].astype(np.int64) - 1


class Encoder:
    """Writes numbers."""

    def __init__(self) -> None:
        self.coder = constriction().stream.queue.RangeEncoder()

    def put(self, numbers: np.ndarray, which: np.ndarray, tables: Tables) -> None:
        """Write numbers, each under a table.

        Parameters
        ----------
        numbers : int64 ndarray of shape (n,)
        which : uint16 ndarray of shape (n,)
            The table of each.
        tables : Tables
        """
        order, parts = groups(which)
        numbers = numbers[order]
        for table, rows in parts:
            bits = int(tables.low_bits[table])
            high = numbers[rows] >> bits
            near = high.clip(-REACH, REACH)
            self.coder.encode((near + REACH).astype(np.int32), tables.model(table))
            if bits:
                self._put(numbers[rows] & ((1 << bits) - 1), bits)
            self._put_far((np.abs(high) - REACH)[np.abs(near) == REACH])

    def _put_far(self, beyond: np.ndarray) -> None:
        if len(beyond):
            lengths = _lengths(beyond)
            self._put(lengths, 5)
            for length in np.unique(lengths):
                self._put((beyond + 1 - (1 << length))[lengths == length], int(length))

    def _put(self, numbers: np.ndarray, bits: int) -> None:
        if bits > HALF:
            self._put(numbers >> HALF, bits - HALF)
            numbers, bits = numbers & ((1 << HALF) - 1), HALF
        if bits:
            self.coder.encode(numbers.astype(np.int32), uniform(bits))

    def words(self) -> np.ndarray:
        """Return what was written, as little-endian uint32."""
        words: np.ndarray = np.asarray(self.coder.get_compressed()).astype("<u4")
        return words


class Decoder:
    """Reads numbers.

    Parameters
    ----------
    words : uint32 ndarray
    """

    def __init__(self, words: np.ndarray) -> None:
        self.coder = constriction().stream.queue.RangeDecoder(words.astype(np.uint32))

    def take(self, which: np.ndarray, tables: Tables) -> np.ndarray:
        """Return as many numbers as there are tables named, in their order."""
        order, parts = groups(which)
        numbers = np.empty(len(which), np.int64)
        for table, rows in parts:
            numbers[order[rows]] = self._group(table, rows.stop - rows.start, tables)
        return numbers

    def _group(self, table: int, count: int, tables: Tables) -> np.ndarray:
        bits = int(tables.low_bits[table])
        high = decoded(self.coder, tables.model(table), count).astype(np.int64) - REACH
        low = self._take(count, bits)
        far = np.flatnonzero(np.abs(high) == REACH)
        high[far] += np.sign(high[far]) * self._take_far(len(far))
        numbers: np.ndarray = (high << bits) + low
        return numbers

    def _take_far(self, count: int) -> np.ndarray:
        beyond = np.zeros(count, np.int64)
        if count:
            lengths = self._take(count, 5)
            for length in np.unique(lengths):
                at = np.flatnonzero(lengths == length)
                beyond[at] = self._take(len(at), int(length)) + (1 << length) - 1
        return beyond

    def _take(self, count: int, bits: int) -> np.ndarray:
        numbers = np.zeros(count, np.int64)
        if bits > HALF:
            numbers += self._take(count, bits - HALF) << HALF
        if bits:
            numbers += decoded(self.coder, uniform(min(bits, HALF)), count)
        return numbers
