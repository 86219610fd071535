"""Recordings: reading the channels and the times of signals from the user's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

import narwhals as nw
import numpy as np

from isthmus.core.data import Rows
from isthmus.data.signals import timeline
from isthmus.data.tables.schema import Sheet, finite, sheet
from isthmus.support.errors import InputError, unknown


@dataclass(frozen=True)
class Recording:
    """One signal.

    Attributes
    ----------
    form : str
        ``"array"``, ``"tensor"``, or the library of the DataFrame.
    names : tuple of str, or None
        Names of the channels; None if they have none.
    values : ndarray of shape (n, channels)
        float32 or float64; NaN for missing values.
    time : str or None
        Name of the time column.
    stamps : ndarray of shape (n,), or None
        The times: datetime64[us], or numbers.
    """

    form: str
    names: tuple[str, ...] | None
    values: np.ndarray
    time: str | None
    stamps: np.ndarray | None

    def __len__(self) -> int:
        return len(self.values)


def several(X: Any) -> bool:
    """Tell whether X is a list of recordings: arrays, DataFrames or tensors."""
    return isinstance(X, (list, tuple)) and len(X) > 0 and all(_one(x) for x in X)


def _one(x: Rows) -> bool:
    return nw.dependencies.is_into_dataframe(x) or getattr(x, "ndim", 0) in (1, 2)


def ready(X: Any) -> bool:
    """Tell whether X is already cut into windows: (n, window, channels)."""
    return getattr(X, "ndim", 0) == 3


def recordings(X: Any, time: str | bool | None, channels: Sequence[str] | None) -> list[Recording]:
    """Return the recordings in X.

    Parameters
    ----------
    X : array or tensor of shape (n,) or (n, channels), DataFrame, Series, or list of such
    time : str, False or None
        As `timeline.find` takes it.
    channels : sequence of str or None
        Names of the columns that are channels; None: all but the times.

    Raises
    ------
    InputError
        X is not a signal, times are not increasing, a column is not numeric, or a value is infinite.
    """
    if not several(X):
        return [_recording(X, time, channels)]
    result = []
    for number, one in enumerate(X):
        try:
            result.append(_recording(one, time, channels))
        except InputError as error:
            raise type(error)(f"recording {number}: {error}") from error
    return result


def _recording(X: Any, time: str | bool | None, channels: Sequence[str] | None) -> Recording:
    frame = sheet(_as_sheet(X))
    at = timeline.find(frame, time)
    indices = _channel_indices(frame, at, channels)
    stamps = None if at is None else timeline.stamps(frame, at)
    name = None if at is None else str(frame.name(at))
    if stamps is not None:
        timeline.check_order(stamps, name)
    names = None if frame.names is None else tuple(str(frame.name(index)) for index in indices)
    return Recording(frame.form, names, finite(frame, indices), name, stamps)


def _as_sheet(X: Any) -> Any:
    """Return X with two axes, and an index of dates turned into a column."""
    if nw.dependencies.is_into_series(X):
        X = nw.from_native(X, series_only=True).alias(getattr(X, "name", None) or "value").to_frame().to_native()
    if type(getattr(X, "index", None)).__name__ == "DatetimeIndex":
        return X.reset_index()
    if isinstance(X, (list, tuple)) and not any(isinstance(x, (list, tuple)) for x in X[:1]):
        X = np.asarray(X)
    return X.reshape(-1, 1) if getattr(X, "ndim", 2) == 1 else X


def _channel_indices(frame: Sheet, at: int | None, channels: Sequence[str] | None) -> list[int]:
    """Return the indices of the columns that are channels."""
    names = [str(frame.name(index)) for index in range(len(frame.kinds))]
    if channels is None:
        indices = [index for index in range(len(names)) if index != at]
    else:
        for name in channels:
            if name not in names:
                raise InputError(unknown("channel", name, names))
        indices = [names.index(name) for name in channels]
    for index in indices:
        if frame.kinds[index] in ("category", "date", "duration"):
            kind = "text" if frame.kinds[index] == "category" else frame.kinds[index]
            raise InputError(
                f"column {names[index]!r} is of kind {kind}, but the channels of a signal are numbers: leave it out "
                f"(--drop {quote(names[index])}; in Python Signals(channels=[...], time=...) names the others)"
            )
    if not indices:
        raise InputError("there are no channels, only times: give at least one column of numbers")
    return indices
