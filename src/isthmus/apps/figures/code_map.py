"""The map of codes: a point for each row, coloured by its label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np

from isthmus.apps.figures.colours import GROUPS, INK, ORDERED
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.shapes import MARKS, Dots, Line, Shape, Text
from isthmus.apps.report.charts import Axis
from isthmus.apps.report.labels import groups_of, labels_of, ordered
from isthmus.apps.report.numbers import tick_text
from isthmus.apps.report.plane import Plane
from isthmus.support.errors import counted
from isthmus.support.lines import short

SIDE, LEFT, TOP, FOOT, LEGEND = 560, 70, 64, 56, 210
"""Dimensions: the square of the points, what is around it, and the width of a column of the legend."""
CLASSES = len(GROUPS) * len(MARKS)
"""Labels that colours and marks tell apart; where there are more, the rarest are drawn as one."""
DRAWN = 20_000
"""Points at most; of more rows, so many are drawn at random."""
LETTERS = 24
"""Letters of a label in the legend."""
NAMED, SHORT = 28, 8
"""Strips whose names stand beside them, at most, and the letters of such a name."""
BINS, FILLED = 60, 0.9
"""Across how many bins the density of a strip is measured, and how much of a strip it may fill."""
LINE = 20
"""From one line of the legend to the next."""


def code_map(codes: np.ndarray, labels: np.ndarray | None, title: str, label_name: str = "label") -> Figure:
    """Return the map of codes of shape (n, numbers): two numbers as they are, more by their PCA, one as strips.

    Parameters
    ----------
    codes : ndarray of shape (n, numbers)
    labels : ndarray of shape (n,), or None
    title, label_name : str
    """
    plane, n = Plane(codes), len(codes)
    chosen = np.sort(np.random.default_rng(0).permutation(n)[:DRAWN])
    names = [f"code {k}" for k in range(len(plane.names))] if plane.direct else [f"PCA, {name}" for name in plane.names]
    groups = {} if labels is None else grouped(labels_of(labels, n))
    across = _axis(plane.points[:, 0], LEFT, LEFT + SIDE)
    if plane.flat:
        up = _axis(plane.points[:, 1], TOP + SIDE, TOP)
        heights, beside = plane.points[:, 1], _ticks_up(up, names[1])
    else:
        up, heights = Axis(0, len(groups) or 1, TOP + SIDE, TOP), strips(plane.points[:, 0], list(groups.values()))
        beside = _strip_names(up, list(groups))
    at = np.column_stack([across(plane.points[:, 0]), up(heights)])
    styles = _styles(labels, groups)
    shapes = [
        *_frame(across, names[0]),
        *beside,
        *_points(at, chosen, groups, styles),
        *_legend(groups, styles, label_name),
    ]
    drawn = "" if n <= DRAWN else f", {DRAWN:,} of them drawn"
    shapes.insert(0, Text(LEFT, 28, f"{title}: codes of {counted(n, 'row')}{drawn}", colour=INK, size=16))
    columns = -(-len(groups) // _lines()) if groups else 0
    description = f"A map of {n:,} codes{f' in {len(groups)} groups: ' + ', '.join(groups) if groups else ''}."
    return Figure(LEFT + SIDE + 24 + columns * LEGEND, TOP + SIDE + FOOT, shapes, description)


def strips(values: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    """Return heights of codes of one number: a strip for each group, the first on top, spread out where many are.

    Parameters
    ----------
    values : ndarray of shape (n,)
    groups : sequence of ndarray of shape (n,)
        A mask for each; none: all are one group.

    Returns
    -------
    ndarray of shape (n,)
        From 0 to the number of groups.
    """
    tallest = FILLED * min(1.0, max(len(groups), 1) / 3)
    heights, anywhere = np.full(len(values), 0.5), np.random.default_rng(0).uniform(-0.5, 0.5, len(values))
    edges = np.linspace(values.min(), values.max(), BINS + 1)[1:-1]
    for index, mask in enumerate(groups or [np.ones(len(values), bool)]):
        bins = np.searchsorted(edges, values[mask])
        counts = np.bincount(bins, minlength=BINS)
        heights[mask] = max(len(groups), 1) - index - 0.5 + tallest * anywhere[mask] * counts[bins] / counts.max()
    return heights


def grouped(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return a mask for each label; of numbers by quantiles; the rarest of very many labels as one."""
    if ordered(labels):
        return groups_of(labels)
    texts = labels.astype(str)
    counts = Counter(texts.tolist())
    common = [name for name, _ in counts.most_common(CLASSES if len(counts) <= CLASSES else CLASSES - 1)]
    masks = {name: texts == name for name in sorted(common, key=_sorting)}
    rest = ~np.isin(texts, common)
    return {**masks, f"{len(counts) - len(common)} rarer ones": rest} if rest.any() else masks


def _sorting(name: str) -> tuple[bool, float, str]:
    """Return by what a label is sorted: numbers by their value, before words."""
    try:
        value = float(name)
    except ValueError:
        return True, 0.0, name
    return (False, value, name) if isfinite(value) else (True, 0.0, name)


def _styles(labels: np.ndarray | None, groups: Mapping[str, np.ndarray]) -> list[tuple[str, str]]:
    """Return colour and mark of each group."""
    if labels is not None and ordered(labels_of(labels, len(labels))):
        return [(ORDERED[at * len(ORDERED) // len(groups)], "circle") for at in range(len(groups))]
    return [(GROUPS[at % len(GROUPS)], MARKS[at // len(GROUPS)]) for at in range(len(groups))]


def _axis(values: np.ndarray, start: float, end: float) -> Axis:
    low, high = float(values.min()), float(values.max())
    pad = 0.04 * (high - low) or 0.5
    return Axis(low - pad, high + pad, start, end)


def _frame(across: Axis, name: str) -> list[Shape]:
    """Draw the lines of the grid from top to bottom, its numbers and the title of the axis."""
    shapes: list[Shape] = []
    for tick in across.ticks(6):
        x = float(across(tick))
        shapes += [Line(np.array([(x, TOP), (x, TOP + SIDE)])), Text(x, TOP + SIDE + 18, tick_text(tick), "middle")]
    return [*shapes, Text(LEFT + SIDE / 2, TOP + SIDE + 42, name, "middle", INK)]


def _ticks_up(up: Axis, name: str) -> list[Shape]:
    """Draw the lines of the grid from left to right, its numbers and the title of the axis."""
    shapes: list[Shape] = [Text(LEFT, TOP - 10, name, colour=INK)]
    for tick in up.ticks(6):
        y = float(up(tick))
        shapes += [_across(y), Text(LEFT - 8, y + 4, tick_text(tick), "end")]
    return shapes


def _strip_names(up: Axis, names: Sequence[str]) -> list[Shape]:
    """Draw the lines between strips, their names, and what their heights mean."""
    said = "the more codes there are, the taller the strip; heights within it mean nothing"
    shapes: list[Shape] = [
        Text(LEFT, TOP - 10, said, colour=INK),
        *(_across(float(up(at))) for at in range(len(names) + 1)),
    ]
    if len(names) <= NAMED:
        tops = [float(up(len(names) - index - 0.5)) for index in range(len(names))]
        shapes += [Text(LEFT - 8, y + 4, short(name, SHORT), "end") for y, name in zip(tops, names, strict=True)]
    return shapes


def _across(y: float) -> Line:
    return Line(np.array([(LEFT, y), (LEFT + SIDE, y)]))


def _points(
    at: np.ndarray, chosen: np.ndarray, groups: Mapping[str, np.ndarray], styles: list[tuple[str, str]]
) -> list[Shape]:
    radius = 3.0 if len(chosen) < 2000 else 2.0 if len(chosen) < 8000 else 1.4
    if not groups:
        return [Dots(at[chosen], GROUPS[0], radius=radius)]
    pairs = zip(groups.values(), styles, strict=True)
    return [Dots(at[chosen[mask[chosen]]], colour, mark, radius) for mask, (colour, mark) in pairs]


def _lines() -> int:
    """Return how many lines a column of the legend has."""
    return (SIDE - LINE) // LINE


def _legend(groups: Mapping[str, np.ndarray], styles: list[tuple[str, str]], title: str) -> list[Shape]:
    if not groups:
        return []
    left = LEFT + SIDE + 28
    shapes: list[Shape] = [Text(left, TOP + 4, title, colour=INK)]
    for index, (name, (colour, mark)) in enumerate(zip(groups, styles, strict=True)):
        x, y = left + index // _lines() * LEGEND, TOP + 26 + index % _lines() * LINE
        shapes += [Dots(np.array([(x + 6.0, y - 4.0)]), colour, mark, 5.0), Text(x + 20, y, short(name, LETTERS))]
    return shapes
