"""Channels of a signal: what is learnt about them, and writing them in the user's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import torch

from isthmus.core.data import Rows
from isthmus.data.signals.recordings import Recording
from isthmus.data.tables.arrays import array
from isthmus.data.tables.statistics import RunningStatistics
from isthmus.support.errors import InputError


@dataclass(frozen=True)
class Learnt:
    """What was learnt about a signal, as plain values.

    Attributes
    ----------
    form : str
        ``"array"``, ``"tensor"``, or the library of the DataFrame.
    names : tuple of str, or None
        Names of the channels; None if they have none.
    time : str or None
        Name of the time column.
    step : float or None
        The median step of the times, in seconds or in the unit of the numbers.
    offset, divisor : tuple of float
        Offset and divisor of each channel.
    count, mean, squares, low, high : tuple of float
        The fields of the `RunningStatistics` of the channels; empty in files written before they were stored.
    """

    form: str
    names: tuple[str, ...] | None
    time: str | None
    step: float | None
    offset: tuple[float, ...]
    divisor: tuple[float, ...]
    count: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    squares: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def statistics(self) -> RunningStatistics:
        """The statistics of the values of all channels.

        Raises
        ------
        InputError
            The model file was written before they were stored.
        """
        if not self.count:
            raise InputError("these Signals come from a file without counts, so they cannot be merged: fit again")
        return RunningStatistics(*map(np.array, (self.count, self.mean, self.squares, self.low, self.high)))


def check_channels(one: Recording, names: tuple[str, ...] | None, count: int) -> None:
    """Raise an error unless a recording has the learnt channels."""
    check_names(one.names, one.values.shape[1], names, count)


def check_names(
    actual_names: tuple[str, ...] | None, actual_count: int, names: tuple[str, ...] | None, count: int
) -> None:
    """Raise an error unless the channels are those learnt."""
    if actual_count != count:
        raise InputError(f"X has {actual_count} channels, but Signals is expecting {count} as learnt")
    if names is not None and actual_names is not None and actual_names != names:
        missing, new = [n for n in names if n not in actual_names], [n for n in actual_names if n not in names]
        what = f"missing: {missing}; not learnt: {new}" if missing or new else f"expected in this order: {names}"
        raise InputError(f"the channels differ from those learnt ({what})")


def like_user(values: np.ndarray, like: Rows, known: Learnt) -> Any:
    """Return values (n, channels) in the form of `like`, which the user passed."""
    if nw.dependencies.is_into_dataframe(like):
        frame = nw.from_native(like, eager_only=True)
        names = known.names or tuple(name for name in frame.columns if name != known.time)
        series = [nw.new_series(n, values[:, at], backend=frame.implementation) for at, n in enumerate(names)]
        if frame.implementation.is_pandas():
            return like.assign(**{name: values[:, at] for at, name in enumerate(names)})
        return frame.with_columns(*series).to_native()
    form, axes = "tensor" if torch.is_tensor(like) else "array", getattr(like, "ndim", np.ndim(like))
    dtype = str(getattr(like, "dtype", "float64")).removeprefix("torch.")
    return array(values[:, 0] if axes == 1 else values, dtype, form)
