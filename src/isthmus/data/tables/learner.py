"""Learner: learns the Schema of a table piece by piece, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from isthmus.data.tables.bins import learn_bins
from isthmus.data.tables.categories import Categories, Kept
from isthmus.data.tables.cells import NUMBERS
from isthmus.data.tables.frames import Dtype
from isthmus.data.tables.reservoir import Reservoir
from isthmus.data.tables.schema import Schema, Sheet, finite, indices_of, number_indices, sheet
from isthmus.data.tables.sentinels import Ends, Sentinel
from isthmus.data.tables.statistics import RunningStatistics
from isthmus.support.errors import InputError

FIRST = 100
"""Cells of a column of which most show that it does not rise."""


def learnt(chunks: Iterable[Any], max_categories: int, bins: bool = False) -> Learner:
    """Return a Learner that has seen all pieces of a table.

    Parameters
    ----------
    chunks : iterable of DataFrame, array, tensor or list of rows
    max_categories : int
        Maximum number of categories of a column; the rarest are joined.
    bins : bool, default False
        Whether to learn bins, from a sample of the rows.

    Raises
    ------
    InputError
        There are no pieces, their columns differ, or one of them cannot be read.
    """
    learner: Learner | None = None
    for chunk in chunks:
        piece = sheet(chunk)
        learner = learner or Learner(piece, max_categories, bins)
        learner.see(piece)
    if learner is None:
        raise InputError("there are no rows to learn from: give at least one piece of the table")
    return learner


class Learner:
    """Accumulates what a Schema needs to know about a table.

    Parameters
    ----------
    first : Sheet or Schema
        The form, column names and number of columns that all pieces must have; its rows are not seen yet.
    max_categories : int
    bins : bool, default False
        Whether to learn bins.

    Attributes
    ----------
    sample : Reservoir or None
        A sample of the rows, if bins are learnt.
    rising : ndarray of bool
        Whether each number of a column was larger than that before it.
    empty : list of int
        The index of the first row without any value, and how many there are; empty if there are none.
    """

    def __init__(self, first: Sheet | Schema, max_categories: int, bins: bool = False) -> None:
        self._form, self._names, self._max_categories = first.form, first.names, max_categories
        columns = len(first.kinds)
        self._kinds = ["empty"] * columns
        self._dtypes = [first.dtype(index) for index in range(columns)]
        self._statistics = RunningStatistics.none(columns)
        self.sample = Reservoir(columns) if bins else None
        self._rows = 0
        self._missing = np.zeros(columns, dtype=np.int64)
        self.rising = np.ones(columns, dtype=bool)
        self.empty: list[int] = []
        self._ends = Ends(self._statistics)
        self._categories: dict[int, Categories] = {}

    @classmethod
    def of(cls, schema: Schema, max_categories: int) -> Learner:
        """Return the Learner from which a schema was made.

        Raises
        ------
        InputError
            The schema lacks what merging needs: it comes from a former file, has bins, or has joined categories.
        """
        if missing := _lacking(schema):
            raise InputError(
                f"a table cannot be merged without {missing}, which no file holds: merge it once it is learnt"
            )
        learner = cls(schema, max_categories)
        learner._kinds, learner._rows = list(schema.kinds), schema.rows
        learner._missing = np.array(schema.missing, dtype=np.int64)
        learner._statistics = _statistics(schema)
        learner._ends = Ends(learner._statistics)
        known = zip(schema.categories, schema.counts, schema.declared, strict=True)
        for index, column in zip(schema.indices("category"), known, strict=True):
            learner._categories[index] = Categories.of(Kept(*column, joined=0), max_categories)
        return learner

    def merge(self, other: Learner) -> None:
        """Add what another Learner has seen of the same table.

        Raises
        ------
        InputError
            The columns differ.
        """
        self._check(other._names, len(other._kinds))
        for index, (kind, dtype) in enumerate(zip(other._kinds, other._dtypes, strict=True)):
            self._meet(index, kind, dtype)
        self.rising &= other.rising & ~(self._statistics.high >= other._statistics.low)
        self._statistics = self._statistics.merge(other._statistics)
        self._ends.merge(other._ends)
        if self.sample is not None and other.sample is not None:
            self.sample = self.sample.merge(other.sample)
        for index, categories in other._categories.items():
            self._of(index).merge(categories)
        self._add_empty(other.empty)
        self._rows, self._missing = self._rows + other._rows, self._missing + other._missing

    def see(self, piece: Sheet) -> None:
        """Add one piece of the table.

        Raises
        ------
        InputError
            Its columns differ from the earlier ones, or a value is infinite.
        """
        self._check(piece.names, len(piece.kinds))
        for index, kind in enumerate(piece.kinds):
            self._meet(index, kind, piece.dtype(index))
        present, cells = np.zeros(len(piece.kinds)), np.zeros((len(piece), 0))
        if numbers := indices_of(piece.kinds, "boolean", "integer", "float", "date", "duration"):
            cells = finite(piece, numbers)
            self._see_rising(cells, numbers)
            piece_statistics = RunningStatistics.of(cells).spread(numbers, len(piece.kinds))
            self._statistics, present = self._statistics.merge(piece_statistics), piece_statistics.count
            if self._names is not None:
                self._ends.see(cells, numbers)
            if self.sample is not None:
                self.sample.see(cells, numbers)
        for index in indices_of(piece.kinds, "category"):
            present[index] = self._of(index).see(piece.categories(index), piece.cells(index), self._name(index))
        self._see_empty(piece, cells)
        self._missing += (len(piece) - present).astype(np.int64)
        self._rows += len(piece)

    def _see_empty(self, piece: Sheet, numbers: np.ndarray) -> None:
        """Note the rows without any value; most are ruled out by their first number."""
        rows = np.flatnonzero(np.isnan(numbers[:, :1]).all(1))
        rows = rows[np.isnan(numbers[rows]).all(1)]
        for index in indices_of(piece.kinds, "category"):
            rows = rows[np.array([cell is None for cell in piece.cells(index)[rows]], dtype=bool)]
        self._add_empty([int(rows[0]), len(rows)] if len(rows) else [])

    def _add_empty(self, empty: list[int]) -> None:
        """Add rows without any value, counted from those that were seen."""
        first, count = self.empty or (self._rows + sum(empty[:1]), 0)
        self.empty = [first, count + empty[1]] if empty else self.empty

    def _see_rising(self, cells: np.ndarray, numbers: list[int]) -> None:
        """Note which columns still rise with these cells; `numbers` are the indices of the columns."""
        high = self._statistics.high[numbers]
        for at in np.flatnonzero(self.rising[numbers]).tolist():
            column = cells[:, at]
            self.rising[numbers[at]] = column[0] > high[at] and all(
                (part[1:] > part[:-1]).all() for part in (column[:FIRST], column[FIRST - 1 :])
            )

    def _check(self, names: tuple[Any, ...] | None, columns: int) -> None:
        if names != self._names or columns != len(self._kinds):
            raise InputError(
                f"the pieces of the table differ in their columns: {self._names or len(self._kinds)}, then "
                f"{names or columns}; give all of them the same columns in the same order"
            )

    def _name(self, index: int) -> Any:
        return f"x{index}" if self._names is None else self._names[index]

    def _meet(self, index: int, kind: str, dtype: Dtype) -> None:
        """Widen the kind and type of a column to include those of one piece."""
        before = self._kinds[index]
        if kind == before:
            if dtype != self._dtypes[index]:
                self._dtypes[index] = max(self._dtypes[index], dtype, key=_bits)
        elif before == "empty" or _wider(kind, before):
            self._kinds[index], self._dtypes[index] = kind, dtype
        elif kind != "empty" and not {kind, before} <= set(NUMBERS):
            raise InputError(
                f"column {self._name(index)!r} is of kind {before} in one piece of the table and of kind {kind} in "
                "another; convert it to one of them"
            )

    def _of(self, index: int) -> Categories:
        """Return the categories of a column."""
        return self._categories.setdefault(index, Categories(self._max_categories))

    def schema(self) -> Schema:
        """Return the learnt schema.

        Raises
        ------
        InputError
            The values of a column are too large to be scaled.
        """
        statistics = self._statistics
        known = [kind == "category" or count > 0 for kind, count in zip(self._kinds, statistics.count, strict=True)]
        kinds = tuple(kind if k else "empty" for kind, k in zip(self._kinds, known, strict=True))
        ranged, order = indices_of(kinds, "integer", "float"), number_indices(kinds)
        kept = [self._of(index).kept() for index in indices_of(kinds, "category")]
        schema = Schema(
            form=self._form,
            names=self._names,
            kinds=kinds,
            dtypes=tuple(self._dtypes),
            missing=tuple(self._missing.tolist()),
            mean=tuple(statistics.centre[order].tolist()),
            deviation=tuple(statistics.deviation[order].tolist()),
            low=float(statistics.low[ranged].min(initial=np.inf)),
            high=float(statistics.high[ranged].max(initial=-np.inf)),
            categories=tuple(column.values for column in kept),
            lows=_plain(statistics.low[order]),
            highs=_plain(statistics.high[order]),
            bins=self._bins([index for index in order if kinds[index] != "boolean"]),
            rows=self._rows,
            declared=tuple(column.declared for column in kept),
            counts=tuple(column.counts for column in kept),
            joined=tuple(column.joined for column in kept),
        )
        self._refuse(schema)
        return schema

    def counted(self, schema: Schema) -> dict[int, Categories]:
        """Return the counts of the values of each column of categories, by its index."""
        return {index: self._of(index) for index in schema.indices("category")}

    def sentinels(self, schema: Schema) -> dict[int, Sentinel]:
        """Return the numbers that may stand for missing cells, by the index of their column."""
        named = self._ends.sentinels(self._statistics.count)
        return {index: named[index] for index in schema.indices("integer", "float") if index in named}

    def _bins(self, columns: list[int]) -> tuple[Any, ...]:
        """Return the bins of some numeric columns; their extreme values count even if the sample lacks them."""
        if self.sample is None or not columns:
            return ()
        rows, ends = self.sample.rows[:, columns], np.stack([self._statistics.low, self._statistics.high])[:, columns]
        lacking = (ends < np.fmin.reduce(rows)) | (ends > np.fmax.reduce(rows))
        return learn_bins(np.concatenate([rows, np.where(lacking, ends, np.nan)]))

    def _refuse(self, schema: Schema) -> None:
        """Raise an error for columns that cannot be scaled."""
        for index, deviation in zip(schema.numbers, schema.deviation, strict=True):
            if not np.isfinite(deviation):
                low, high = self._statistics.low[index], self._statistics.high[index]
                raise InputError(
                    f"column {schema.name(index)!r} reaches from {low:g} to {high:g}: too far to be scaled; "
                    "divide it, or take its logarithm"
                )


def _lacking(schema: Schema) -> str | None:
    """Return what merging needs and a schema lacks; None: nothing."""
    if not schema.rows:
        return "the number of rows it was learnt from"
    if schema.bins:
        return "the rows its bins come from"
    if len(schema.counts) < len(schema.categories):
        return "the counts of its categories"
    return "the counts of the categories that are joined" if any(schema.joined) else None


def _statistics(schema: Schema) -> RunningStatistics:
    """Return the statistics of all columns from which a schema was made."""
    order = schema.numbers
    count = schema.rows - np.array(schema.missing, dtype=np.float64)[order]
    known, low, high = count > 0, np.array(schema.lows), np.array(schema.highs)
    mean = np.where(known, np.array(schema.mean), 0.0)
    squares = np.where(low < high, count * np.array(schema.deviation) ** 2, 0.0)
    low, high = np.where(known, low, np.inf), np.where(known, high, -np.inf)
    return RunningStatistics(count, mean, squares, low, high).spread(order, len(schema.kinds))


def _wider(kind: str, before: str) -> bool:
    return {kind, before} <= set(NUMBERS) and NUMBERS.index(kind) > NUMBERS.index(before)


def _plain(values: np.ndarray) -> tuple[float, ...]:
    """Return numbers as they are written to files; 0 for columns without values."""
    return tuple(np.where(np.isfinite(values), values, 0.0).tolist())


def _bits(dtype: Dtype) -> int:
    """Return the number of bits in the name of a type."""
    digits = re.search(r"\d+", str(dtype[0]))
    return int(digits[0]) if digits else 0
