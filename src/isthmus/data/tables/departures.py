"""Departures: cells of new rows that a model can encode, but of which it has seen nothing like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

from isthmus.data.tables.schema import Schema, Sheet, sheet
from isthmus.data.tables.sentinels import FAR
from isthmus.support.errors import counted, listed

NUMBERS = ("integer", "float")
"""Kinds of columns that a range is learnt of in the units of the user."""


def departures(X: Any, schema: Schema) -> list[str]:
    """Return sentences on missing cells where training had none, and on numbers far outside the learnt ranges.

    Parameters
    ----------
    X : DataFrame, array or list of rows
        The columns of the schema, perhaps with others.
    schema : Schema
    """
    if schema.names is not None and nw.dependencies.is_into_dataframe(X):
        X = nw.from_native(X, eager_only=True).select(*schema.names).to_native()
    read = sheet(X)
    gaps = {index: count for index, count in _gaps(read, schema) if count}
    said = []
    if gaps:
        named = listed(f"{schema.name(index)!r} ({count:,})" for index, count in gaps.items())
        total = sum(gaps.values())
        are = "is" if total == 1 else "are"
        said.append(
            f"{counted(total, 'cell')} {are} missing in columns that had no gaps in training: "
            f"{named}; a number is encoded as the mean of its column, a category as none"
        )
    if far := [*_far(read, schema)]:
        said.append(
            f"numbers are far outside those of training: {listed(far)}; if they stand for missing cells, take them for "
            "gaps (--missing)"
        )
    return said


def _gaps(read: Sheet, schema: Schema) -> Iterator[tuple[int, int]]:
    """Yield the number of missing cells of each column that had none in training."""
    whole = [index for index, missing in enumerate(schema.missing) if not missing]
    numbers = [index for index in whole if index in schema.numbers]
    counts = np.isnan(read.numbers(numbers)).sum(0).tolist() if numbers else []
    yield from zip(numbers, counts, strict=True)
    for index in schema.indices("category"):
        if index in whole:
            yield index, sum(cell is None for cell in read.cells(index))


def _far(read: Sheet, schema: Schema) -> Iterator[str]:
    """Yield each column with numbers that are farther outside the learnt range than a sentinel is, and how many."""
    ranges = zip(schema.numbers, schema.lows, schema.highs, strict=False)
    learnt = {index: (low, high) for index, low, high in ranges if high > low and schema.kinds[index] in NUMBERS}
    if not learnt:
        return
    cells = read.numbers([*learnt])
    for at, (index, (low, high)) in enumerate(learnt.items()):
        column = cells[:, at]
        beyond = np.fmax(low - column, column - high) > FAR * (high - low)
        if beyond.any():
            value = f"{column[int(np.argmax(beyond))]:.6g}"
            trained = f"{low:.4g} to {high:.4g}"
            yield f"{schema.name(index)!r} ({int(beyond.sum()):,}, such as {value}, where training had {trained})"
