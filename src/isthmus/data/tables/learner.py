"""Learner: learns the Schema of a table piece by piece, in bounded memory."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from isthmus.data.tables.bins import learn_bins
from isthmus.data.tables.cells import NUMBERS
from isthmus.data.tables.frames import Dtype
from isthmus.data.tables.reservoir import Reservoir
from isthmus.data.tables.schema import Schema, Sheet, finite, indices_of, number_indices, sheet
from isthmus.data.tables.statistics import RunningStatistics
from isthmus.support.errors import InputError, InputTypeError


def learnt(chunks: Iterable[Any], max_categories: int, bins: bool = False) -> Learner:
    """Return a Learner that has seen all pieces of a table.

    Parameters
    ----------
    chunks : iterable of DataFrame, array, tensor or list of rows
    max_categories : int
        Maximum number of categories of a column.
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
        self._declared: dict[int, dict[Any, None]] = {}
        self._seen: dict[int, set[Any]] = {}

    @classmethod
    def of(cls, schema: Schema, max_categories: int, sample: Reservoir | None) -> Learner:
        """Return the Learner from which a schema was made.

        Raises
        ------
        InputError
            The schema comes from a file without its number of rows; or it has bins, and there is no sample of the rows.
        """
        if not schema.rows or (schema.bins and sample is None):
            missing = "the rows its bins come from" if schema.rows else "the number of rows it was learnt from"
            raise InputError(
                f"a table cannot be merged without {missing}, which no file holds: merge it once it is learnt"
            )
        learner = cls(schema, max_categories)
        learner._kinds, learner._rows, learner.sample = list(schema.kinds), schema.rows, sample
        learner._missing = np.array(schema.missing, dtype=np.int64)
        learner._statistics = _statistics(schema)
        for index, known, declared in zip(schema.indices("category"), schema.categories, schema.declared, strict=True):
            learner._declared[index] = dict.fromkeys(known[:declared])
            learner._seen[index] = set(known[declared:])
        return learner

    def merge(self, other: Learner) -> None:
        """Add what another Learner has seen of the same table.

        Raises
        ------
        InputError
            The columns differ, or one has too many categories.
        """
        self._check(other._names, len(other._kinds))
        for index, (kind, dtype) in enumerate(zip(other._kinds, other._dtypes, strict=True)):
            self._meet(index, kind, dtype)
        self._statistics = self._statistics.merge(other._statistics)
        if self.sample is not None and other.sample is not None:
            self.sample = self.sample.merge(other.sample)
        for index in other._declared.keys() | other._seen.keys():
            self._remember(index, other._declared.get(index, {}), other._seen.get(index, ()))
        self._rows, self._missing = self._rows + other._rows, self._missing + other._missing

    def see(self, piece: Sheet) -> None:
        """Add one piece of the table.

        Raises
        ------
        InputError
            Its columns differ from the earlier ones, a column has too many categories, or a value is infinite.
        """
        self._check(piece.names, len(piece.kinds))
        for index, kind in enumerate(piece.kinds):
            self._meet(index, kind, piece.dtype(index))
        present = np.zeros(len(piece.kinds))
        if numbers := indices_of(piece.kinds, "boolean", "integer", "float", "date", "duration"):
            cells = finite(piece, numbers)
            piece_statistics = RunningStatistics.of(cells).spread(numbers, len(piece.kinds))
            self._statistics, present = self._statistics.merge(piece_statistics), piece_statistics.count
            if self.sample is not None:
                self.sample.see(cells, numbers)
        for index in indices_of(piece.kinds, "category"):
            present[index] = self._collect(piece, index)
        self._missing += (len(piece) - present).astype(np.int64)
        self._rows += len(piece)

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

    def _collect(self, piece: Sheet, index: int) -> int:
        """Remember the categories of a column; return the number of cells that are not missing."""
        cells = piece.cells(index)
        self._remember(index, piece.categories(index), cells)
        return sum(cell is not None for cell in cells)

    def _remember(self, index: int, declared: Iterable[Any], cells: Iterable[Any]) -> None:
        """Remember the categories that the type of a column declares, and others that occur in it."""
        self._declared.setdefault(index, {}).update(dict.fromkeys(declared))
        seen = self._seen.setdefault(index, set())
        seen.update(cells)
        seen.discard(None)
        odd = next(
            (value for value in (*self._declared[index], *seen) if not isinstance(value, (str, int, float))), None
        )
        if odd is not None:
            raise InputTypeError(
                f"column {self._name(index)!r} has the category {odd!r} (a {type(odd).__name__}); categories must be "
                "text or numbers: use astype(str)"
            )
        if len(self._all(index)) > self._max_categories:
            raise InputError(
                f"column {self._name(index)!r} has more than {self._max_categories} categories, such as "
                f"{next(iter(seen))!r}: leave it out (--drop) if it identifies rows or is free text, turn dates into "
                "dates (pandas.to_datetime), else raise Table(max_categories=...)"
            )

    def _all(self, index: int) -> tuple[Any, ...]:
        """Return the declared categories in their order, then the others sorted."""
        declared = self._declared.get(index, {})
        return (*declared, *sorted(self._seen.get(index, set()) - declared.keys()))

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
            categories=tuple(self._all(index) for index in indices_of(kinds, "category")),
            lows=_plain(statistics.low[order]),
            highs=_plain(statistics.high[order]),
            bins=self._bins([index for index in order if kinds[index] != "boolean"]),
            rows=self._rows,
            declared=tuple(len(self._declared.get(index, {})) for index in indices_of(kinds, "category")),
        )
        self._complain(schema)
        return schema

    def _bins(self, columns: list[int]) -> tuple[Any, ...]:
        """Return the bins of some numeric columns; their extreme values count even if the sample lacks them."""
        if self.sample is None or not columns:
            return ()
        rows, ends = self.sample.rows[:, columns], np.stack([self._statistics.low, self._statistics.high])[:, columns]
        lacking = (ends < np.fmin.reduce(rows)) | (ends > np.fmax.reduce(rows))
        return learn_bins(np.concatenate([rows, np.where(lacking, ends, np.nan)]))

    def _complain(self, schema: Schema) -> None:
        """Raise an error for columns that cannot be scaled; warn about empty columns."""
        for index, deviation in zip(schema.numbers, schema.deviation, strict=True):
            if not np.isfinite(deviation):
                low, high = self._statistics.low[index], self._statistics.high[index]
                raise InputError(
                    f"column {schema.name(index)!r} reaches from {low:g} to {high:g}: too far to be scaled; "
                    "divide it, or take its logarithm"
                )
        if empty := [schema.name(index) for index in schema.indices("empty")]:
            warnings.warn(f"the columns {empty} are empty: they are ignored, and come back empty", stacklevel=4)


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
