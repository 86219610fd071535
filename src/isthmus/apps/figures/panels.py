"""Panels: axes with lines or dots on them, two side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

import numpy as np

from isthmus.apps.figures.colours import BLUE, FAINT, INK, RED, RULE
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.shapes import Dot, Line, Shape, Text
from isthmus.apps.report.charts import DECADES, TICKS, Axis
from isthmus.apps.report.numbers import tick_text
from isthmus.support.lines import short

WIDE, TALL, LEFT, RIGHT, TOP, BOTTOM = 460, 270, 66, 16, 40, 46
"""Dimensions of a panel, and the space around its axes."""
HEAD = 44
"""Height of the title above the panels."""
ACROSS = 2
FEW_TICKS, X_TICKS = 3, 6
SMALL = 12
"""Size of all texts but titles."""


@dataclass(frozen=True)
class Scale:
    """The values along an axis: numbers, or names at whole numbers.

    Attributes
    ----------
    low, high : float
    log : bool
    names : sequence of str
        Names of the whole numbers; empty for numbers.
    """

    low: float
    high: float
    log: bool = False
    names: Sequence[str] = ()

    @classmethod
    def of(cls, values: Sequence[float], log: bool | None = None) -> Scale:
        """Return the scale of numbers; logarithmic where they span more than a decade, unless that is said."""
        finite = np.asarray(values, dtype=float)
        finite = finite[np.isfinite(finite)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        log = (low > 0 and log10(high / low) > DECADES) if log is None else log and low > 0
        if high - low <= 1e-12 * max(abs(low), abs(high)):
            low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
        return cls(low, high, log)

    @classmethod
    def named(cls, names: Sequence[str]) -> Scale:
        """Return the scale of names."""
        return cls(-0.5, len(names) - 0.5, names=names)

    def axis(self, start: float, end: float, pad: float) -> Axis:
        """Return the axis between two coordinates, with some space at its ends."""
        if self.log:
            room = (self.high / self.low) ** pad
            return Axis(self.low / room, self.high * room, start, end, log=True)
        room = 0.0 if self.names else pad * (self.high - self.low)
        return Axis(self.low - room, self.high + room, start, end)

    def ticks(self, axis: Axis, about: int = TICKS) -> list[tuple[float, str]]:
        """Return where ticks are, and what they say."""
        if self.names:
            return list(enumerate(self.names))
        ticks = _round(axis) if self.log and len(axis.ticks()) < FEW_TICKS else axis.ticks(about)
        return [(value, tick_text(value)) for value in ticks]


@dataclass(frozen=True)
class Curve:
    """A line through (x, y), with its name and its colour."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str


@dataclass(frozen=True)
class Spot:
    """A dot at (x, y)."""

    x: float
    y: float
    colour: str = BLUE
    radius: float = 4.0
    filled: bool = True
    title: str = ""


@dataclass(frozen=True)
class Panel:
    """Axes, and what is drawn on them.

    Attributes
    ----------
    title, x_label : str
    x, y : Scale
    curves : sequence of Curve
    spots : sequence of Spot
    upright : dict of float
        Upright lines by what they mark.
    whole : bool
        Whether x has ticks at whole numbers only.
    """

    title: str
    x_label: str
    x: Scale
    y: Scale
    curves: Sequence[Curve] = ()
    spots: Sequence[Spot] = ()
    upright: dict[str, float] = field(default_factory=dict)
    whole: bool = False

    def shapes(self, left: float, top: float) -> list[Shape]:
        """Return the panel drawn with its upper left corner at a point."""
        foot = top + TALL - BOTTOM
        across = self.x.axis(left + LEFT, left + WIDE - RIGHT, 0.03)
        up = self.y.axis(foot, top + TOP, 0.05)
        shapes: list[Shape] = [Text(left + LEFT, top + 24, self.title, colour=INK)]
        for value, text in self.y.ticks(up):
            height = float(up(value))
            shapes.append(_level(left, height))
            shapes.append(Text(left + LEFT - 8, height + 4, text, "end", size=SMALL))
        shapes.append(_level(left, foot, FAINT))
        shapes += self._x_ticks(across, foot)
        shapes.append(Text(left + (LEFT + WIDE - RIGHT) / 2, foot + 36, self.x_label, "middle", size=SMALL))
        return [*shapes, *self._marks(across, up, top, foot), *self._legend(left, top)]

    def _x_ticks(self, across: Axis, foot: float) -> list[Shape]:
        ticks = self.x.ticks(across, X_TICKS)
        if self.whole:
            ticks = [(x, text) for x, text in ticks if x >= self.x.low and x == round(x)]
        room = max(6, int((WIDE - LEFT - RIGHT) / 7 / max(len(ticks), 1)))
        return [Text(float(across(x)), foot + 18, short(text, room), "middle", size=SMALL) for x, text in ticks]

    def _marks(self, across: Axis, up: Axis, top: float, foot: float) -> list[Shape]:
        shapes: list[Shape] = []
        for x in self.upright.values():
            at = float(across(x))
            shapes.append(Line(np.array([(at, top + TOP), (at, foot)]), RED, 1.2, dashed=True))
        for curve in self.curves:
            line = Line(np.column_stack([across(np.asarray(curve.x)), up(np.asarray(curve.y))]), curve.colour, 1.6)
            alone = [part[0].tolist() for part in line.stretches() if len(part) == 1]
            shapes += [line, *(Dot(x, y, curve.colour) for x, y in alone)]
        for spot in self.spots:
            at_x, at_y = float(across(spot.x)), float(up(spot.y))
            shapes.append(Dot(at_x, at_y, spot.colour, spot.radius, spot.filled, spot.title))
        return shapes

    def _legend(self, left: float, top: float) -> list[Shape]:
        entries = [(curve.name, curve.colour) for curve in self.curves if len(self.curves) > 1]
        entries += [(name, RED) for name in self.upright]
        shapes: list[Shape] = []
        right = left + WIDE - RIGHT
        for name, colour in reversed(entries):
            shapes.append(Text(right, top + 24, name, "end", size=SMALL))
            right -= 6.4 * len(name) + 8
            key = np.array([(right - 14.0, top + 20.0), (right, top + 20.0)])
            shapes.append(Line(key, colour, 2, dashed=name in self.upright))
            right -= 28
        return shapes


def figure(title: str, panels: Sequence[Panel], description: str, note: str = "") -> Figure:
    """Return panels as one figure, two side by side."""
    columns = min(ACROSS, len(panels))
    rows = -(-len(panels) // columns)
    shapes: list[Shape] = [Text(LEFT, 26, title, colour=INK, size=16)]
    shapes += [Text(LEFT, 46, note, size=SMALL)] if note else []
    head = HEAD + (16 if note else 0)
    for index, panel in enumerate(panels):
        shapes += panel.shapes(WIDE * (index % columns), head + TALL * (index // columns))
    return Figure(WIDE * columns, head + TALL * rows, shapes, description)


def _round(axis: Axis) -> list[float]:
    """Return numbers that begin with 1, 2 or 5 and are on an axis."""
    decades = range(floor(log10(axis.low)), ceil(log10(axis.high)) + 1)
    return [m * 10.0**decade for decade in decades for m in (1, 2, 5) if axis.low <= m * 10.0**decade <= axis.high]


def _level(left: float, height: float, colour: str = RULE) -> Line:
    """Return a level line across a panel."""
    return Line(np.array([(left + LEFT, height), (left + WIDE - RIGHT, height)]), colour)
