"""Charts: from numbers to shapes in the coordinates of a `Chart`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log10

import numpy as np

from isthmus.apps.report.blocks import Chart, Label, Mark
from isthmus.apps.report.numbers import number, tick_text

TICKS = 4
DECADES = 1.3
"""Values that span more powers of ten than this get a logarithmic axis."""

TALL, SHORT = 340, 190
"""Heights of a map, and of curves."""

FOOT = Chart.height - Chart.BOTTOM
"""Where the horizontal axis is, unless on a map."""

NAME = 3
"""Maximum length of names that are written among the points."""

SHADES = 5
CELLS = (6, 28)
"""Cells on a side of a density, at least and at most."""

LETTER, LINE = 13, 15
"""Width and height of a letter of a name among the points, with some space."""

MIN_ROWS = 5
"""Cells of a density that hold fewer rows are left blank: no single row can be seen."""


@dataclass(frozen=True)
class Axis:
    """Maps values to positions on a chart.

    Attributes
    ----------
    low, high : float
        Values at its ends.
    start, end : float
        Coordinates of its ends.
    log : bool
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, values: np.ndarray | float) -> np.ndarray:
        """Return coordinates."""
        low, high, at = self._scaled(self.low), self._scaled(self.high), self._scaled(values)
        return self.start + (at - low) / (high - low or 1.0) * (self.end - self.start)

    def _scaled(self, values: np.ndarray | float) -> np.ndarray:
        return np.log10(values) if self.log else np.asarray(values, dtype=float)

    def ticks(self, about: int = TICKS) -> list[float]:
        """Return round values within its ends: about `about` of them, unless it is logarithmic."""
        if self.log:
            decades = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
            every = (1,) if log10(self.high / self.low) > 3 else (1, 3)
            ticks = [m * 10.0**d for d in decades for m in every]
        else:
            step = _round_step((self.high - self.low) / about)
            ticks = [step * n for n in range(ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9) + 1)]
        return [value for value in ticks if self.low <= value * (1 + 1e-9) and value <= self.high * (1 + 1e-9) + 1e-12]


def _round_step(raw: float) -> float:
    if not raw > 0:
        return 1.0
    size = 10.0 ** floor(log10(raw))
    return next(size * m for m in (1, 2, 5, 10) if raw <= size * m * (1 + 1e-9))


def _axes(
    x: np.ndarray, y: np.ndarray, *, log: bool = False, pad: float = 0.0, zero: bool = False
) -> tuple[Axis, Axis]:
    """Return axes that include all values; with `zero`, also 0."""
    low, high = _ends(y, pad)
    across = Axis(*_ends(x, pad), Chart.LEFT, Chart.WIDTH - Chart.RIGHT)
    return across, Axis(min(0.0, low) if zero else low, high, FOOT, Chart.TOP, log)


def _map_axes(x: np.ndarray, y: np.ndarray, pad: float = 0.0) -> tuple[Axis, Axis]:
    """Return the axes of a map, which is taller."""
    across, up = _axes(x, y, pad=pad)
    return across, replace(up, start=TALL - Chart.BOTTOM)


def _ends(values: np.ndarray, pad: float) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    return low - pad * (high - low), high + pad * (high - low)


def _x_ticks(axis: Axis, foot: float = FOOT) -> list[Label]:
    return [Label(float(axis(value)), foot, tick_text(value)) for value in axis.ticks()]


def _y_ticks(axis: Axis) -> list[Label]:
    return [Label(Chart.LEFT, float(axis(value)), tick_text(value)) for value in axis.ticks()]


def _path(x: np.ndarray, y: np.ndarray) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def _dots(x: np.ndarray, y: np.ndarray) -> str:
    """Return lines of no length: with round ends they are dots."""
    return "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x, y, strict=True))


def lines(title: str, series: Mapping[str, np.ndarray], x_label: str, best: int | None = None) -> Chart:
    """Draw series over 1, 2, 3 …; a logarithmic axis where they span more than a decade.

    Parameters
    ----------
    series : dict of ndarray of shape (n,)
    best : int or None
        Index in the series that gets a vertical line.
    """
    every = np.concatenate(list(series.values()))
    every = every[np.isfinite(every)]
    log = len(every) > 0 and every.min() > 0 and log10(every.max() / every.min()) > DECADES
    steps = np.arange(1, max(map(len, series.values())) + 1)
    across, up = _axes(steps, every, log=log, zero=not log)
    marks = [Mark("best", f"M{across(best + 1):.1f} {Chart.TOP}V{FOOT}")] if best is not None else []
    for index, values in enumerate(series.values()):
        x, y = across(steps[: len(values)]), up(np.where(np.isfinite(values), values, up.high))
        marks.append(Mark(f"line c{index}", _path(x, y)))
        marks += [Mark(f"dots large c{index}", _dots(x, y))] if len(values) < 2 else []
    ends = "; ".join(f"{name} from {values[0]:.4g} to {values[-1]:.4g}" for name, values in series.items())
    legend = [(f"c{index}", name) for index, name in enumerate(series)] if len(series) > 1 else []
    legend += [("best", f"kept: {x_label} {best + 1}")] if best is not None else []
    whole = [tick for tick in _x_ticks(across) if tick.text.isdecimal()]
    return Chart(title, f"{title}: {ends}.", marks, whole, _y_ticks(up), x_label, legend=legend)


def curves(title: str, series: Mapping[str, np.ndarray], x_label: str, y_label: str = "", zero: bool = False) -> Chart:
    """Draw series over 0, 1, 2 …, each in its colour; where a value is missing, the line is broken.

    Parameters
    ----------
    series : dict of ndarray of shape (n,)
    zero : bool
        Whether the vertical axis includes 0.
    """
    every = np.concatenate(list(series.values())).astype(float)
    steps = np.arange(max(map(len, series.values())))
    across, up = _axes(steps, every, pad=0.0 if zero else 0.05, zero=zero)
    across = replace(across, low=float(steps[0]), high=float(max(steps[-1], 1)))
    up = replace(up, start=SHORT - Chart.BOTTOM)
    marks = [
        Mark(f"line c{index}", broken_line(across(steps[: len(values)]), up(values.astype(float))))
        for index, values in enumerate(series.values())
    ]
    legend = [(f"c{index}", name) for index, name in enumerate(series)] if len(series) > 1 else []
    description = f"{title}: {', '.join(series)} over {len(steps)} steps."
    x_ticks = [tick for tick in _x_ticks(across, up.start) if tick.text.isdecimal()]
    return Chart(title, description, marks, x_ticks, _y_ticks(up), x_label, y_label, legend=legend, height=SHORT)


def broken_line(x: np.ndarray, y: np.ndarray) -> str:
    """Return a path that is broken where y is not finite."""
    there = np.isfinite(y)
    starts = there & ~np.concatenate([[False], there[:-1]])
    points = zip(x[there], y[there], starts[there], strict=True)
    return "".join(f"{'M' if start else 'L'}{a:.1f} {b:.1f}" for a, b, start in points)


def histogram(title: str, values: np.ndarray, x_label: str, lines_at: Mapping[str, float], bins: int = 36) -> Chart:
    """Draw a histogram, with vertical lines at named values."""
    counts, edges = np.histogram(values, bins=bins)
    across, up = _axes(edges, counts.astype(float), zero=True)
    boxes = zip(across(edges[:-1]), across(edges[1:]), up(counts.astype(float)), strict=True)
    marks = [Mark("area c0", "".join(f"M{a:.1f} {FOOT}V{top:.1f}H{b - 0.8:.1f}V{FOOT}Z" for a, b, top in boxes))]
    for index, value in enumerate(lines_at.values(), start=1):
        marks.append(Mark(f"line c{index}", f"M{across(value):.1f} {FOOT}V{Chart.TOP}"))
    legend = [(f"c{index}", f"{name} {number(value)}") for index, (name, value) in enumerate(lines_at.items(), start=1)]
    named = ", ".join(text for _, text in legend)
    description = f"{title}: {len(values):,} values from {values.min():.4g} to {values.max():.4g}; {named}."
    return Chart(title, description, marks, _x_ticks(across), _y_ticks(up), x_label, "rows", legend=legend)


def spikes(title: str, values: np.ndarray, y_label: str, threshold: float | None = None) -> Chart:
    """Draw values in decreasing order as vertical bars; those below a threshold have another colour."""
    ordered = np.sort(values)[::-1]
    across, up = _axes(np.array([0.0, len(ordered)]), ordered, zero=True)
    width = max(0.8 * (Chart.WIDTH - Chart.LEFT - Chart.RIGHT) / len(ordered), 0.5)
    x, y = across(np.arange(len(ordered))), np.minimum(up(ordered), FOOT - 1.5)
    low = ordered < (-np.inf if threshold is None else threshold)
    marks = []
    for style, chosen in (("area c0", ~low), ("area c3", low)):
        boxes = zip(x[chosen], y[chosen], strict=True)
        marks.append(Mark(style, "".join(f"M{a:.2f} {FOOT}V{top:.1f}h{width:.2f}V{FOOT}Z" for a, top in boxes)))
    legend = [("c0", f"above {threshold:g}"), ("c3", f"below: {int(low.sum())}")] if low.any() else []
    description = f"{title}: {len(ordered)} bars in falling order, from {ordered[0]:.4g} to {ordered[-1]:.4g}."
    return Chart(
        title, description, marks, _x_ticks(across), _y_ticks(up), "units, in falling order", y_label, legend=legend
    )


def scatter(
    title: str, points: np.ndarray, axes: Sequence[str], groups: Mapping[str, np.ndarray], style: str = "c"
) -> Chart:
    """Draw points of shape (n, 2), each group (name to mask) in its colour; short names at the median of each."""
    across, up = _map_axes(points[:, 0], points[:, 1], pad=0.04)
    x, y = across(points[:, 0]), up(points[:, 1])
    named = {name: f"{style}{index}" for index, name in enumerate(groups)}
    marks = [Mark(f"dots {named[name]}", _dots(x[mask], y[mask])) for name, mask in groups.items()]
    short = style == "c" and len(groups) > 1 and max(map(len, groups)) <= NAME
    middles = [Label(float(np.median(x[m])), float(np.median(y[m])), name) for name, m in groups.items()]
    several = f" in {len(groups)} groups: {', '.join(groups)}" if len(groups) > 1 else ""
    description = f"{title}: {len(points):,} rows{several}."
    legend = [(named[name], name) for name in groups] if several else []
    labelled = _apart(middles) if short else []
    return Chart(
        title, description, marks, _x_ticks(across, up.start), _y_ticks(up), axes[0], axes[1], labelled, legend, TALL
    )


def _apart(labels: Sequence[Label]) -> list[Label]:
    """Return labels from top to bottom, moved down where they would cover another one."""
    clear: list[Label] = []
    for label in sorted(labels, key=lambda label: label.y):
        for other in sorted(clear, key=lambda other: other.y):
            wide = LETTER * (len(label.text) + len(other.text)) / 2
            if abs(other.x - label.x) < wide and abs(other.y - label.y) < LINE:
                label = replace(label, y=other.y + LINE)
        clear.append(label)
    return clear


def density(title: str, points: np.ndarray, axes: Sequence[str]) -> Chart:
    """Draw the density of points of shape (n, 2); cells with fewer than `MIN_ROWS` stay blank."""
    cells = int(np.clip(np.sqrt(len(points) / (2 * MIN_ROWS)), *CELLS))
    counts, x_edges, y_edges = np.histogram2d(points[:, 0], points[:, 1], bins=cells)
    across, up = _map_axes(x_edges, y_edges)
    top = max(counts.max(), MIN_ROWS)
    shade = np.where(counts < MIN_ROWS, -1, np.minimum(SHADES * counts / top, SHADES - 1).astype(int))
    marks = []
    for level in range(SHADES):
        i, j = np.nonzero(shade == level)
        boxes = zip(across(x_edges[i]), across(x_edges[i + 1]), up(y_edges[j]), up(y_edges[j + 1]), strict=True)
        path = "".join(f"M{a:.1f} {c:.1f}H{b:.1f}V{d:.1f}H{a:.1f}Z" for a, b, c, d in boxes)
        marks.append(Mark(f"area s{level}", path))
    description = f"{title}: a density of {len(points):,} rows; cells with fewer than {MIN_ROWS} are blank."
    return Chart(title, description, marks, _x_ticks(across, up.start), _y_ticks(up), axes[0], axes[1], height=TALL)
