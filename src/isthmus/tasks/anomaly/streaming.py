"""Streaming: scores of time steps as values arrive, in bounded memory, equal to those of the whole signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import torch

from isthmus.core.data import Windowed
from isthmus.data.tables.codec import to_seconds
from isthmus.support.errors import InputError, counted, unknown

Item = Any
"""A time step of the user's: a number, a sequence of numbers, or a mapping of names to values."""
WindowScore = Callable[[np.ndarray], np.ndarray]
"""A function from windows (windows, window, channels) to their scores."""


def of_graph(graph: torch.nn.Module, name: str = "score") -> WindowScore:
    """Return a function that scores windows with one of an estimator's graphs; faster for single windows."""

    @torch.no_grad()
    def score(windows: np.ndarray) -> np.ndarray:
        scores: np.ndarray = graph({"windows": torch.from_numpy(windows).transpose(1, 2)})[name].numpy()
        return scores

    return score


def score_stream(
    score: WindowScore, signals: Windowed, items: Iterable[Item], delay: int | None = None
) -> Iterator[float]:
    """Yield the score of each time step, in order.

    Parameters
    ----------
    score : callable
        From windows (1, window, channels) to their scores (1,): ``of_graph(detector.graphs()["score"])``, say.
    signals : Signals, or other data that are windowed
        Fitted.
    items : iterable
        The time steps: each a number, a sequence of one value for each channel, or a mapping of names to values. NaN is
        a missing value. If the mapping has the learnt time column, missing time steps are bridged as in `Signals` with
        ``gaps="bridge"``, and times must be increasing.
    delay : 0 or None, default None
        None: the score of the whole signal, the mean over the windows that cover a time step: that of time step t is
        yielded when time step t + window − 1 has arrived, the last ones at the end. 0: the score of the last window
        that ends at t, or before, at once; NaN until one has ended.

    Raises
    ------
    InputError
        `delay` is neither 0 nor None; an item, named by its number, does not fit the channels or its time is not later
        than the one before; or the stream is shorter than a window.
    """
    if delay not in (0, None, signals.window - 1):
        raise InputError(f"delay={delay!r}: give 0 for scores at once, or None for window - 1 = {signals.window - 1}")
    stretch = Stretch(score, signals, causal=delay == 0)
    clock, rows = Clock(signals), 0
    for rows, item in enumerate(items, start=1):
        values = _values(item, signals, rows - 1)
        missing = clock.missing(item, rows - 1)
        if missing >= signals.window:
            yield from stretch.end()
            stretch = Stretch(score, signals, causal=delay == 0)
            missing = 0
        for _ in range(missing):
            yield from stretch.push(np.full_like(values, np.nan), wanted=False)
        yield from stretch.push(values)
    if 0 < rows < signals.window:
        raise InputError(
            f"the stream ended after {counted(rows, 'time step')}, but a window takes {signals.window}: give more"
        )
    yield from stretch.end()


class Stretch:
    """Time steps without a long gap, of which only the last ones are kept.

    Parameters
    ----------
    score : callable
    signals : Windowed
    causal : bool
        Whether each time step gets the score of the last window that ended.
    """

    def __init__(self, score: WindowScore, signals: Windowed, causal: bool) -> None:
        self._score, self._causal = score, causal
        self._window, self._stride = signals.window, signals.stride
        self._values = np.full((signals.window, len(signals.channel_names())), np.nan)
        self._total, self._count = np.zeros(signals.window), np.zeros(signals.window)
        self._wanted = np.zeros(signals.window, dtype=bool)
        self._length = 0
        self._last = np.nan

    def push(self, values: np.ndarray, wanted: bool = True) -> Iterator[float]:
        """Add a time step, and yield the scores that are now final; those not `wanted` are left out."""
        for ring in (self._values, self._total, self._count, self._wanted):
            ring[:-1] = ring[1:]
        self._values[-1], self._total[-1], self._count[-1], self._wanted[-1] = values, 0, 0, wanted
        self._length += 1
        begin = self._length - self._window
        if begin >= 0 and begin % self._stride == 0:
            self._cover()
        if self._causal:
            yield from [self._last] if wanted else []
        elif begin >= 0:
            yield from self._mean(0)

    def _cover(self) -> None:
        """Score the window that ends here."""
        self._last = float(self._score(self._values[None])[0])
        self._total += self._last
        self._count += 1

    def _mean(self, index: int) -> Iterator[float]:
        """Yield the mean over the windows that cover a time step."""
        if self._wanted[index]:
            yield float(self._total[index] / self._count[index])

    def end(self) -> Iterator[float]:
        """Yield the scores of the remaining time steps; an extra window covers those without one."""
        if self._causal or self._length == 0:
            return
        while self._length < self._window:  # a short stretch is filled up, as in the whole signal
            yield from self.push(np.full(self._values.shape[1], np.nan), wanted=False)
        uncovered = self._count == 0
        if uncovered.any():
            self._total[uncovered], self._count[uncovered] = float(self._score(self._values[None])[0]), 1
        for index in range(1, self._window):
            yield from self._mean(index)


class Clock:
    """Counts the time steps that are missing between the times of items."""

    def __init__(self, signals: Windowed) -> None:
        self._timing = signals.timing
        self._before: float | None = None

    def missing(self, item: Item, row: int) -> int:
        """Return the number of time steps missing before an item."""
        if self._timing is None or not isinstance(item, Mapping) or self._timing.name not in item:
            return 0
        name, step, refuse = self._timing
        now, before = _seconds(item[name], name, row), self._before
        self._before = now
        if before is None:
            return 0
        if now <= before:
            raise InputError(f"{name!r}, item {row}: the time {item[name]} is not after the one before")
        missing = max(round((now - before) / step), 1) - 1
        if missing and refuse:
            gap = f"{counted(missing, 'time step')} {'is' if missing == 1 else 'are'} missing"
            raise InputError(f"{name!r}, item {row}: {gap} before {item[name]}")
        return missing


def _seconds(time: Item, name: str, row: int) -> float:
    try:
        return to_seconds(time) if isinstance(time, (str, date, np.datetime64)) else float(time)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name!r}, item {row}: {time!r} is no time") from error


def _values(item: Item, signals: Windowed, row: int) -> np.ndarray:
    """Return the values of an item, one for each channel."""
    names = signals.channel_names()
    if isinstance(item, Mapping):
        for name in names:
            if name not in item:
                raise InputError(f"item {row}: {unknown('channel', name, map(str, item))}")
        item = [item[name] for name in names]
    try:
        values = np.atleast_1d(np.asarray(item, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise InputError(f"item {row}: {item!r} is no number, nor a sequence of numbers") from error
    if values.shape != (len(names),):
        raise InputError(f"item {row} has the shape {values.shape}, but there are {len(names)} channels: {names}")
    if np.isinf(values).any():
        raise InputError(f"item {row}: infinity in {values.tolist()}; give a finite number, or NaN for a gap")
    return values
