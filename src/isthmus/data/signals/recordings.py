"""Recordings: what of the user's data is a signal, and what are its times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

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
        Of the channels; None: they have none.
    values : ndarray of shape (n, channels)
        float32 or float64; NaN where a value is missing.
    time : str or None
        Name of the column of times.
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
    """Tell whether X is a list of recordings: of arrays, DataFrames or tensors."""
    return isinstance(X, (list, tuple)) and len(X) > 0 and all(_one(x) for x in X)


def _one(x: Any) -> bool:
    return nw.dependencies.is_into_dataframe(x) or getattr(x, "ndim", 0) in (1, 2)


def ready(X: Any) -> bool:
    """Tell whether X holds windows that are cut already: (n, window, channels)."""
    return getattr(X, "ndim", 0) == 3


def recordings(X: Any, time: str | bool | None, channels: Sequence[str] | None) -> list[Recording]:
    """Return the recordings of which X consists.

    Parameters
    ----------
    X : array or tensor of shape (n,) or (n, channels), DataFrame, Series, or list of such
    time : str, False or None
        As `timeline.find` takes it.
    channels : sequence of str or None
        Names of the columns that count; None: all but the times.

    Raises
    ------
    InputError
        X is no signal, times do not rise, a column is no number, or a value is infinite.
    """
    if not several(X):
        return [_recording(X, time, channels)]
    found = []
    for place, one in enumerate(X):
        try:
            found.append(_recording(one, time, channels))
        except InputError as error:
            raise type(error)(f"recording {place}: {error}") from error
    return found


def _recording(X: Any, time: str | bool | None, channels: Sequence[str] | None) -> Recording:
    given = sheet(_as_sheet(X))
    at = timeline.find(given, time)
    places = _places(given, at, channels)
    stamps = None if at is None else timeline.stamps(given, at)
    name = None if at is None else str(given.name(at))
    if stamps is not None:
        timeline.check_order(stamps, name)
    names = None if given.names is None else tuple(str(given.name(place)) for place in places)
    return Recording(given.form, names, finite(given, places), name, stamps)


def _as_sheet(X: Any) -> Any:
    """Return X with two axes, and an index of dates as a column."""
    if nw.dependencies.is_into_series(X):
        X = nw.from_native(X, series_only=True).alias(getattr(X, "name", None) or "value").to_frame().to_native()
    if type(getattr(X, "index", None)).__name__ == "DatetimeIndex":
        return X.reset_index()
    if isinstance(X, (list, tuple)) and not any(isinstance(x, (list, tuple)) for x in X[:1]):
        X = np.asarray(X)
    return X.reshape(-1, 1) if getattr(X, "ndim", 2) == 1 else X


def _places(given: Sheet, at: int | None, channels: Sequence[str] | None) -> list[int]:
    """Return the columns that are channels."""
    names = [str(given.name(place)) for place in range(len(given.kinds))]
    if channels is None:
        places = [place for place in range(len(names)) if place != at]
    else:
        for name in channels:
            if name not in names:
                raise InputError(unknown("channel", name, names))
        places = [names.index(name) for name in channels]
    for place in places:
        if given.kinds[place] in ("category", "date", "duration"):
            kind = "text" if given.kinds[place] == "category" else given.kinds[place]
            raise InputError(
                f"column {names[place]!r} is of kind {kind}, but the channels of a signal are numbers: leave it out, "
                "or name the channels (channels=) and the column of times (time=)"
            )
    if not places:
        raise InputError("there are no channels: all there is are times; give at least one column of numbers")
    return places
