"""The entropy coder: whole numbers to words and back, each under one of a few dozen tables of probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from isthmus.support.errors import extra

REACH = 16
"""Numbers from -15 to 15 have a probability each, and those beyond one for each side, which then say how far."""
FAR, HALF = 2**32, 2**16
"""Numbers are less than `FAR` beyond `REACH`, which two halves say."""


def constriction() -> Any:
    """Return the library of coders (Bamler 2022)."""
    return extra("constriction", "compression")


@dataclass(frozen=True)
class Tables:
    """Tables of probabilities, for numbers around 0 of several scales.

    Attributes
    ----------
    probabilities : float64 ndarray of shape (tables, 2 * REACH + 1)
        Of the number, without its low bits, from -REACH to REACH: the ends stand for all that is beyond.
    low_bits : int64 ndarray of shape (tables,)
        How many low bits of the number are written as they are, since the numbers of that table are large.
    """

    probabilities: np.ndarray
    low_bits: np.ndarray

    @cached_property
    def models(self) -> list[Any]:
        """The tables as the coder takes them."""
        family = constriction().stream.model.Categorical
        return [family(row, perfect=False) for row in self.probabilities]

    def uniform(self, bits: int) -> Any:
        """Return a table of equal probabilities."""
        return constriction().stream.model.Uniform(2**bits)

    def groups(self, which: np.ndarray) -> tuple[np.ndarray, list[tuple[int, slice]]]:
        """Return an order that puts numbers of one table together, and the tables with their part of that order."""
        order = np.argsort(which, kind="stable")
        ends = np.cumsum(np.bincount(which, minlength=len(self.low_bits)))
        starts = np.concatenate(([0], ends[:-1]))
        return order, [(table, slice(a, b)) for table, (a, b) in enumerate(zip(starts, ends, strict=True)) if a < b]


class Encoder:
    """Writes numbers.

    Parameters
    ----------
    tables : Tables
    """

    def __init__(self, tables: Tables) -> None:
        self.tables, self.coder = tables, constriction().stream.queue.RangeEncoder()

    def put(self, numbers: np.ndarray, which: np.ndarray) -> None:
        """Write numbers, each under a table.

        Parameters
        ----------
        numbers : int64 ndarray of shape (n,)
        which : uint8 ndarray of shape (n,)
            The table of each.
        """
        order, groups = self.tables.groups(which)
        numbers = numbers[order]
        for table, rows in groups:
            bits = int(self.tables.low_bits[table])
            high = numbers[rows] >> bits
            near = high.clip(-REACH, REACH)
            self.coder.encode((near + REACH).astype(np.int32), self.tables.models[table])
            if bits:
                low = numbers[rows] & ((1 << bits) - 1)
                self.coder.encode(low.astype(np.int32), self.tables.uniform(bits))
            self._put_far((np.abs(high) - REACH)[np.abs(near) == REACH])

    def _put_far(self, beyond: np.ndarray) -> None:
        if len(beyond):
            for half in (beyond >> 16, beyond & (HALF - 1)):
                self.coder.encode(half.astype(np.int32), self.tables.uniform(16))

    def words(self) -> np.ndarray:
        """Return what was written, as little-endian uint32."""
        return np.asarray(self.coder.get_compressed()).astype("<u4")


class Decoder:
    """Reads numbers.

    Parameters
    ----------
    tables : Tables
    words : uint32 ndarray
    """

    def __init__(self, tables: Tables, words: np.ndarray) -> None:
        self.tables = tables
        self.coder = constriction().stream.queue.RangeDecoder(words.astype(np.uint32))

    def take(self, which: np.ndarray) -> np.ndarray:
        """Return as many numbers as there are tables named, in their order."""
        order, groups = self.tables.groups(which)
        numbers = np.empty(len(which), np.int64)
        numbers[order] = np.concatenate(list(self._groups(groups))) if groups else numbers
        return numbers

    def _groups(self, groups: list[tuple[int, slice]]) -> Iterator[np.ndarray]:
        for table, rows in groups:
            count, bits = rows.stop - rows.start, int(self.tables.low_bits[table])
            near = self._read(self.tables.models[table], count) - REACH
            low = self._read(self.tables.uniform(bits), count) if bits else 0
            at = np.flatnonzero(np.abs(near) == REACH)
            if len(at):
                high, low_half = (self._read(self.tables.uniform(16), len(at)) for _ in range(2))
                near[at] += np.sign(near[at]) * (high * HALF + low_half)
            yield (near << bits) + low

    def _read(self, model: Any, count: int) -> np.ndarray:
        return np.asarray(self.coder.decode(model, count)).astype(np.int64)
