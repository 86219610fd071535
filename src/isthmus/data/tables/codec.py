"""The codec for cells: converts them to and from text and JSON. Dates are ISO 8601, durations are seconds.

Dates are stored without a time zone, in UTC; a date with another time zone is converted.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import TypeAlias

import numpy as np

START = datetime(1970, 1, 1)

Json: TypeAlias = "str | bool | int | float | None"
"""A cell as a JSON value."""

FARTHEST = 9e12
"""The longest duration in seconds: the limit of 64-bit microseconds."""


def to_date(cell: object) -> datetime:
    """Return the date in a cell: ISO 8601 text, or a Python or NumPy date.

    Raises
    ------
    ValueError
        The cell is not a date.

    Examples
    --------
    >>> to_date("2024-05-31T12:00:00+02:00"), to_date(np.datetime64("2024-05-31"))
    (datetime.datetime(2024, 5, 31, 10, 0), datetime.datetime(2024, 5, 31, 0, 0))
    """
    if isinstance(cell, np.datetime64):
        cell = cell.astype("datetime64[us]").item()
    if isinstance(cell, (str, date)) and not isinstance(cell, datetime):
        cell = datetime.fromisoformat(str(cell))
    if not isinstance(cell, datetime):
        raise ValueError(f"{cell!r} is neither text nor a date")
    try:
        return cell if cell.tzinfo is None else cell.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise ValueError(f"{cell} has no date in UTC") from error


def to_seconds(cell: object) -> float:
    """Return a date as seconds since 1970.

    Raises
    ------
    ValueError
        The cell is not a date.

    Examples
    --------
    >>> to_seconds("1970-01-02"), to_seconds("1970-01-01 00:00:00.5")
    (86400.0, 0.5)
    """
    return (to_date(cell) - START) / timedelta(seconds=1)


def to_duration(seconds: float) -> timedelta:
    """Return seconds as a duration.

    Raises
    ------
    ValueError
        The duration is not finite, or longer than a table can hold.
    """
    if not isfinite(seconds) or abs(seconds) > FARTHEST:
        raise ValueError(f"{seconds} seconds is not a duration that a table can hold")
    return timedelta(seconds=seconds)


def date_text(seconds: float) -> str | None:
    """Return the date a number of seconds after 1970 as text; None if it is outside the calendar.

    Examples
    --------
    >>> date_text(86400.5), date_text(1e15)
    ('1970-01-02 00:00:00.500000', None)
    """
    try:
        return (START + timedelta(seconds=seconds)).isoformat(sep=" ")
    except OverflowError:
        return None


def to_json(cell: object) -> Json:
    """Return a cell as a JSON value: null if it is missing, text for a date, seconds for a duration.

    Examples
    --------
    >>> [to_json(cell) for cell in (float("nan"), datetime(2024, 5, 31), timedelta(hours=1), "a", None, True)]
    [None, '2024-05-31T00:00:00', 3600.0, 'a', None, True]
    """
    if cell is None or isinstance(cell, (str, bool, int)):
        return cell
    if isinstance(cell, float):
        return cell if isfinite(cell) else None
    if cell != cell:  # NaT
        return None
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def label(category: object) -> str | int | float | bool:
    """Return a category as a JSON value, whatever its class.

    Examples
    --------
    >>> label("red"), label(3), label((1, 2))
    ('red', 3, '(1, 2)')
    """
    return category if isinstance(category, (str, int, float, bool)) else str(category)
