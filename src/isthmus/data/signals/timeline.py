"""Times of the time steps of a recording: finding and checking them, and aligning them to a regular grid."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote
from typing import Any

import numpy as np

from isthmus.data.tables.codec import to_date
from isthmus.data.tables.dates import DAY_IN_DIGITS, disguised
from isthmus.data.tables.schema import Sheet
from isthmus.support.errors import InputError, unknown

NAMES = ("time", "timestamp", "datetime", "date", "ts")
"""Names of a time column, in any case; a column of dates may have any name."""

OFF_GRID = 0.25
"""A step is irregular if it differs from a multiple of the median step by more than this fraction of it."""

IRREGULAR = 0.1
"""Maximum fraction of irregular steps in a recording."""


def find(sheet: Sheet, time: str | bool | None) -> int | None:
    """Return the index of the time column; None if there is none.

    Parameters
    ----------
    sheet : Sheet
    time : str, False or None
        The column's name; False: there is none; None: the first column of dates, else one whose name is in `NAMES`.

    Raises
    ------
    InputError
        There is no column with that name.
    """
    if time is False or (sheet.names is None and time is None):
        return None
    names = [str(sheet.name(index)) for index in range(len(sheet.kinds))]
    if time is not None:
        if time not in names:
            raise InputError(unknown("column time=", time, names))
        return names.index(str(time))
    dates = [index for index, kind in enumerate(sheet.kinds) if kind == "date"]
    named = [index for index, name in enumerate(names) if name.lower() in NAMES]
    return next(iter(dates + named), None)


def stamps(sheet: Sheet, index: int) -> np.ndarray:
    """Return the times in a column: datetime64[us] in UTC for dates and text, else numbers unchanged.

    Raises
    ------
    InputError
        A time is missing, text is not an ISO 8601 date, or numbers are days in digits, whose steps are no times.
    """
    name, kind = sheet.name(index), sheet.kinds[index]
    if kind == "category":
        return _parsed(sheet.cells(index), name)
    times = sheet.numbers([index])[:, 0]
    if not np.isfinite(times).all():
        raise InputError(f"column {name!r}, row {int(np.argmin(np.isfinite(times)))}: the time is missing; fill it in")
    if kind == "date":
        return np.round(times.astype(np.float64) * 1e6).astype("datetime64[us]")
    if disguised(times.astype(np.float64), name) == DAY_IN_DIGITS:
        raise InputError(
            f"column {name!r}: numbers such as {times[0]:.0f} are days in digits, whose differences are no time steps: "
            f"read them as dates (--dates {quote(f'{name}={DAY_IN_DIGITS}')}; in Python "
            f"pandas.to_datetime(X[{name!r}], format={DAY_IN_DIGITS!r})), or leave the column out if "
            f"they are none (--drop {quote(str(name))}; in Python "
            "Signals(time=False))"
        )
    return times


def _parsed(cells: Iterable[Any], name: object) -> np.ndarray:
    dates = []
    for row, cell in enumerate(cells):
        try:
            dates.append(to_date(cell))
        except ValueError as error:
            raise InputError(
                f"column {name!r}, row {row}: {cell!r} is not a time such as '2024-03-01 12:30:00'; convert the column "
                f"to dates, or leave it out if it does not hold times (--drop {quote(str(name))}; in Python "
                "Signals(time=False))"
            ) from error
    return np.array(dates, dtype="datetime64[us]")


def seconds(times: np.ndarray) -> np.ndarray:
    """Return times as float64: seconds for dates, numbers unchanged."""
    return times.astype(np.int64) / 1e6 if times.dtype.kind == "M" else times.astype(np.float64)


def check_order(times: np.ndarray, name: object) -> None:
    """Raise an error unless times are increasing.

    Raises
    ------
    InputError
        The message names the first row whose time is not later than that of the row before.
    """
    wrong = np.flatnonzero(np.diff(seconds(times)) <= 0)
    if len(wrong):
        row = int(wrong[0]) + 1
        same = times[row] == times[row - 1]
        what = "is that of the row before" if same else f"is before that of row {row - 1} ({times[row - 1]})"
        remedy = "drop or average the repeated rows" if same else "sort the rows by it"
        raise InputError(
            f"column {name!r}, row {row}: the time {times[row]} {what}; {remedy}, or leave the column out, which takes "
            f"the rows in the order in which they stand (--drop {quote(str(name))}; in Python Signals(time=False))"
        )


def median_step(times: np.ndarray) -> float | None:
    """Return the median step, in seconds or in the unit of the numbers; None if there is only one time step."""
    return float(np.median(np.diff(seconds(times)))) if len(times) > 1 else None


def slots(times: np.ndarray, step: float, name: object) -> np.ndarray:
    """Return the number of steps from the first time to each one; int64 (n,), increasing.

    Raises
    ------
    InputError
        The steps are irregular, or their median differs from `step`.
    """
    steps = np.diff(seconds(times)) / step
    if len(steps) and not 2 / 3 < np.median(steps) < 3 / 2:
        raise InputError(
            f"column {name!r}: the median step is {np.median(steps) * step:g}, but in training it was {step:g}; "
            "resample it to the same step"
        )
    off = np.abs(steps - np.round(steps)) > OFF_GRID
    if off.mean() > IRREGULAR if len(off) else False:
        raise InputError(
            f"column {name!r}: {off.mean():.0%} of the steps are irregular, first at row {int(np.argmax(off)) + 1}: "
            f"{steps[off][0] * step:g} where the median is {step:g}; resample to regular steps, or use "
            "gaps='ignore' to take each row as one time step"
        )
    whole = np.maximum(np.round(steps), 1).astype(np.int64)
    return np.concatenate([np.zeros(min(1, len(times)), dtype=np.int64), np.cumsum(whole)])


def first_gap(steps: np.ndarray) -> int | None:
    """Return the index of the row after the first missing time step; None if none is missing."""
    gaps = np.flatnonzero(np.diff(steps) > 1)
    return int(gaps[0]) + 1 if len(gaps) else None
