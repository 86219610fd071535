"""The figure of a signal: its channels, the score, the threshold and the intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike

from isthmus.apps.figures.boxes import Box
from isthmus.apps.figures.colours import BLUE, GROUPS, INK, MUTED, RED
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.shapes import Line, Shape, Text
from isthmus.apps.report.charts import Axis
from isthmus.apps.report.numbers import tick_text
from isthmus.support.errors import counted

WIDTH, LEFT, RIGHT, TOP, PANEL, SPACE, FOOT = 960, 78, 18, 62, 88, 24, 30
"""Dimensions of the figure, with one panel per channel, and one for the score."""

MAX_CHANNELS = 8
"""Maximum number of channels that are drawn."""

CURVE, ALARM, KNOWN = BLUE, RED, GROUPS[2]
"""Colours of channels, of what is above the threshold, and of known anomalies."""
SHADE = 0.16
"""Opacity of what is flagged."""


def signal_figure(
    values: ArrayLike,
    score: ArrayLike,
    threshold: float,
    intervals: Sequence[Any] = (),
    *,
    times: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    known: Sequence[tuple[Any, Any]] = (),
    title: str = "",
    log: bool = False,
) -> Figure:
    """Return the figure of a signal and its anomalies.

    Parameters
    ----------
    values : array of shape (n,) or (n, channels)
        At most eight channels are drawn: those that contribute most to the intervals, in their order.
    score : array of shape (n,)
    threshold : float
    intervals : sequence of Interval, default ()
        The intervals to shade.
    times : array of shape (n,), optional
        datetime64 or numbers, increasing; default: row indices.
    names : sequence of str, optional
        Names of the channels.
    known : sequence of (start, end), default ()
        Known anomalies, in units of `times`, drawn as bars above the panels.
    title : str, default ""
    log : bool, default False
        Whether the score has a logarithmic axis.
    """
    score = np.asarray(score, dtype=np.float64)
    values = np.asarray(values, dtype=np.float64).reshape(len(score), -1)
    names = list(names) if names is not None else [f"x{index}" for index in range(values.shape[1])]
    at = np.arange(len(score)) if times is None else np.asarray(times)
    dates, across = at.dtype.kind == "M", _across(at)
    x = across(_number(at))
    chosen = _chosen(names, intervals)
    height = TOP + (len(chosen) + 1) * (PANEL + SPACE) + FOOT
    foot = height - FOOT - SPACE
    shapes: list[Shape] = [Text(LEFT, 24, title, colour=INK, size=16), *_key(bool(known))]
    for first, last in ((_number(a), _number(b)) for a, b in known):
        shapes.append(_box(across(first), across(last), TOP - 24, TOP - 20, KNOWN))
    for one in intervals:
        shapes.append(_box(x[one.first], x[one.last], TOP, foot, ALARM, SHADE))
    shapes += _ticks(across, at, foot, dates)
    for panel, index in enumerate(chosen):
        shapes += _panel(x, values[:, index], TOP + panel * (PANEL + SPACE), CURVE, names[index])
    top = TOP + len(chosen) * (PANEL + SPACE)
    shapes += _panel(x, score, top, MUTED, "score", threshold=threshold, log=log)
    counts = {"channel": len(chosen), "time step": len(score), "flagged interval": len(intervals)}
    said = ", ".join(counted(count, noun) for noun, count in counts.items())
    return Figure(WIDTH, height, shapes, f"{title or 'A signal'}: {said}.")


def _chosen(names: Sequence[str], intervals: Sequence[Any]) -> list[int]:
    """Return the indices of the channels that are drawn."""
    contributions = {name: sum(one.channels.get(name, 0.0) for one in intervals) for name in names}
    chosen = sorted(range(len(names)), key=lambda index: -contributions[names[index]])[:MAX_CHANNELS]
    return sorted(chosen)


def _number(times: ArrayLike) -> np.ndarray:
    """Return times as numbers: microseconds for dates."""
    times = np.asarray(times)
    if times.dtype.kind in "US":
        times = times.astype("datetime64[us]")
    return times.astype("datetime64[us]").astype(np.int64) / 1.0 if times.dtype.kind == "M" else times.astype(float)


def _across(times: np.ndarray) -> Axis:
    low, high = float(_number(times)[0]), float(_number(times)[-1])
    return Axis(low, high if high > low else low + 1, LEFT, WIDTH - RIGHT)


def _panel(
    x: np.ndarray, y: np.ndarray, top: float, colour: str, name: str, threshold: float | None = None, log: bool = False
) -> list[Shape]:
    """Draw one panel: its grid, its line (in another colour above the threshold) and its name."""
    ends = y if threshold is None else np.append(y, threshold)
    if log and (y[np.isfinite(y)] > 0).any():
        ends = np.maximum(ends, max(float(np.median(y[np.isfinite(y) & (y > 0)])) / 10, 1e-300))
    axis = axis_of(ends, top, PANEL, log)
    drawn = axis(np.clip(y, axis.low, axis.high))
    shapes = [*grid(axis, _few(axis.ticks())), _curve(x, drawn, colour, 1.3)]
    if threshold is not None:
        shapes.append(_curve(x, np.where(y > threshold, drawn, np.nan), ALARM, 1.6))
    if threshold is not None and np.isfinite(threshold):
        shapes.append(replace(_level(float(axis(threshold))), colour=ALARM, dashed=True))
    return [*shapes, Text(LEFT, top - 5, name, colour=INK)]


def axis_of(values: np.ndarray, top: float, tall: float, log: bool = False) -> Axis:
    """Return the upright axis of a panel, which has all finite values on it."""
    ends = values[np.isfinite(values)]
    low, high = (float(ends.min()), float(ends.max())) if len(ends) else (0.0, 1.0)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    return Axis(low, high, top + tall, top, log and low > 0)


def grid(axis: Axis, ticks: Sequence[float]) -> list[Shape]:
    """Draw level lines at some values of an upright axis, and their numbers."""
    shapes: list[Shape] = []
    for tick in ticks:
        y = float(axis(tick))
        shapes += [_level(y), Text(LEFT - 8, y + 4, tick_text(tick), "end")]
    return shapes


def _level(y: float) -> Line:
    return Line(np.array([(LEFT, y), (WIDTH - RIGHT, y)]))


def _few(ticks: list[float]) -> list[float]:
    return ticks[:: max(1, -(-len(ticks) // 4))]


def thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of a line; of very many, the lowest and the highest value in each pixel."""
    if len(x) <= 3 * WIDTH:
        return x, y
    column = np.floor(x).astype(int)
    begins = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    pairs = np.stack([np.fmin.reduceat(y, begins), np.fmax.reduceat(y, begins)], 1)
    return np.repeat(x[begins], 2), pairs.ravel()


def _curve(x: np.ndarray, y: np.ndarray, colour: str, width: float) -> Line:
    """Return a line, with gaps for NaN; for many time steps, through the lowest and the highest value in each pixel."""
    return Line(np.column_stack(thinned(x, y)), colour, width)


def _box(
    left: SupportsFloat, right: SupportsFloat, top: float, bottom: float, colour: str, opacity: float = 1.0
) -> Box:
    return Box(float(left), top, max(float(right) - float(left), 1.5), bottom - top, colour, opacity)


def _key(known: bool) -> list[Shape]:
    """Return the legend."""
    entries = [("flagged", ALARM, SHADE, 68), *([("labelled", KNOWN, 1.0, 76)] if known else [])]
    shapes: list[Shape] = []
    right = WIDTH - RIGHT
    for text, colour, opacity, wide in entries:
        shapes += [Text(right, 24, text, "end"), _box(right - wide, right - wide + 12, 13, 25, colour, opacity)]
        right -= wide + 20
    dashes = Line(np.array([(right - 96, 19.5), (right - 72, 19.5)]), ALARM, dashed=True)
    return [*shapes, Text(right, 24, "threshold", "end"), dashes]


def _ticks(across: Axis, times: np.ndarray, foot: float, dates: bool) -> list[Shape]:
    """Return the ticks of the horizontal axis, at round times."""
    ticks, texts = date_ticks(times) if dates else (across.ticks(LABELS), None)
    texts = texts or [tick_text(tick) for tick in ticks]
    shapes: list[Shape] = []
    for tick, text in zip(ticks, texts, strict=True):
        x = float(across(tick))
        shapes += [Line(np.array([(x, TOP), (x, foot + 4)])), Text(x, foot + 19, text, "middle")]
    return shapes


STEPS = (
    *((many, "s") for many in (1, 5, 15, 30)),
    *((many, "m") for many in (1, 5, 15, 30)),
    *((many, "h") for many in (1, 3, 6, 12)),
    *((many, "D") for many in (1, 2, 7, 14)),
    *((many, "M") for many in (1, 3)),
    *((many, "Y") for many in (1, 5)),
)
"""Possible distances of date ticks."""

LABELS = 8
"""Approximate number of ticks of the horizontal axis."""


def date_ticks(times: np.ndarray) -> tuple[list[float], list[str]]:
    """Return round dates within `times`, and their labels."""
    span = (times[-1] - times[0]).astype("timedelta64[s]").astype(np.int64)
    size = {"s": 1, "m": 60, "h": 3600, "D": 86400, "M": 2629746, "Y": 31556952}
    many, unit = next((step for step in STEPS if span / (step[0] * size[step[1]]) <= LABELS), STEPS[-1])
    first = int(times[0].astype(f"datetime64[{unit}]").astype(np.int64)) // many * many
    last = int(times[-1].astype(f"datetime64[{unit}]").astype(np.int64))
    dates = np.arange(first, last + 1, many).astype(f"datetime64[{unit}]")
    dates = dates[(dates >= times[0]) & (dates <= times[-1])]
    cut = {
        "s": slice(11, 19),
        "m": slice(11, 16),
        "h": slice(5, 16),
        "D": slice(0, 10),
        "M": slice(0, 7),
        "Y": slice(0, 4),
    }
    return list(_number(dates)), [str(one).replace("T", " ")[cut[unit]] for one in dates.astype("datetime64[s]")]
