"""Times of the time steps of a recording: found, checked, and laid on a regular grid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from isthmus.data.tables.codec import to_date
from isthmus.data.tables.schema import Sheet
from isthmus.support.errors import InputError, unknown

NAMES = ("time", "timestamp", "datetime", "date", "ts")
"""What a column of times may be called, in any case; a column of dates may have any name."""

OFF_GRID = 0.25
"""A step is irregular where it differs from a whole number of usual steps by more than this share of one."""

IRREGULAR = 0.1
"""Largest share of irregular steps of a recording."""


def find(sheet: Sheet, wish: str | bool | None) -> int | None:
    """Return where the column of times stands; None: there is none.

    Parameters
    ----------
    sheet : Sheet
    wish : str, False or None
        The column's name; False: there is none; None: the first column of dates, else one with a name of `NAMES` that
        holds no gap.

    Raises
    ------
    InputError
        There is no column of that name.
    """
    if wish is False or (sheet.names is None and wish is None):
        return None
    names = [str(sheet.name(place)) for place in range(len(sheet.kinds))]
    if wish is not None:
        if wish not in names:
            raise InputError(unknown("column time=", wish, names))
        return names.index(str(wish))
    dates = [place for place, kind in enumerate(sheet.kinds) if kind == "date"]
    named = [place for place, name in enumerate(names) if name.lower() in NAMES]
    return next(iter(dates + named), None)


def stamps(sheet: Sheet, place: int) -> np.ndarray:
    """Return the times of a column: datetime64[us] in UTC for dates and texts, else the numbers as they are.

    Raises
    ------
    InputError
        A time is missing, or a text is no date of ISO 8601.
    """
    name, kind = sheet.name(place), sheet.kinds[place]
    if kind == "category":
        return _parsed(sheet.cells(place), name)
    found = sheet.numbers([place])[:, 0]
    if not np.isfinite(found).all():
        raise InputError(f"column {name!r}, row {int(np.argmin(np.isfinite(found)))}: the time is missing; fill it in")
    return np.round(found.astype(np.float64) * 1e6).astype("datetime64[us]") if kind == "date" else found


def _parsed(cells: Iterable[Any], name: object) -> np.ndarray:
    found = []
    for row, cell in enumerate(cells):
        try:
            found.append(to_date(cell))
        except ValueError as error:
            raise InputError(
                f"column {name!r}, row {row}: {cell!r} is no time such as '2024-03-01 12:30:00'; convert the column "
                "(to_datetime), or say time=False if it holds no times"
            ) from error
    return np.array(found, dtype="datetime64[us]")


def seconds(times: np.ndarray) -> np.ndarray:
    """Return times as float64: seconds of dates, numbers as they are."""
    return times.astype(np.int64) / 1e6 if times.dtype.kind == "M" else times.astype(np.float64)


def check_order(times: np.ndarray, name: object) -> None:
    """Refuse times that do not rise.

    Raises
    ------
    InputError
        It names the first row whose time is that of the row before, or earlier.
    """
    wrong = np.flatnonzero(np.diff(seconds(times)) <= 0)
    if len(wrong):
        row = int(wrong[0]) + 1
        same = times[row] == times[row - 1]
        what = "is that of the row before" if same else f"is before that of row {row - 1} ({times[row - 1]})"
        remedy = "drop or average the repeated rows" if same else "sort the rows by it"
        raise InputError(
            f"column {name!r}, row {row}: the time {times[row]} {what}; {remedy}, or give time=False to take the rows "
            "in the order in which they stand"
        )


def usual_step(times: np.ndarray) -> float | None:
    """Return the median step, in seconds or in the unit of the numbers; None where there is but one time step."""
    return float(np.median(np.diff(seconds(times)))) if len(times) > 1 else None


def slots(times: np.ndarray, step: float, name: object) -> np.ndarray:
    """Return the number of usual steps from the first time step to each one; int64 (n,), rising.

    Raises
    ------
    InputError
        The steps are irregular, or most of them are of another length than `step`.
    """
    steps = np.diff(seconds(times)) / step
    if len(steps) and not 2 / 3 < np.median(steps) < 3 / 2:
        raise InputError(
            f"column {name!r}: the usual step is {np.median(steps) * step:g}, but the signal learnt from had {step:g}; "
            "resample it to the same step"
        )
    off = np.abs(steps - np.round(steps)) > OFF_GRID
    if off.mean() > IRREGULAR if len(off) else False:
        raise InputError(
            f"column {name!r}: {off.mean():.0%} of the steps are irregular, first at row {int(np.argmax(off)) + 1}: "
            f"{steps[off][0] * step:g} where the usual one is {step:g}; resample to regular steps, or give "
            "gaps='ignore' to take each row as one time step"
        )
    whole = np.maximum(np.round(steps), 1).astype(np.int64)
    return np.concatenate([np.zeros(min(1, len(times)), dtype=np.int64), np.cumsum(whole)])


def first_gap(places: np.ndarray) -> int | None:
    """Return the row after the first missing time step; None where none is missing."""
    gaps = np.flatnonzero(np.diff(places) > 1)
    return int(gaps[0]) + 1 if len(gaps) else None
