"""Shapes: what figures consist of. Each can be written as SVG and drawn on pixels."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from isthmus.apps.figures.colours import MUTED, PAPER, RULE
from isthmus.apps.figures.fonts import Face
from isthmus.apps.report.png import data_uri
from isthmus.support.errors import extra
from isthmus.support.lines import one_line

MARKS = ("circle", "square", "triangle", "diamond")
CORNERS = {
    "square": np.array([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
    "triangle": np.array([(0.0, -1.25), (1.2, 0.95), (-1.2, 0.95)]),
    "diamond": np.array([(0.0, -1.35), (1.35, 0.0), (0.0, 1.35), (-1.35, 0.0)]),
}
DASH, BETWEEN = 5.0, 4.0
"""Lengths of a dash, and of the gap between two."""


class Shape(Protocol):
    """Something that can be drawn.

    Attributes
    ----------
    text : str
        Its text, where it has one: the font is chosen by the texts of all shapes.
    """

    @property
    def text(self) -> str: ...

    def svg(self) -> str:
        """Return the shape as an element of SVG."""
        ...

    def draw(self, canvas: Canvas) -> None:
        """Draw the shape on pixels."""
        ...


@dataclass(frozen=True)
class Canvas:
    """Pixels to draw on, `scale` of them for each unit of the figure, and the font of its texts."""

    image: Any
    scale: float
    face: Face

    @property
    def pen(self) -> Any:
        """What draws."""
        return extra("PIL.ImageDraw", "images").Draw(self.image)


@dataclass(frozen=True)
class Line:
    """A line through points of shape (n, 2), broken where they are not finite."""

    text: ClassVar[str] = ""
    points: np.ndarray
    colour: str = RULE
    width: float = 1.0
    dashed: bool = False

    def stretches(self) -> list[np.ndarray]:
        """Return the unbroken parts."""
        there = np.isfinite(self.points).all(1)
        parts = np.split(np.arange(len(there)), np.flatnonzero(np.diff(there.astype(int))) + 1)
        return [self.points[part] for part in parts if len(part) and there[part[0]]]

    def svg(self) -> str:
        path = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in part) for part in self.stretches())
        dashes = f' stroke-dasharray="{DASH:g} {BETWEEN:g}"' if self.dashed else ""
        look = f'fill="none" stroke="{self.colour}" stroke-width="{self.width:g}" stroke-linejoin="round"'
        return f'<path d="{path}" {look}{dashes}/>'

    def draw(self, canvas: Canvas) -> None:
        for stretch in self.stretches():
            for part in _dashes(stretch) if self.dashed else [stretch]:
                points = [tuple(point) for point in (part * canvas.scale).tolist()]
                canvas.pen.line(points, fill=self.colour, width=max(1, round(self.width * canvas.scale)), joint="curve")


def _dashes(points: np.ndarray) -> list[np.ndarray]:
    """Return the dashes along a line of shape (n, 2)."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    starts = np.arange(0.0, along[-1], DASH + BETWEEN)
    ends = np.minimum(starts + DASH, along[-1])
    cuts = [
        np.unique(np.concatenate([[a, b], along[(along > a) & (along < b)]])) for a, b in zip(starts, ends, strict=True)
    ]
    return [np.column_stack([np.interp(cut, along, points[:, axis]) for axis in (0, 1)]) for cut in cuts]


@dataclass(frozen=True)
class Dots:
    """Many marks, at points of shape (n, 2)."""

    text: ClassVar[str] = ""
    points: np.ndarray
    colour: str
    mark: str = "circle"
    radius: float = 2.6

    def svg(self) -> str:
        paths = "".join(self._path(x, y) for x, y in self.points.tolist())
        if self.mark == "circle":
            size = f'stroke-width="{2 * self.radius:g}" stroke-linecap="round"'
            return f'<path d="{paths}" stroke="{self.colour}" stroke-opacity="0.8" fill="none" {size}/>'
        return f'<path d="{paths}" fill="{self.colour}" fill-opacity="0.8"/>'

    def _path(self, x: float, y: float) -> str:
        """Return a mark: a circle is a line of no length with round ends."""
        if self.mark == "circle":
            return f"M{x:.1f} {y:.1f}h0"
        corners = CORNERS[self.mark] * self.radius + (x, y)
        return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in corners) + "Z"

    def draw(self, canvas: Canvas) -> None:
        pen, radius = canvas.pen, self.radius * canvas.scale
        for x, y in (self.points * canvas.scale).tolist():
            if self.mark == "circle":
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=self.colour)
            else:
                pen.polygon([tuple(corner) for corner in CORNERS[self.mark] * radius + (x, y)], fill=self.colour)


@dataclass(frozen=True)
class Dot:
    """One dot, or a ring where it is not filled; its title appears under the mouse."""

    text: ClassVar[str] = ""
    x: float
    y: float
    colour: str
    radius: float = 4.0
    filled: bool = True
    title: str = ""

    def svg(self) -> str:
        look = f'fill="{self.colour if self.filled else PAPER}" stroke="{self.colour}" stroke-width="1.5"'
        title = f"<title>{escape(one_line(self.title))}</title>" if self.title else ""
        return f'<circle cx="{self.x:.1f}" cy="{self.y:.1f}" r="{self.radius:g}" {look}>{title}</circle>'

    def draw(self, canvas: Canvas) -> None:
        x, y, radius = (canvas.scale * length for length in (self.x, self.y, self.radius + 0.75))
        fill, wide = self.colour if self.filled else PAPER, round(1.5 * canvas.scale)
        canvas.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill, self.colour, wide)


@dataclass(frozen=True)
class Text:
    """Text whose line stands at y, and that begins, ends or has its middle at x."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = MUTED
    size: float = 13.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", one_line(self.text))  # fonts and XML refuse some characters

    def svg(self) -> str:
        return (
            f'<text x="{self.x:.1f}" y="{self.y:.1f}" text-anchor="{self.anchor}" fill="{self.colour}" '
            f'font-size="{self.size:g}">{escape(self.text)}</text>'
        )

    def draw(self, canvas: Canvas) -> None:
        font, text = canvas.face.at(self.size * canvas.scale), canvas.face.spelled(self.text)
        at = (self.x * canvas.scale, self.y * canvas.scale)
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[self.anchor]
        canvas.pen.text(at, text, fill=self.colour, font=font, anchor=anchor)


@dataclass(frozen=True)
class Image:
    """An image: uint8 pixels (height, width, 1 or 3), enlarged without blurring, made smaller by averaging."""

    text: ClassVar[str] = ""
    x: float
    y: float
    width: float
    height: float
    pixels: np.ndarray

    def svg(self) -> str:
        box = f'x="{self.x:.1f}" y="{self.y:.1f}" width="{self.width:.1f}" height="{self.height:.1f}"'
        return f'<image {box} style="image-rendering: pixelated" href="{data_uri(self.pixels)}"/>'

    def draw(self, canvas: Canvas) -> None:
        image = extra("PIL.Image", "images")
        size = (max(1, round(self.width * canvas.scale)), max(1, round(self.height * canvas.scale)))
        pixels = np.repeat(self.pixels, 3, axis=2) if self.pixels.shape[2] == 1 else self.pixels
        larger = size[0] >= pixels.shape[1]
        how = image.Resampling.NEAREST if larger else image.Resampling.BOX
        at = (round(self.x * canvas.scale), round(self.y * canvas.scale))
        canvas.image.paste(image.fromarray(np.ascontiguousarray(pixels)).resize(size, how), at)
