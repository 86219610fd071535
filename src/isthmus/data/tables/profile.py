"""Profile: how a table would be read, column by column, without training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from isthmus.data.tables.categories import Categories
from isthmus.data.tables.codec import Json, date_text, to_duration, to_json
from isthmus.data.tables.doubts import doubts
from isthmus.data.tables.learner import learnt
from isthmus.data.tables.rows import some
from isthmus.data.tables.schema import Schema, Sheet, sheet

LOOKED_AT, EXAMPLES, COMMON = 20, 3, 3
"""Rows from which example cells are taken, and how many cells and categories a column is described with, at most."""


@dataclass(frozen=True)
class ColumnProfile:
    """What is learnt of a column.

    Attributes
    ----------
    name : str
    kind : str
        One of `isthmus.data.tables.schema.KINDS`.
    type : str
        The name of its type.
    gaps : int
        The number of missing cells.
    low, high : number, text or None
        The smallest and the largest number; of dates and durations as text.
    mean : float or None
        Of booleans the fraction that is true.
    categories : int
        The number of distinct values of a column of categories.
    common : tuple of (value, int)
        The most frequent categories, with the number of cells.
    examples : tuple
        Cells of the first rows, each once.
    """

    name: str
    kind: str
    type: str
    gaps: int
    low: Json = None
    high: Json = None
    mean: float | None = None
    categories: int = 0
    common: tuple[tuple[Any, int], ...] = ()
    examples: tuple[Json, ...] = ()


@dataclass(frozen=True)
class TableProfile:
    """What is learnt of a table, and what a user should know of its columns."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    notes: tuple[str, ...]


def profile(chunks: Iterable[Any], max_categories: int = 1000) -> TableProfile:
    """Return the profile of a table after one pass over its pieces.

    Raises
    ------
    InputError
        The table cannot be read.

    Examples
    --------
    >>> profile([[[1.0, "a"], [2.5, "b"], [None, "b"]]]).columns[0].high
    2.5
    """
    pieces = iter(chunks)
    first = next(pieces)
    learner = learnt(chain([first], pieces), max_categories)
    schema = learner.schema()
    counted = learner.counted(schema)
    start = sheet(some(first, np.arange(min(LOOKED_AT, len(first)))))
    columns = tuple(_column(schema, index, counted.get(index), start) for index in range(len(schema.kinds)))
    notes = tuple(str(doubt) for doubt in doubts(schema, counted, learner.rising, learner.sentinels(schema)))
    return TableProfile(schema.rows, columns, notes)


def _column(schema: Schema, index: int, counted: Categories | None, start: Sheet) -> ColumnProfile:
    known: dict[str, Any] = {}
    if counted is not None:
        known = {"categories": len(counted.counts), "common": tuple(counted.counts.most_common(COMMON))}
    elif schema.kinds[index] != "empty":
        at = schema.numbers.index(index)
        known = {
            "low": _bound(schema, index, schema.lows[at]),
            "high": _bound(schema, index, schema.highs[at]),
            "mean": schema.mean[at],
        }
    kind, dtype = schema.kinds[index], str(schema.dtype(index)[0])
    examples = _examples(start, index)
    return ColumnProfile(str(schema.name(index)), kind, dtype, schema.missing[index], **known, examples=examples)


def _bound(schema: Schema, index: int, value: float) -> Json:
    """Return the smallest or largest value of a column as it is read by people."""
    kind = schema.kinds[index]
    if kind == "date":
        return date_text(value)
    if kind == "duration":
        return str(to_duration(value))
    return bool(value) if kind == "boolean" else int(value) if kind == "integer" else value


def _examples(start: Sheet, index: int) -> tuple[Json, ...]:
    cells: Sequence[Any] = [to_json(cell) for cell in start.cells(index) if cell is not None]
    return tuple(dict.fromkeys(cells))[:EXAMPLES]
