"""Originals beside their reconstructions: images with captions, lines of signals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from isthmus.apps.figures.colours import BLUE, INK, MUTED, ORANGE
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.shapes import Image, Line, Shape, Text
from isthmus.apps.figures.signal import LEFT, RIGHT, WIDTH, axis_of, date_ticks, grid, thinned
from isthmus.apps.report.charts import Axis
from isthmus.apps.report.numbers import tick_text
from isthmus.apps.report.png import visible
from isthmus.support.errors import counted

SMALLEST, LARGEST = 128, 320
"""Pixels of the longer side of an image on a sheet: smaller ones are enlarged, larger ones made smaller."""
GAP, CAPTION = 8, 22
CAPTIONS = ("original", "reconstruction", "difference")
LEGEND = ("difference: reconstruction less original;", "grey is none, brighter where the reconstruction is brighter")
GAINS = (1, 2, 4, 8, 16, 32)
"""How much a difference may be enlarged to be seen."""
PANEL, APART, TOP = 110, 34, 58
MAX_CHANNELS = 8
ORIGINAL, RECONSTRUCTED, DIFFERENCE = BLUE, ORANGE, MUTED
WIDTHS = {ORIGINAL: 2.6, RECONSTRUCTED: 1.0, DIFFERENCE: 1.0}
"""Widths of the lines: an original is visible at both sides of a reconstruction that is drawn over it."""


@dataclass(frozen=True)
class Triple:
    """An image, its reconstruction, and the difference, each uint8 (height, width, 1 or 3)."""

    name: str
    panels: tuple[np.ndarray, np.ndarray, np.ndarray]


def gain_of(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> int:
    """Return how much the differences of all pairs can be enlarged without being clipped, but for a few pixels."""
    largest = max((float(np.quantile(np.abs(b - a), 0.995)) for a, b in pairs), default=1.0)
    return max((gain for gain in GAINS if gain * largest <= 1), default=1)


def triple(name: str, original: np.ndarray, reconstruction: np.ndarray, gain: int) -> Triple:
    """Return an image beside its reconstruction.

    Parameters
    ----------
    name : str
    original, reconstruction : ndarray of shape (height, width) or (height, width, channels)
        In [0, 1].
    gain : int
        How much the difference is enlarged; grey is none, brighter is where the reconstruction is brighter.
    """
    a, b = (visible(side if side.ndim == 3 else side[..., None]) for side in (original, reconstruction))
    difference = 0.5 + 0.5 * gain * (b - a)
    panels = [np.rint(255 * side.clip(0, 1)).astype(np.uint8) for side in (a, b, difference)]
    return Triple(name, (panels[0], panels[1], panels[2]))


def image_sheet(
    triples: Sequence[Triple],
    gain: int,
    largest: float = LARGEST,
    captions: tuple[str, str, str] = CAPTIONS,
    legend: tuple[str, str] = LEGEND,
) -> Figure:
    """Return all triples on one sheet, each with its name.

    Parameters
    ----------
    triples : sequence of Triple
    gain : int
        How much their differences are enlarged.
    largest : float, default 320
        Pixels of the longer side of an image, at most.
    captions, legend : tuples of str
        What the three panels are called, and what is said of the last.
    """
    sides = [_side(one, largest) for one in triples]
    width, height = (max(side[k] for side in sides) for k in (0, 1))
    block = 3 * width + 2 * GAP
    across = max(1, min(len(triples), round(sqrt(len(triples) * (height + CAPTION) / block))))
    shapes: list[Shape] = []
    captions = (*captions[:2], captions[2] + (f" × {gain}" if gain > 1 else ""))
    for index in range(across):
        left = GAP + index * (block + 3 * GAP)
        shapes += [Text(left + k * (width + GAP), 18, text, colour=INK) for k, text in enumerate(captions)]
    y = CAPTION + 4
    for start in range(0, len(triples), across):
        for index, one in enumerate(triples[start : start + across]):
            x = GAP + index * (block + 3 * GAP)
            shapes.append(Text(x, y + 14, one.name, size=11))
            for k, pixels in enumerate(one.panels):
                shapes.append(Image(x + k * (width + GAP), y + CAPTION - 2, *sides[start + index], pixels))
        y += max(side[1] for side in sides[start : start + across]) + CAPTION + GAP
    shapes += [Text(GAP, y + 10 + 15 * k, text, size=11) for k, text in enumerate(legend)]
    wide, text_width = GAP + across * (block + 3 * GAP), 5.6 * max(map(len, legend)) + GAP
    about = f"{counted(len(triples), 'image')}: {', '.join(captions)}."
    return Figure(max(wide, text_width), y + 34, shapes, about, scale=1)


def _side(one: Triple, largest: float) -> tuple[int, int]:
    """Return width and height of an image on the sheet: a whole multiple of a small one."""
    height, width, _ = one.panels[0].shape
    longest = max(height, width)
    factor = ceil(SMALLEST / longest) if longest < SMALLEST else min(1.0, largest / longest)
    return max(1, round(width * factor)), max(1, round(height * factor))


def signal_sheet(
    original: np.ndarray, reconstruction: np.ndarray, names: Sequence[str], times: np.ndarray, title: str
) -> Figure:
    """Return the lines of a signal and of its reconstruction, and below each channel their difference.

    Parameters
    ----------
    original, reconstruction : ndarray of shape (n, channels)
    names : sequence of str
    times : ndarray of shape (n,)
        Dates or numbers.
    title : str
    """
    dates = times.dtype.kind == "M"
    at = times.astype("M8[us]").astype(np.int64).astype(float) if dates else times.astype(float)
    across = Axis(float(at[0]), float(at[-1]), LEFT, WIDTH - RIGHT)
    x, shapes, top = across(at), _key(title), TOP
    for index, name in enumerate(names[:MAX_CHANNELS]):
        a, b = original[:, index], reconstruction[:, index]
        shapes += _panel(x, {ORIGINAL: a, RECONSTRUCTED: b}, top, PANEL, name)
        shapes += _panel(x, {DIFFERENCE: b - a}, top + PANEL + APART, PANEL / 2, f"{name}: difference")
        top += round(1.5 * PANEL) + 2 * APART
    ticks, texts = date_ticks(times) if dates else (across.ticks(8), None)
    for tick, text in zip(ticks, texts or [tick_text(tick) for tick in ticks], strict=True):
        shapes.append(Text(float(across(tick)), top - 12, text, "middle"))
    more = len(names) - MAX_CHANNELS
    shapes += [Text(LEFT, top + 8, f"and {more} more channels, which a table holds (.csv)")] if more > 0 else []
    return Figure(
        WIDTH, top + 16, shapes, f"{title}: {counted(len(names), 'channel')}, {counted(len(at), 'time step')}."
    )


def _key(title: str) -> list[Shape]:
    key = [(ORIGINAL, "original", 740), (RECONSTRUCTED, "reconstruction", 850)]
    lines = [Line(np.array([(x - 28.0, 23.5), (x - 6.0, 23.5)]), colour, 2.0) for colour, _, x in key]
    return [Text(LEFT, 28, title, colour=INK, size=16), *lines, *(Text(x, 28, text) for _, text, x in key)]


def _panel(x: np.ndarray, lines: dict[str, np.ndarray], top: float, tall: float, name: str) -> list[Shape]:
    """Draw lines by their colours over one axis, below a name."""
    up = axis_of(np.concatenate(list(lines.values())), top, tall)
    shapes: list[Shape] = [Text(LEFT, top - 7, name, colour=INK), *grid(up, up.ticks())]
    drawn = ((colour, thinned(x, np.asarray(up(values)))) for colour, values in lines.items())
    return [*shapes, *(Line(np.column_stack(points), colour, WIDTHS[colour]) for colour, points in drawn)]
