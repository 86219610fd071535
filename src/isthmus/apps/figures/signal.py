"""A figure of a signal as one SVG file: its channels, the score, the threshold and the intervals."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike

from isthmus.apps.report.charts import Axis
from isthmus.apps.report.numbers import number
from isthmus.support.atomic import atomic

WIDTH, LEFT, RIGHT, TOP, PANEL, SPACE, FOOT = 960, 78, 18, 62, 88, 24, 30
"""Dimensions of the figure, with one panel per channel, and one for the score."""

MAX_CHANNELS = 8
"""Maximum number of channels that are drawn."""

STYLE = """
.signal { --paper: #ffffff; --ink: #1c2529; --muted: #566168; --rule: #e2dfd6; --line: #2367ad; --score: #566168;
  --alarm: #c42f3d; --truth: #2b8a4b; font: 13px system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
@media (prefers-color-scheme: dark) { .signal { --paper: #1a2226; --ink: #e9e7e2; --muted: #a5b0b6; --rule: #2f3a40;
  --line: #62a5ea; --score: #a5b0b6; --alarm: #f4727c; --truth: #5fc481; } }
.signal text { fill: var(--muted); font-variant-numeric: tabular-nums; }
.signal .title { fill: var(--ink); font-size: 16px; font-weight: 600; }
.signal .name { fill: var(--ink); font-weight: 600; }
.signal .y { text-anchor: end; } .signal .x { text-anchor: middle; } .signal .key { text-anchor: end; }
.signal path { fill: none; stroke-linejoin: round; }
.signal .grid { stroke: var(--rule); } .signal .line { stroke: var(--line); stroke-width: 1.3; }
.signal .score { stroke: var(--score); stroke-width: 1.3; } .signal .above { stroke: var(--alarm); stroke-width: 1.6; }
.signal .threshold { stroke: var(--alarm); stroke-dasharray: 5 4; }
.signal .flagged { fill: var(--alarm); fill-opacity: 0.16; } .signal .truth { fill: var(--truth); }
.signal .paper { fill: var(--paper); }
"""


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
) -> str:
    """Return a figure of a signal and its anomalies as an SVG document.

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
    parts = [_text("title", LEFT, 24, title), *_key(bool(known))]
    for first, last in ((_number(a), _number(b)) for a, b in known):
        parts.append(_box("truth", across(first), across(last), TOP - 24, TOP - 20))
    for one in intervals:
        parts.append(_box("flagged", x[one.first], x[one.last], TOP, foot))
    for panel, index in enumerate(chosen):
        parts += _panel(x, values[:, index], TOP + panel * (PANEL + SPACE), "line", names[index])
    top = TOP + len(chosen) * (PANEL + SPACE)
    parts += _panel(x, score, top, "score", "score", threshold=threshold, log=log)
    parts += _ticks(across, at, foot, dates)
    label = (
        f"{title or 'A signal'}: {len(chosen)} channels, {len(score):,} time steps, {len(intervals)} flagged intervals."
    )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="signal" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(label)}"><style>{STYLE}</style>\n'
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>\n{body}\n</svg>\n'
    )


def write_figure(path: str | os.PathLike[str], svg: str) -> None:
    """Write the figure; an existing file is replaced only once the new one is complete."""
    with atomic(path) as temporary:
        temporary.write_text(svg, encoding="utf-8")


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
    x: np.ndarray, y: np.ndarray, top: float, style: str, name: str, threshold: float | None = None, log: bool = False
) -> list[str]:
    """Draw one panel: its grid, its line (in another colour above the threshold) and its name."""
    finite = y[np.isfinite(y)]
    ends = np.append(finite, threshold) if threshold is not None else finite
    if log:
        ends = np.maximum(ends, max(float(np.median(finite[finite > 0])) / 10, 1e-300))
    low, high = (float(ends.min()), float(ends.max())) if len(ends) else (0.0, 1.0)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    axis = Axis(low, high, top + PANEL, top, log)
    drawn = axis(np.clip(y, low, high))
    parts = []
    for tick in _few(axis.ticks()):
        height = float(axis(tick))
        parts.append(f'<path class="grid" d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text("y", LEFT - 8, height + 4, number(float(f"{tick:.6g}"))))
    parts.append(f'<path class="{style}" d="{_line(x, drawn)}"/>')
    if threshold is not None:
        parts.append(f'<path class="above" d="{_line(x, np.where(y > threshold, drawn, np.nan))}"/>')
        parts.append(f'<path class="threshold" d="M{LEFT} {float(axis(threshold)):.1f}H{WIDTH - RIGHT}"/>')
    return [*parts, _text("name", LEFT, top - 5, name)]


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


def _line(x: np.ndarray, y: np.ndarray) -> str:
    """Return a path, with gaps for NaN; for many time steps, through the lowest and the highest value in each pixel."""
    x, y = thinned(x, y)
    there = np.isfinite(y)
    starts = there & ~np.concatenate([[False], there[:-1]])
    return "".join(
        f"{'M' if s else 'L'}{a:.1f} {b:.1f}" for a, b, s in zip(x[there], y[there], starts[there], strict=True)
    )


def _box(style: str, left: SupportsFloat, right: SupportsFloat, top: float, bottom: float) -> str:
    wide = max(float(right) - float(left), 1.5)
    return f'<rect class="{style}" x="{float(left):.1f}" y="{top}" width="{wide:.1f}" height="{bottom - top}"/>'


def _text(style: str, x: float, y: float, text: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>' if text else ""


def _key(known: bool) -> list[str]:
    """Return the legend."""
    entries = [("flagged", "flagged", 68), *([("truth", "labelled", 76)] if known else [])]
    parts, right = [], WIDTH - RIGHT
    for style, text, wide in entries:
        parts += [_text("key", right, 24, text), _box(style, right - wide, right - wide + 12, 13, 25)]
        right -= wide + 20
    return [*parts, _text("key", right, 24, "threshold"), f'<path class="threshold" d="M{right - 96} 19.5h24"/>']


def _ticks(across: Axis, times: np.ndarray, foot: float, dates: bool) -> list[str]:
    """Return the ticks of the horizontal axis, at round times."""
    ticks, texts = date_ticks(times) if dates else (across.ticks(LABELS), None)
    texts = texts or [number(float(f"{tick:.6g}")) for tick in ticks]
    parts = []
    for tick, text in zip(ticks, texts, strict=True):
        x = float(across(tick))
        parts += [f'<path class="grid" d="M{x:.1f} {TOP}V{foot + 4}"/>', _text("x", x, foot + 19, text)]
    return parts


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
