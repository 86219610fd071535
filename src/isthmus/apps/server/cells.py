"""Cells: from what JSON or a tensor holds of a column to an array, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from reprlib import Repr
from typing import Any

import numpy as np

from isthmus.apps.http.errors import Refused

NUMBERS = ("float", "integer", "boolean", "empty")
"""Kinds of columns that are numbers in a request."""
SHORT = Repr()
SHORT.maxlevel, SHORT.maxstring, SHORT.maxother = 3, 60, 60
SURROGATES = re.compile("[\ud800-\udfff]")
"""Signs that JSON can write and no text may hold: halves of others."""
FARTHEST = 9e12
"""Seconds of a duration that 64 bits hold in microseconds."""


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


def _moment(name: str, row: int, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed if parsed.tzinfo is None else parsed.astimezone(UTC).replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError) as error:
        raise _cell(name, row, value, "date of ISO 8601, such as '2024-05-31T12:00:00Z'") from error


def _span(name: str, row: int, value: Any) -> timedelta | None:
    seconds = number(name, row, value)
    if seconds != seconds:
        return None
    if not isfinite(seconds) or abs(seconds) > FARTHEST:
        raise _cell(name, row, value, "duration in seconds that can be held")
    return timedelta(seconds=seconds)


def _category(name: str, row: int, value: Any) -> Any:
    if value is None or isinstance(value, (int, float)) or (isinstance(value, str) and not SURROGATES.search(value)):
        return None if value != value else value
    raise _cell(name, row, value, "text, number, truth value or null")


READERS: dict[str, tuple[Callable[[str, int, Any], Any], str]] = {
    **dict.fromkeys(NUMBERS, (number, "float64")),
    "date": (_moment, "datetime64[us]"),
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


def plain(value: Any) -> Any:
    """Return a cell as JSON has it: null for a gap, text for a date, seconds for a duration."""
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value != value:  # NaT
        return None
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, date) else str(value)


def nested(value: Any) -> Any:
    """Return lists and dicts of cells as JSON has them."""
    if isinstance(value, dict):
        return {name: nested(held) for name, held in value.items()}
    return [nested(held) for held in value] if isinstance(value, (list, tuple)) else plain(value)
