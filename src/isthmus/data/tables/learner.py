"""Learner: sees a table piece by piece, in bounded memory, and says what its Schema is."""

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
from isthmus.data.tables.schema import Schema, Sheet, finite, number_places, places, sheet
from isthmus.data.tables.statistics import RunningStatistics
from isthmus.support.errors import InputError, InputTypeError


def learnt(chunks: Iterable[Any], max_categories: int, bins: bool = False) -> Learner:
    """Return what is known of a table that comes in pieces.

    Parameters
    ----------
    chunks : iterable of DataFrame, array, tensor or list of rows
    max_categories : int
        Most categories that a column may have.
    bins : bool, default False
        Whether bins are learnt, from a sample of the rows.

    Raises
    ------
    InputError
        There are no pieces, they differ in their columns, or one of them cannot be read.
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
    """What is known of a table so far.

    Parameters
    ----------
    first : Sheet or Schema
        Whose form, names and number of columns the others must have; not seen yet.
    max_categories : int
    bins : bool, default False
        Whether bins are learnt.

    Attributes
    ----------
    sample : Reservoir or None
        Of the rows, where bins are learnt.
    """

    def __init__(self, first: Sheet | Schema, max_categories: int, bins: bool = False) -> None:
        self._form, self._names, self._most = first.form, first.names, max_categories
        columns = len(first.kinds)
        self._kinds = ["empty"] * columns
        self._dtypes = [first.dtype(place) for place in range(columns)]
        self._moments = RunningStatistics.none(columns)
        self.sample = Reservoir(columns) if bins else None
        self._rows = 0
        self._missing = np.zeros(columns, dtype=np.int64)
        self._declared: dict[int, dict[Any, None]] = {}
        self._seen: dict[int, set[Any]] = {}

    @classmethod
    def of(cls, schema: Schema, max_categories: int, sample: Reservoir | None) -> Learner:
        """Return what was known when a schema was made.

        Raises
        ------
        InputError
            The schema comes from a file that does not say how many rows were learnt from; or it has bins, and no sample
            of the rows is at hand.
        """
        if not schema.rows or (schema.bins and sample is None):
            missing = "the rows its bins come from" if schema.rows else "the number of rows it was learnt from"
            raise InputError(
                f"a table cannot be merged without {missing}, which no file holds: merge it once it is learnt"
            )
        learner = cls(schema, max_categories)
        learner._kinds, learner._rows, learner.sample = list(schema.kinds), schema.rows, sample
        learner._missing = np.array(schema.missing, dtype=np.int64)
        learner._moments = _statistics(schema)
        for place, known, declared in zip(schema.places("category"), schema.categories, schema.declared, strict=True):
            learner._declared[place] = dict.fromkeys(known[:declared])
            learner._seen[place] = set(known[declared:])
        return learner

    def merge(self, other: Learner) -> None:
        """Take in what is known of other rows of the same table.

        Raises
        ------
        InputError
            The columns differ, or one has too many categories.
        """
        self._check(other._names, len(other._kinds))
        for place, (kind, dtype) in enumerate(zip(other._kinds, other._dtypes, strict=True)):
            self._meet(place, kind, dtype)
        self._moments = self._moments.merge(other._moments)
        if self.sample is not None and other.sample is not None:
            self.sample = self.sample.merge(other.sample)
        for place in other._declared.keys() | other._seen.keys():
            self._remember(place, other._declared.get(place, {}), other._seen.get(place, ()))
        self._rows, self._missing = self._rows + other._rows, self._missing + other._missing

    def see(self, piece: Sheet) -> None:
        """Take in one piece.

        Raises
        ------
        InputError
            Its columns differ from those before, one has too many categories, or holds infinity.
        """
        self._check(piece.names, len(piece.kinds))
        for place, kind in enumerate(piece.kinds):
            self._meet(place, kind, piece.dtype(place))
        there = np.zeros(len(piece.kinds))
        if numbers := places(piece.kinds, "boolean", "integer", "float", "date", "duration"):
            cells = finite(piece, numbers)
            found = RunningStatistics.of(cells).spread(numbers, len(piece.kinds))
            self._moments, there = self._moments.merge(found), found.count
            if self.sample is not None:
                self.sample.see(cells, numbers)
        for place in places(piece.kinds, "category"):
            there[place] = self._collect(piece, place)
        self._missing += (len(piece) - there).astype(np.int64)
        self._rows += len(piece)

    def _check(self, names: tuple[Any, ...] | None, columns: int) -> None:
        if names != self._names or columns != len(self._kinds):
            raise InputError(
                f"the pieces of the table differ in their columns: {self._names or len(self._kinds)}, then "
                f"{names or columns}; give all of them the same columns in the same order"
            )

    def _name(self, place: int) -> Any:
        return f"x{place}" if self._names is None else self._names[place]

    def _meet(self, place: int, kind: str, dtype: Dtype) -> None:
        """Widen what a column is by what it is in one piece."""
        before = self._kinds[place]
        if kind == before:
            if dtype != self._dtypes[place]:
                self._dtypes[place] = max(self._dtypes[place], dtype, key=_bits)
        elif before == "empty" or _wider(kind, before):
            self._kinds[place], self._dtypes[place] = kind, dtype
        elif kind != "empty" and not {kind, before} <= set(NUMBERS):
            raise InputError(
                f"column {self._name(place)!r} is of kind {before} in one piece of the table and of kind {kind} in "
                "another; convert it to one of them"
            )

    def _collect(self, piece: Sheet, place: int) -> int:
        """Remember the categories of a column; return how many of its cells are there."""
        cells = piece.cells(place)
        self._remember(place, piece.categories(place), cells)
        return sum(cell is not None for cell in cells)

    def _remember(self, place: int, declared: Iterable[Any], cells: Iterable[Any]) -> None:
        """Remember categories of a column that its type declares, and others that occur."""
        self._declared.setdefault(place, {}).update(dict.fromkeys(declared))
        seen = self._seen.setdefault(place, set())
        seen.update(cells)
        seen.discard(None)
        odd = next(
            (value for value in (*self._declared[place], *seen) if not isinstance(value, (str, int, float))), None
        )
        if odd is not None:
            raise InputTypeError(
                f"column {self._name(place)!r} has the category {odd!r} (a {type(odd).__name__}); categories must be "
                "text or numbers: use astype(str)"
            )
        if len(self._all(place)) > self._most:
            raise InputError(
                f"column {self._name(place)!r} has more than {self._most} categories, such as {next(iter(seen))!r}: "
                "leave it out if it names rows or is free text, turn dates into dates (pandas.to_datetime), else raise "
                "Table(max_categories=...)"
            )

    def _all(self, place: int) -> tuple[Any, ...]:
        """Return the declared categories in their order, then the others sorted."""
        declared = self._declared.get(place, {})
        return (*declared, *sorted(self._seen.get(place, set()) - declared.keys()))

    def schema(self) -> Schema:
        """Return what was learnt.

        Raises
        ------
        InputError
            The values of a column are too large to be scaled.
        """
        moments = self._moments
        known = [kind == "category" or count > 0 for kind, count in zip(self._kinds, moments.count, strict=True)]
        kinds = tuple(kind if k else "empty" for kind, k in zip(self._kinds, known, strict=True))
        ranged, order = places(kinds, "integer", "float"), number_places(kinds)
        found = Schema(
            form=self._form,
            names=self._names,
            kinds=kinds,
            dtypes=tuple(self._dtypes),
            missing=tuple(self._missing.tolist()),
            mean=tuple(moments.centre[order].tolist()),
            deviation=tuple(moments.deviation[order].tolist()),
            low=float(moments.low[ranged].min(initial=np.inf)),
            high=float(moments.high[ranged].max(initial=-np.inf)),
            categories=tuple(self._all(place) for place in places(kinds, "category")),
            lows=_plain(moments.low[order]),
            highs=_plain(moments.high[order]),
            bins=self._bins([place for place in order if kinds[place] != "boolean"]),
            rows=self._rows,
            declared=tuple(len(self._declared.get(place, {})) for place in places(kinds, "category")),
        )
        self._complain(found)
        return found

    def _bins(self, columns: list[int]) -> tuple[Any, ...]:
        """Return the bins of some columns of numbers; the ends of a column are seen, even if the sample lacks them."""
        if self.sample is None or not columns:
            return ()
        rows, ends = self.sample.rows[:, columns], np.stack([self._moments.low, self._moments.high])[:, columns]
        lacking = (ends < np.fmin.reduce(rows)) | (ends > np.fmax.reduce(rows))
        return learn_bins(np.concatenate([rows, np.where(lacking, ends, np.nan)]))

    def _complain(self, found: Schema) -> None:
        """Refuse what cannot be scaled; warn of columns in which there is nothing."""
        for place, deviation in zip(found.numbers, found.deviation, strict=True):
            if not np.isfinite(deviation):
                low, high = self._moments.low[place], self._moments.high[place]
                raise InputError(
                    f"column {found.name(place)!r} reaches from {low:g} to {high:g}: too far to be scaled; "
                    "divide it, or take its logarithm"
                )
        if empty := [found.name(place) for place in found.places("empty")]:
            warnings.warn(f"nothing stands in the columns {empty}: they are ignored, and come back empty", stacklevel=4)


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
    """Return numbers as they are written into files; 0 where nothing was seen."""
    return tuple(np.where(np.isfinite(values), values, 0.0).tolist())


def _bits(dtype: Dtype) -> int:
    """Return how wide the numbers of a type are, as its name says."""
    found = re.search(r"\d+", str(dtype[0]))
    return int(found[0]) if found else 0
