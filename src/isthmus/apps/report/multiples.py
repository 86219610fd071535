"""Small multiples: many windows of a signal side by side, each a few curves."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from isthmus.apps.report.blocks import Drawing
from isthmus.apps.report.charts import broken_line

WIDE, TALL, GAP, HEAD = 132, 64, 14, 16
"""Sizes of one window, of the space between two, and of a name above."""

COLOURS = 10
CHANNELS = 6
"""Channels that are drawn, at most: the first ones."""


def small_multiples(
    windows: np.ndarray, across: int, channels: Sequence[str], what: str, caption: str = "", names: Sequence[str] = ()
) -> Drawing:
    """Return windows of shape (n, window, channels) as a drawing; all have one scale for each channel.

    Parameters
    ----------
    windows : ndarray of shape (n, window, channels)
    across : int
        Windows side by side.
    channels : sequence of str
        Names of the channels, for the legend.
    what : str
        What is shown, for who cannot see it.
    caption : str, default ""
    names : sequence of str, default ()
        Of the windows.
    """
    values = windows[:, :, :CHANNELS]
    low, high = np.nanmin(values, (0, 1)), np.nanmax(values, (0, 1))
    heights = (values - low) / np.where(high > low, high - low, 1.0)
    head = HEAD if len(names) else 0
    down = -(-len(windows) // across)
    width, height = across * (WIDE + GAP) - GAP, down * (TALL + GAP + head) - GAP
    parts = []
    for index, window in enumerate(heights):
        left, top = (index % across) * (WIDE + GAP), (index // across) * (TALL + GAP + head) + head
        parts.append(f'<rect x="{left}" y="{top}" width="{WIDE}" height="{TALL}"/>')
        if head:
            parts.append(f'<text x="{left}" y="{top - 4}">{escape(names[index])}</text>')
        for channel in range(values.shape[2]):
            x, y = left + np.linspace(2, WIDE - 2, len(window)), top + TALL - 4 - window[:, channel] * (TALL - 8)
            parts.append(f'<path class="c{channel % COLOURS}" d="{broken_line(x, y)}"/>')
    drawn = "\n".join(parts)
    svg = f'<svg class="multiples" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(what)}">{drawn}</svg>'
    legend = [(f"c{channel}", name) for channel, name in enumerate(channels[: values.shape[2]])]
    return Drawing(svg, what, caption, legend if len(legend) > 1 else [])
