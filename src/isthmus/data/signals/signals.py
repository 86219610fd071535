"""Signals: one or more channels over time, cut into windows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from shlex import quote
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Data, Defaults, Field, Rows, Timing, Windowed
from isthmus.core.part import lookup, part
from isthmus.core.records import Batch
from isthmus.data.defaults import mlp_for
from isthmus.data.signals import timeline
from isthmus.data.signals.channels import Learnt, check_channels, check_names, like_user
from isthmus.data.signals.recordings import Recording, ready, recordings, several
from isthmus.data.signals.windows import Layout, carried, layout
from isthmus.data.tables.arrays import array
from isthmus.data.tables.statistics import RunningStatistics
from isthmus.support.errors import InputError, counted, unknown

GAPS = ("bridge", "refuse", "ignore")
SCALES = ("standard", "none")


@part("data/signals")
class Signals(Windowed):
    """A signal cut into windows; ``Batch.x`` is float32 (windows, channels, window).

    A signal is an array of shape (n,) or (n, channels), a DataFrame with a column for each channel, or a Series. A list
    of these is several recordings: no window crosses from one to the next. Data that is already cut into windows has
    three axes: (windows, window, channels).

    Times are a column of dates, or a column named time, timestamp, datetime, date or ts with ISO 8601 dates or numbers;
    or an index of dates. They must be increasing. `gaps` says how to treat missing time steps. A missing value (NaN) or
    time step is filled with the last value of its channel, or with the next one at the start of a window, and is False
    in ``Batch.observed``, so that its error does not count.

    Parameters
    ----------
    window : int, default 64
        Length of a window in time steps.
    stride : int, default 1
        Time steps from the start of one window to the next; at most `window`.
    time : str, False or None, default None
        The time column; None: inferred; False: there is none, and rows are consecutive time steps.
    channels : tuple of str or None, default None
        The columns that are channels; None: all but the times.
    gaps : {"bridge", "refuse", "ignore"}, default "bridge"
        ``"bridge"``: missing time steps are missing values, and no window spans a gap as long as itself.
        ``"refuse"``: a missing time step is an error that names its row. ``"ignore"``: each row is one time step,
        whatever its time.
    scale : {"standard", "none"}, default "standard"
        ``"standard"``: each channel minus its mean, divided by its standard deviation. ``"none"``: unchanged.
    learnt : dict or None
        Learnt: the fields of a `Learnt`. None if not fitted.

    Raises
    ------
    InputError
        A setting is out of range.

    Examples
    --------
    >>> signals = Signals(window=4, scale="none")
    >>> signals = signals.learn([[0.0, 1.0, 2.0, 3.0, 4.0]])
    >>> columns = signals.read([0.0, 1.0, 2.0, 3.0, 4.0])
    >>> signals(columns).x
    tensor([[[0., 1., 2., 3.]],
    <BLANKLINE>
            [[1., 2., 3., 4.]]])
    >>> signals.fold_windows(torch.tensor([1.0, 3.0]), [0.0, 1.0, 2.0, 3.0, 4.0])
    tensor([1., 2., 2., 2., 3.], dtype=torch.float64)
    """

    offset: Tensor
    divisor: Tensor

    def __init__(
        self,
        window: int = 64,
        stride: int = 1,
        time: str | bool | None = None,
        channels: Sequence[str] | None = None,
        gaps: str = "bridge",
        scale: str = "standard",
        learnt: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        _check(window, stride, time, gaps, scale)
        self.window, self.stride, self.time, self.gaps, self.scale = int(window), int(stride), time, gaps, scale
        self.channels = None if channels is None else tuple(channels)
        self.learnt = None if learnt is None else Learnt(**learnt)
        if self.learnt is not None:
            self.shape = (len(self.learnt.offset), self.window)
            for name in ("offset", "divisor"):
                column = torch.tensor(getattr(self.learnt, name), dtype=torch.float64)[:, None]
                self.register_buffer(name, column, persistent=False)

    @property
    def fitted(self) -> bool:
        """Whether the channels have been learnt."""
        return self.learnt is not None

    @property
    def timing(self) -> Timing | None:
        """The time column and the median step; None if there are no times, or they are ignored."""
        known = self._known()
        if known.time is None or not known.step or self.gaps == "ignore":
            return None
        return Timing(known.time, known.step, self.gaps == "refuse")

    def learn(self, chunks: Iterable[Any]) -> Signals:
        """Return a fitted copy after one pass over pieces of signals; memory use is bounded by the largest piece.

        Raises
        ------
        InputError
            A piece is not a signal, pieces differ in their channels, or the signal is shorter than a window.
        """
        first: Recording | None = None
        step, statistics = None, RunningStatistics.none(0)
        for chunk in chunks:
            for piece in self._pieces(chunk):
                if first is None:
                    first, statistics = piece, RunningStatistics.none(piece.values.shape[1])
                check_channels(piece, first.names, statistics.mean.size)
                statistics = statistics.merge(RunningStatistics.of(piece.values))
                if step is None and piece.stamps is not None:
                    step = timeline.median_step(piece.stamps)
        if first is None:
            raise InputError("there is no signal to learn from: X is empty; give at least one window of time steps")
        return self._fitted(first.form, first.names, first.time, step, statistics)

    def merge(self, other: Data) -> Signals:
        """Return the result of `learn` for the signals of both.

        Raises
        ------
        InputError
            The channels differ; or one comes from a file that lacks the statistics that merging needs.
        """
        assert isinstance(other, Signals)  # signals are learnt from signals
        one, two = self._known(), other._known()
        check_names(two.names, len(two.offset), one.names, len(one.offset))
        step = two.step if one.step is None else one.step
        return self._fitted(one.form, one.names, one.time, step, one.statistics.merge(two.statistics))

    def _fitted(
        self,
        form: str,
        names: tuple[str, ...] | None,
        time: str | None,
        step: float | None,
        statistics: RunningStatistics,
    ) -> Signals:
        offset, divisor = self._scaling(statistics, names)
        kept = {name: tuple(values.tolist()) for name, values in vars(statistics).items()}
        learnt = Learnt(form, names, time, step, offset, divisor, **kept)
        return Signals(self.window, self.stride, self.time, self.channels, self.gaps, self.scale, asdict(learnt))

    def _pieces(self, X: Any) -> list[Recording]:
        """Return the recordings of a piece; data already cut into windows counts as one recording."""
        if not ready(X):
            return recordings(X, self.time, self.channels)
        self._check_ready(X)
        return recordings(X.reshape(-1, X.shape[2]), False, None)

    def _scaling(
        self, statistics: RunningStatistics, known: tuple[str, ...] | None
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the offset and divisor of each channel; raise an error for channels that cannot be scaled."""
        names = known or tuple(f"x{number}" for number in range(statistics.mean.size))
        for name, count, deviation in zip(names, statistics.count, statistics.deviation, strict=True):
            if count == 0:
                raise InputError(f"channel {name!r} has no values at all: leave it out (--drop {quote(str(name))})")
            if not np.isfinite(deviation):
                raise InputError(f"channel {name!r} reaches too far to be scaled: divide it, or take its logarithm")
        if self.scale == "none":
            return (0.0,) * len(names), (1.0,) * len(names)
        return tuple(statistics.centre.tolist()), tuple(statistics.deviation.tolist())

    def _known(self) -> Learnt:
        if self.learnt is None:
            raise InputError("these Signals are not fitted: call learn(chunks), or fit, first")
        return self.learnt

    # -- the host's side -----------------------------------------------------------------------------------------

    def read(self, X: Any) -> Columns:
        """Return ``{"windows": (windows, channels, window)}``, float32 or float64; a view of X if possible.

        Raises
        ------
        InputError
            The channels or the step are not those learnt, the signal is shorter than a window, times are not
            increasing or too irregular, or values are infinite or text.
        """
        known = self._known()
        if ready(X):
            self._check_ready(X)
            (flat,) = recordings(X.reshape(-1, X.shape[2]), False, None)
            check_channels(flat, known.names, len(known.offset))
            return {
                "windows": torch.from_numpy(np.require(flat.values, requirements=["C", "W"]))
                .unflatten(0, (-1, self.window))
                .transpose(1, 2)
            }
        recorded = self._recordings(X)
        values = recorded[0].values if len(recorded) == 1 else np.concatenate([one.values for one in recorded])
        return {"windows": self._layout(recorded).cut(values)}

    def _recordings(self, X: Any) -> list[Recording]:
        known = self._known()
        recorded = recordings(X, self.time if known.time is None else known.time, self.channels)
        for one in recorded:
            check_channels(one, known.names, len(known.offset))
        return recorded

    def _layout(self, recorded: list[Recording]) -> Layout:
        for number, one in enumerate(recorded):
            if len(one) < self.window:
                which = f"recording {number}" if len(recorded) > 1 else "the signal"
                raise InputError(
                    f"{which} has {counted(len(one), 'time step')}, but a window needs {self.window}: give a longer "
                    f"signal, or Signals(window={max(2, len(one) // 4)})"
                )
        return layout([self._slots(one) for one in recorded], self.window, self.stride)

    def _slots(self, one: Recording) -> np.ndarray:
        """Return the number of steps from the first time step to each row."""
        step = self._known().step
        if one.stamps is None or step is None or self.gaps == "ignore":
            return np.arange(len(one))
        slots = timeline.slots(one.stamps, step, one.time)
        gap = timeline.first_gap(slots)
        if gap is not None and self.gaps == "refuse":
            missing = slots[gap] - slots[gap - 1] - 1
            raise InputError(
                f"column {one.time!r}, row {gap}: {counted(missing, 'time step')} {'is' if missing == 1 else 'are'} "
                f"missing before {one.stamps[gap]} (the median step is {step:g}); fill them in, or use gaps='bridge'"
            )
        return slots

    def write(self, columns: Columns, like: Rows = None) -> Any:
        """Return the signal that the windows come from, each value the mean over the windows that cover it.

        The result has the form of `like`, with its channels replaced and its other columns kept; missing time steps
        are left out. Without `like`, or if `like` is cut into windows too, return the windows: (windows, window,
        channels).
        """
        windows = columns["windows"].detach().cpu().transpose(1, 2)
        dtype = str(getattr(like, "dtype", "float64")).removeprefix("torch.")
        if like is None or ready(like):
            form = "tensor" if torch.is_tensor(like) or (like is None and self._known().form == "tensor") else "array"
            return array(windows.contiguous().numpy(), dtype, form)
        values = self.fold_windows(windows, like).numpy()
        if not several(like):
            return like_user(values, like, self._known())
        ends = np.cumsum([len(one) for one in like])[:-1]
        return [like_user(part, one, self._known()) for part, one in zip(np.split(values, ends), like, strict=True)]

    def fold_windows(self, values: Tensor, X: Any, causal: bool = False) -> Tensor:
        """Return the mean over the windows that cover each time step of X.

        Parameters
        ----------
        values : Tensor of shape (windows,) or (windows, window, channels)
            A number for each window, or an error as `per_feature` returns it.
        X : array, DataFrame or list of these
            The data that was read.
        causal : bool, default False
            For one number per window: return that of the last window that ends at or before the time step, and NaN
            before the first window has ended.

        Returns
        -------
        float64 Tensor of shape (n,) or (n, channels)
            Several recordings are concatenated. If X is already cut into windows, `values` unchanged.
        """
        if ready(X):
            return values
        where = self._layout(self._recordings(X))
        if len(values) != len(where.starts):
            raise InputError(
                f"there are {len(values)} windows, but X has {len(where.starts)}: give the X they come from"
            )
        return where.last(values.detach().cpu()) if causal else where.mean(values.detach().cpu())

    def window_max(self, values: Tensor, X: Any) -> Tensor:
        """Return the largest value of the time steps in each window; `values` if X is already cut into windows.

        Examples
        --------
        >>> signals = Signals(window=4).learn([[0.0, 1.0, 2.0, 3.0, 4.0]])
        >>> signals.window_max(torch.tensor([5.0, 1.0, 2.0, 1.0, 3.0]), [0.0, 1.0, 2.0, 3.0, 4.0])
        tensor([5., 3.], dtype=torch.float64)
        """
        return values if ready(X) else self._layout(self._recordings(X)).window_max(values)

    def last_row_index(self, X: Any) -> Tensor:
        """Return the row index of the last time step in each window; of the window if X is already cut into windows.

        Examples
        --------
        >>> signals = Signals(window=4).learn([[0.0, 1.0, 2.0, 3.0, 4.0]])
        >>> signals.last_row_index([0.0, 1.0, 2.0, 3.0, 4.0])
        tensor([3, 4])
        """
        return torch.arange(len(X)) if ready(X) else self._layout(self._recordings(X)).last_row_index()

    def times(self, X: Any) -> np.ndarray:
        """Return the time of each time step of X: datetime64 in UTC or numbers; row indices if there are no times.

        Several recordings are concatenated.
        """
        recorded = self._recordings(X)
        return np.concatenate([np.arange(len(one)) if one.stamps is None else one.stamps for one in recorded])

    def _check_ready(self, X: Any) -> None:
        if X.shape[1] != self.window:
            raise InputError(
                f"these windows of shape {tuple(X.shape[1:])} hold {X.shape[1]} time steps, but window={self.window}: "
                f"use Signals(window={X.shape[1]})"
            )

    def keeps(self) -> list[str]:
        """Describe what a model file stores about the signal."""
        return [f"names of {len(self._known().offset):,} channels, mean, deviation and range of each"]

    # -- in the graph --------------------------------------------------------------------------------------------

    def forward(self, columns: Columns) -> Batch:
        """Return a batch with x float32 (windows, channels, window), and which of its elements were observed."""
        x = ((columns["windows"].double() - self.offset) / self.divisor).float()
        x, observed = carried(x), ~torch.isnan(x)
        return Batch(x, x, observed=observed)

    def invert(self, mean: Tensor) -> Columns:
        """Return the windows in the user's units; float64."""
        return {"windows": mean.double() * self.divisor + self.offset}

    def per_feature(self, error: Tensor) -> Tensor:
        """Return the error of each time step and channel of the windows: (windows, window, channels)."""
        return error.transpose(1, 2)

    def quantities(self, columns: Columns) -> Tensor:
        """Return the values of each time step and channel of the windows: (windows, window, channels)."""
        return columns["windows"].double().transpose(1, 2)

    # -- what it is ----------------------------------------------------------------------------------------------

    def numbers(self, X: Any) -> np.ndarray:
        """Return the values of all time steps: (time steps, channels)."""
        return np.concatenate([one.values for one in self._pieces(X)]).astype(np.float64)

    def channel_names(self) -> list[str]:
        """Return the names of the channels; x0, x1 … if they have none."""
        known = self._known()
        return list(known.names or (f"x{number}" for number in range(len(known.offset))))

    def fields(self) -> list[Field]:
        """Return one field: a window of all channels."""
        return [Field("signal", "signal", (self.window, len(self._known().offset)))]

    def column_names(self, *kinds: str) -> list[str]:
        """Return the names of the channels, which are of kind ``"float"``; among all columns, the times too."""
        known = self._known()
        channels = [] if kinds and "float" not in kinds else list(known.names or ())
        return channels if kinds or known.time is None else [known.time, *channels]

    def feature_names(self) -> list[str]:
        """Return ``CHANNEL[TIME STEP]`` for each number of a window, time steps counted from 0."""
        return [f"{name}[{step}]" for step in range(self.window) for name in self.channel_names()]

    def defaults(self) -> Defaults:
        """Return the mlp net and the squared error.

        On three channels with windows of 16, 64 and 256, the conv net had 0.94, 0.95 and 1.15 times the mlp net's error
        on new time steps, and took 4 to 13 times as long.
        """
        return Defaults(mlp_for(self.shape), lookup("likelihood/squared")())

    @property
    def summary(self) -> str:
        """A one-sentence description of the channels, the times and the windows."""
        known = self._known()
        times = (
            f"times in column {known.time!r}, a step of {known.step:g}" if known.time else "each row is one time step"
        )
        scaled = "each less its mean, divided by its deviation" if self.scale == "standard" else "as they are"
        count = len(known.offset)
        channels = f"{count} channel{'s' * (count > 1)} ({scaled})"
        return f"a signal of {channels}; {times}; windows of {self.window} time steps, one every {self.stride}"


def _check(window: int, stride: int, time: object, gaps: str, scale: str) -> None:
    """Raise an error for settings out of range."""
    if not (isinstance(window, (int, np.integer)) and window >= 2):
        raise InputError(f"window={window!r}: a window takes at least 2 time steps, a whole number")
    if not (isinstance(stride, (int, np.integer)) and 1 <= stride <= window):
        raise InputError(f"stride={stride!r}: windows follow each other after 1 to {window} time steps (one window)")
    if time is True:
        raise InputError("time=True: give the name of the time column, False for none, or None to infer it")
    for name, value, known in (("gaps", gaps, GAPS), ("scale", scale, SCALES)):
        if value not in known:
            raise InputError(unknown(name, value, known))
