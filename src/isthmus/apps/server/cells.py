"""Cells: from what JSON or a tensor holds of a column to an array, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from reprlib import Repr
from typing import Any

import numpy as np

from isthmus.apps.http.refusals import Refused
from isthmus.data.tables.codec import to_date, to_duration, to_json

NUMBERS = ("float", "integer", "boolean", "empty")
"""Kinds of columns that are numbers in a request."""
SHORT = Repr()
SHORT.maxlevel, SHORT.maxstring, SHORT.maxother = 3, 60, 60
SURROGATES = re.compile("[\ud800-\udfff]")
"""Signs that JSON can write and no text may hold: halves of others."""


def shown(value: Any) -> str:
    """Return a value as a message can hold it."""
    return SHORT.repr(value)


def _cell(name: str, row: int, value: Any, what: str) -> Refused:
    return Refused(422, f"column {name!r}, row {row}: {shown(value)} is no {what}", name)


def number(name: str, row: int, value: Any) -> float:
    """Return a number, NaN for none."""
    if value is None:
        return np.nan
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            pass
    raise _cell(name, row, value, "number")


def _date(name: str, row: int, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        return to_date(value)
    except ValueError as error:
        raise _cell(name, row, value, "date of ISO 8601, such as '2024-05-31T12:00:00Z'") from error


def _span(name: str, row: int, value: Any) -> timedelta | None:
    seconds = number(name, row, value)
    if seconds != seconds:
        return None
    try:
        return to_duration(seconds)
    except ValueError as error:
        raise _cell(name, row, value, "duration in seconds that can be held") from error


def _category(name: str, row: int, value: Any) -> Any:
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
        One of them is not of the kind; the message names its row.
    """
    if isinstance(cells, np.ndarray):
        if cells.dtype.kind in "fiub" and kind in NUMBERS:
            return cells.astype(np.float64)
        cells = cells.tolist()
    read, dtype = READERS[kind]
    found = np.empty(len(cells), dtype)
    found[:] = [read(name, row, cell) for row, cell in enumerate(cells)]
    return found


def matrix(names: Sequence[str], rows: list[Any]) -> np.ndarray:
    """Return rows of numbers as float64 (n, columns), null as NaN.

    Raises
    ------
    Refused
        A row has another length, or a cell is no number.
    """
    try:
        found = np.array(rows)
    except (ValueError, OverflowError):
        found = np.empty(0)
    if found.ndim == 2 and found.shape[1] == len(names) and found.dtype.kind in "fiub":
        return found.astype(np.float64, copy=False)
    return np.stack([column(name, "float", cells) for name, cells in across(names, rows)], 1)


def across(names: Sequence[str], rows: list[Any]) -> Iterable[tuple[str, list[Any]]]:
    """Yield the columns of rows, each with its name.

    Raises
    ------
    Refused
        A row is no list, or has another length.
    """
    for at, row in enumerate(rows):
        if not isinstance(row, list):
            raise Refused(422, f"row {at} is {shown(row)}: all rows must be lists, as the first one is", "rows")
        if len(row) != len(names):
            raise Refused(422, f"row {at} has {len(row)} values, but the model takes {len(names)}: {names}", "rows")
    return [(name, [row[place] for row in rows]) for place, name in enumerate(names)]


def nested(value: Any) -> Any:
    """Return lists and dicts of cells as JSON has them."""
    if isinstance(value, dict):
        return {name: nested(held) for name, held in value.items()}
    return [nested(held) for held in value] if isinstance(value, (list, tuple)) else to_json(value)
