"""Cells: converting the values of a column in JSON or in a tensor to an array, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from reprlib import Repr
from typing import Any

import numpy as np

from isthmus.apps.http.refusals import Refused
from isthmus.data.tables.codec import to_date, to_duration, to_json
from isthmus.support.errors import counted

NUMBERS = ("float", "integer", "boolean", "empty")
"""Kinds of columns whose cells are numbers in a request."""
SHORT = Repr()
SHORT.maxlevel, SHORT.maxstring, SHORT.maxother = 3, 60, 60
SURROGATES = re.compile("[\ud800-\udfff]")
"""Unpaired surrogates: JSON can express them, but they are not valid in text."""


def quoted(value: object) -> str:
    """Return a value shortened for an error message."""
    return SHORT.repr(value)


def _cell(name: str, row: int, value: object, what: str) -> Refused:
    return Refused(422, f"column {name!r}, row {row}: {quoted(value)} is no {what}", name)


def number(name: str, row: int, value: object) -> float:
    """Return a number, NaN for None."""
    if value is None:
        return np.nan
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            pass
    raise _cell(name, row, value, "number")


def _date(name: str, row: int, value: object) -> datetime | None:
    if value is None:
        return None
    try:
        return to_date(value)
    except ValueError as error:
        raise _cell(name, row, value, "date of ISO 8601, such as '2024-05-31T12:00:00Z'") from error


def _span(name: str, row: int, value: object) -> timedelta | None:
    seconds = number(name, row, value)
    if seconds != seconds:
        return None
    try:
        return to_duration(seconds)
    except ValueError as error:
        raise _cell(name, row, value, "duration in seconds that can be held") from error


def _category(name: str, row: int, value: object) -> Any:
    if value is None or isinstance(value, (int, float)) or (isinstance(value, str) and not SURROGATES.search(value)):
        return None if value != value else value
    raise _cell(name, row, value, "text, number, truth value or null")


READERS: dict[str, tuple[Callable[[str, int, Any], Any], str]] = {
    **dict.fromkeys(NUMBERS, (number, "float64")),
    "date": (_date, "datetime64[us]"),
    "duration": (_span, "timedelta64[us]"),
    "category": (_category, "object"),
}


def column(name: str, kind: str, cells: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Return the cells of a column as an array.

    Raises
    ------
    Refused
        A cell is not of this kind; the message names its row.
    """
    if isinstance(cells, np.ndarray):
        if cells.dtype.kind in "fiub" and kind in NUMBERS:
            return cells.astype(np.float64)
        cells = cells.tolist()
    read, dtype = READERS[kind]
    array = np.empty(len(cells), dtype)
    array[:] = [read(name, row, cell) for row, cell in enumerate(cells)]
    return array


def matrix(names: Sequence[str], rows: list[Any]) -> np.ndarray:
    """Return rows of numbers as float64 (n, columns), null as NaN.

    Raises
    ------
    Refused
        A row has another length, or a cell is not a number.
    """
    try:
        array = np.array(rows)
    except (ValueError, OverflowError):
        array = np.empty(0)
    if array.ndim == 2 and array.shape[1] == len(names) and array.dtype.kind in "fiub":
        return array.astype(np.float64, copy=False)
    return np.stack([column(name, "float", cells) for name, cells in across(names, rows)], 1)


def across(names: Sequence[str], rows: list[Any]) -> Iterable[tuple[str, list[Any]]]:
    """Yield the columns of rows, each with its name.

    Raises
    ------
    Refused
        A row is not a list, or has another length.
    """
    for at, row in enumerate(rows):
        if not isinstance(row, list):
            raise Refused(422, f"row {at} is {quoted(row)}: all rows must be lists, as the first one is", "rows")
        if len(row) != len(names):
            raise Refused(
                422, f"row {at} has {counted(len(row), 'value')}, but the model takes {len(names)}: {names}", "rows"
            )
    return [(name, [row[index] for row in rows]) for index, name in enumerate(names)]


def nested(value: object) -> Any:
    """Return lists and dicts of cells as JSON values."""
    if isinstance(value, dict):
        return {name: nested(item) for name, item in value.items()}
    return [nested(item) for item in value] if isinstance(value, (list, tuple)) else to_json(value)
