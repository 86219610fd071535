"""Channels: what is known of those of a signal, and how they go back into the user's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import torch

from isthmus.data.signals.recordings import Recording
from isthmus.data.tables.arrays import array
from isthmus.data.tables.statistics import RunningStatistics
from isthmus.support.errors import InputError


@dataclass(frozen=True)
class Learnt:
    """What is known of a signal; plain values only.

    Attributes
    ----------
    form : str
        ``"array"``, ``"tensor"``, or the library of the DataFrame.
    names : tuple of str, or None
        Of the channels; None: they have none.
    time : str or None
        Name of the column of times.
    step : float or None
        The usual step of the times, in seconds or in the unit of the numbers.
    offset, divisor : tuple of float
        Of each channel.
    count, mean, squares, low, high : tuple of float
        The fields of the `RunningStatistics` of the channels; empty in files of before they were kept.
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
        """What is known of the values of all channels.

        Raises
        ------
        InputError
            It stands in no file of before it was kept.
        """
        if not self.count:
            raise InputError(
                "these Signals come from a file that holds no counts, so they cannot be merged: learn anew"
            )
        return RunningStatistics(*map(np.array, (self.count, self.mean, self.squares, self.low, self.high)))


def check_channels(one: Recording, names: tuple[str, ...] | None, count: int) -> None:
    """Refuse a recording of other channels than those learnt."""
    check_names(one.names, one.values.shape[1], names, count)


def check_names(found: tuple[str, ...] | None, found_count: int, names: tuple[str, ...] | None, count: int) -> None:
    """Refuse other channels than those learnt."""
    if found_count != count:
        raise InputError(f"X has {found_count} channels, but Signals is expecting {count} as learnt")
    if names is not None and found is not None and found != names:
        missing, new = [n for n in names if n not in found], [n for n in found if n not in names]
        what = f"missing: {missing}; not learnt: {new}" if missing or new else f"they stand in another order: {names}"
        raise InputError(f"the channels are others than those learnt ({what})")


def as_given(values: np.ndarray, like: Any, known: Learnt) -> Any:
    """Return values (n, channels) in the form of `like`."""
    if nw.dependencies.is_into_dataframe(like):
        frame = nw.from_native(like, eager_only=True)
        names = known.names or tuple(name for name in frame.columns if name != known.time)
        made = [nw.new_series(n, values[:, at], backend=frame.implementation) for at, n in enumerate(names)]
        if frame.implementation.is_pandas():
            return like.assign(**{name: values[:, at] for at, name in enumerate(names)})
        return frame.with_columns(*made).to_native()
    form, axes = "tensor" if torch.is_tensor(like) else "array", getattr(like, "ndim", np.ndim(like))
    dtype = str(getattr(like, "dtype", "float64")).removeprefix("torch.")
    return array(values[:, 0] if axes == 1 else values, dtype, form)
