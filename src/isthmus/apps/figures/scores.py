"""The figure of scores: a histogram for each label, with the threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from isthmus.apps.figures.boxes import Box
from isthmus.apps.figures.colours import BLUE, INK, RED
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.shapes import Line, Shape, Text
from isthmus.apps.report.charts import Axis
from isthmus.apps.report.numbers import number, tick_text
from isthmus.support.errors import counted

WIDTH, LEFT, RIGHT, TOP, PANEL, SPACE, FOOT = 960, 78, 18, 62, 110, 40, 40
"""Dimensions of the figure, with one panel per label."""

MAX_LABELS = 6
"""Maximum number of labels that are drawn: those with the most rows."""

BINS = 90
FAR = 4
"""The axis is logarithmic if the largest score exceeds this multiple of the threshold."""
LOG_RANGE = 50
"""A logarithmic axis starts at the threshold divided by this; lower scores are drawn at its start."""

BAR, ALARM = BLUE, RED
"""Colours of rows below and above the threshold."""


def scores_figure(scores: Mapping[str, np.ndarray], threshold: float, title: str = "") -> Figure:
    """Return histograms of scores, one panel per label, with rows above the threshold in another colour.

    Parameters
    ----------
    scores : dict of ndarray of shape (n,)
        Scores by label; at most six labels are drawn, those with the most rows. Scores that are not finite are not
        drawn, and how many there are is said.
    threshold : float
    title : str, default ""
    """
    drawn = dict(sorted(scores.items(), key=lambda item: -len(item[1]))[:MAX_LABELS])
    across = _across(np.concatenate(list(drawn.values())), threshold)
    height = TOP + len(drawn) * (PANEL + SPACE) - SPACE + FOOT
    shapes: list[Shape] = [Text(LEFT, 24, title, colour=INK, size=16)]
    tops = {label: TOP + panel * (PANEL + SPACE) for panel, label in enumerate(drawn)}
    for label, values in drawn.items():
        shapes += _panel(across, values, threshold, tops[label], label)
    foot = height - FOOT
    for tick in _ticks(across):
        x = float(across(tick))
        shapes += [_line(x, foot, x, foot + 4), Text(x, foot + 18, tick_text(tick), "middle")]
    shapes += [Text(WIDTH / 2, foot + 35, "score", "middle"), *_key(f"threshold {number(float(f'{threshold:.4g}'))}")]
    rows = sum(map(len, scores.values()))
    said = f"{title or 'Scores'}: {counted(rows, 'row')}, the threshold at {threshold:.4g}."
    return Figure(WIDTH, height, shapes, said)


def _line(x1: float, y1: float, x2: float, y2: float) -> Line:
    return Line(np.array([(x1, y1), (x2, y2)]))


def _key(said: str) -> list[Shape]:
    """Return what stands for the threshold in the head."""
    right = WIDTH - RIGHT
    left = right - 8 * len(said) - 26
    return [Text(right, 24, said, "end"), Line(np.array([(left, 19.5), (left + 24, 19.5)]), ALARM, dashed=True)]


def _across(values: np.ndarray, threshold: float) -> Axis:
    ends = np.append(values, threshold)
    ends = ends[np.isfinite(ends)]
    low, high = (float(ends.min()), float(ends.max())) if len(ends) else (0.0, 1.0)
    log = 0 < threshold < np.inf and high > FAR * threshold
    low = max(low, threshold / LOG_RANGE) if log else low
    return Axis(low, high if high > low else low + 1, LEFT, WIDTH - RIGHT, log)


def _ticks(across: Axis) -> list[float]:
    """Return round scores for the ticks of the axis."""
    if not across.log:
        return across.ticks()
    decades = range(-12, 13)
    round_scores = [m * 10.0**decade for decade in decades for m in (1, 2, 5)]
    return [value for value in round_scores if across.low <= value <= across.high]


def _panel(across: Axis, values: np.ndarray, threshold: float, top: float, label: str) -> list[Shape]:
    """Draw the histogram of one label: the height of a bar is its fraction of the rows of the label."""
    heading, values = _said(label, values, threshold), values[np.isfinite(values)]
    above, limit = values > threshold, float(across(min(max(threshold, across.low), across.high)))
    positions = across(np.maximum(values, across.low))
    counts = [np.histogram(positions[side], _edges(across))[0] for side in (~above, above)]
    tallest = max(1, int(np.maximum(*counts).max()))
    up = Axis(0.0, 100 * tallest / max(len(values), 1), top + PANEL, top)
    shapes: list[Shape] = [_line(LEFT, top + PANEL, WIDTH - RIGHT, top + PANEL)]
    for tick in _ends(up.ticks()):
        y = float(up(tick))
        shapes += [_line(LEFT, y, WIDTH - RIGHT, y), Text(LEFT - 8, y + 4, f"{number(tick)} %", "end")]
    for colour, side in zip((BAR, ALARM), counts, strict=True):
        shapes += _bars(across, side / tallest, limit, top + PANEL, colour)
    if np.isfinite(threshold):
        shapes.append(Line(np.array([(limit, top), (limit, top + PANEL)]), ALARM, dashed=True))
    return [*shapes, Text(LEFT, top - 8, heading, colour=INK)]


def _edges(across: Axis) -> np.ndarray:
    return np.linspace(across.start, across.end, BINS + 1)


def _bars(across: Axis, heights: np.ndarray, limit: float, foot: float, colour: str) -> list[Box]:
    """Draw the bars on one side of the threshold; `heights` are fractions of the tallest bar."""
    edges, bars = _edges(across), []
    for at in np.flatnonzero(heights):
        left, right = float(edges[at]), float(edges[at + 1])
        left, right = (left, min(right, limit)) if colour == BAR else (max(left, limit), right)
        tall, wide = max(PANEL * float(heights[at]), 0.8), max(right - left - 0.6, 0.6)
        bars.append(Box(left, foot - tall, wide, tall, colour))
    return bars


def _said(label: str, values: np.ndarray, threshold: float) -> str:
    """Return the heading of a panel."""
    odd = int((~np.isfinite(values)).sum())
    flagged = float((values > threshold).mean()) if len(values) else 0.0
    left_out = f", {odd:,} without a finite score not drawn" if odd else ""
    said = f"{counted(len(values), 'row')}, {flagged:.2%} flagged{left_out}"
    return f"{label}: {said}" if label else said


def _ends(ticks: Sequence[float]) -> list[float]:
    """Return the highest tick, and the middle one."""
    positive = [tick for tick in ticks if tick > 0]
    return [positive[-1], *([positive[len(positive) // 2 - 1]] if len(positive) > 2 else [])] if positive else []
