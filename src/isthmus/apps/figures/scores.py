"""A figure of scores as one SVG file: a histogram for each label, with the threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from isthmus.apps.report.charts import Axis
from isthmus.apps.report.numbers import number

WIDTH, LEFT, RIGHT, TOP, PANEL, SPACE, FOOT = 960, 78, 18, 62, 110, 40, 40
"""Dimensions of the figure, with one panel per label."""

MAX_LABELS = 6
"""Maximum number of labels that are drawn: those with the most rows."""

BINS = 90
FAR = 4
"""The axis is logarithmic if the largest score exceeds this multiple of the threshold."""
LOG_RANGE = 50
"""A logarithmic axis starts at the threshold divided by this; lower scores are drawn at its start."""

STYLE = """
.scores { --paper: #ffffff; --ink: #1c2529; --muted: #566168; --rule: #e2dfd6; --bar: #2367ad; --alarm: #c42f3d;
  font: 13px system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
@media (prefers-color-scheme: dark) { .scores { --paper: #1a2226; --ink: #e9e7e2; --muted: #a5b0b6; --rule: #2f3a40;
  --bar: #62a5ea; --alarm: #f4727c; } }
.scores text { fill: var(--muted); font-variant-numeric: tabular-nums; paint-order: stroke; stroke: var(--paper);
  stroke-width: 4px; }
.scores .title { fill: var(--ink); font-size: 16px; font-weight: 600; } .scores .name { fill: var(--ink); }
.scores .y { text-anchor: end; } .scores .x { text-anchor: middle; } .scores .key { text-anchor: end; }
.scores path { stroke: var(--rule); fill: none; } .scores .threshold { stroke: var(--alarm); stroke-dasharray: 5 4; }
.scores .below { fill: var(--bar); } .scores .above { fill: var(--alarm); } .scores .paper { fill: var(--paper); }
"""


def scores_figure(scores: Mapping[str, np.ndarray], threshold: float, title: str = "") -> str:
    """Return histograms of scores, one panel per label, with rows above the threshold in another colour.

    Parameters
    ----------
    scores : dict of ndarray of shape (n,)
        Scores by label; at most six labels are drawn, those with the most rows.
    threshold : float
    title : str, default ""

    Returns
    -------
    str
        An SVG document.
    """
    drawn = dict(sorted(scores.items(), key=lambda item: -len(item[1]))[:MAX_LABELS])
    across = _across(np.concatenate(list(drawn.values())), threshold)
    height = TOP + len(drawn) * (PANEL + SPACE) - SPACE + FOOT
    parts = [_text("title", LEFT, 24, title)]
    tops = {label: TOP + panel * (PANEL + SPACE) for panel, label in enumerate(drawn)}
    for label, values in drawn.items():
        parts += _panel(across, values, threshold, tops[label])
    foot, limit = height - FOOT, float(across(threshold))
    for tick in _ticks(across):
        x = float(across(tick))
        parts += [f'<path d="M{x:.1f} {foot}v4"/>', _text("x", x, foot + 18, number(float(f"{tick:.6g}")))]
    parts += [f'<path class="threshold" d="M{limit:.1f} {TOP}V{foot}"/>', _text("x", WIDTH / 2, foot + 35, "score")]
    right, said = WIDTH - RIGHT, f"threshold {number(float(f'{threshold:.4g}'))}"
    parts += [_text("key", right, 24, said), f'<path class="threshold" d="M{right - 8 * len(said) - 26} 19.5h24"/>']
    parts += [_text("name", LEFT, tops[label] - 8, _said(label, values > threshold)) for label, values in drawn.items()]
    rows = sum(map(len, scores.values()))
    label = f"{title or 'Scores'}: {rows:,} rows, the threshold at {threshold:.4g}."
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="scores" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(label)}"><style>{STYLE}</style>\n'
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>\n{body}\n</svg>\n'
    )


def _across(values: np.ndarray, threshold: float) -> Axis:
    low, high = min(float(values.min()), threshold), max(float(values.max()), threshold)
    log = threshold > 0 and high > FAR * threshold
    low = max(low, threshold / LOG_RANGE) if log else low
    return Axis(low, high if high > low else low + 1, LEFT, WIDTH - RIGHT, log)


def _ticks(across: Axis) -> list[float]:
    """Return round scores for the ticks of the axis."""
    if not across.log:
        return across.ticks()
    decades = range(-12, 13)
    round_scores = [m * 10.0**decade for decade in decades for m in (1, 2, 5)]
    return [value for value in round_scores if across.low <= value <= across.high]


def _panel(across: Axis, values: np.ndarray, threshold: float, top: float) -> list[str]:
    """Draw the histogram of one label: the height of a bar is its fraction of the rows of the label."""
    edges = np.linspace(across.start, across.end, BINS + 1)
    limit, positions = float(across(threshold)), across(np.maximum(values, across.low))
    above = values > threshold
    counts = [np.histogram(positions[side], edges)[0] for side in (~above, above)]
    tallest = max(1, int(np.maximum(*counts).max()))
    up = Axis(0.0, 100 * tallest / max(len(values), 1), top + PANEL, top)
    parts = [f'<path d="M{LEFT} {top + PANEL}H{WIDTH - RIGHT}"/>']
    for tick in _ends(up.ticks()):
        y = float(up(tick))
        parts += [f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>', _text("y", LEFT - 8, y + 4, f"{number(tick)} %")]
    for style, side in zip(("below", "above"), counts, strict=True):
        for at in np.flatnonzero(side):
            left, right = float(edges[at]), float(edges[at + 1])
            left, right = (left, min(right, limit)) if style == "below" else (max(left, limit), right)
            tall = max(PANEL * side[at] / tallest, 0.8)
            wide = max(right - left - 0.6, 0.6)
            parts.append(
                f'<rect class="{style}" x="{left:.1f}" y="{top + PANEL - tall:.1f}" width="{wide:.1f}" '
                f'height="{tall:.1f}"/>'
            )
    return parts


def _said(label: str, above: np.ndarray) -> str:
    """Return the heading of a panel."""
    said = f"{len(above):,} rows, {above.mean():.2%} flagged"
    return f"{label}: {said}" if label else said


def _ends(ticks: Sequence[float]) -> list[float]:
    """Return the highest tick, and the middle one."""
    positive = [tick for tick in ticks if tick > 0]
    return [positive[-1], *([positive[len(positive) // 2 - 1]] if len(positive) > 2 else [])] if positive else []


def _text(style: str, x: float, y: float, text: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>' if text else ""
