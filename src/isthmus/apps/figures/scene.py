"""A scene: shapes on a page of white paper, as an SVG or a PNG file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from isthmus.apps.report.png import data_uri
from isthmus.support.atomic import atomic
from isthmus.support.errors import extra

PAPER, INK, MUTED, RULE = "#ffffff", "#1c2529", "#566168", "#e2dfd6"
FONT = "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"
UNKNOWN = {ord("−"): "-", ord("×"): "x"}
"""Letters that the font of PNG files lacks, and what stands in for them."""
FINE = 2
"""Pixels of a PNG are averaged over so many to each side."""

MARKS = ("circle", "square", "triangle", "diamond")
CORNERS = {
    "square": np.array([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
    "triangle": np.array([(0.0, -1.25), (1.2, 0.95), (-1.2, 0.95)]),
    "diamond": np.array([(0.0, -1.35), (1.35, 0.0), (0.0, 1.35), (-1.35, 0.0)]),
}
DASH, BETWEEN = 5.0, 4.0
"""Lengths of a dash, and of the gap between two."""


class Shape(Protocol):
    """Something that can be drawn."""

    def svg(self) -> str:
        """Return the shape as an element of SVG."""
        ...

    def draw(self, canvas: Canvas) -> None:
        """Draw the shape on pixels."""
        ...


@dataclass(frozen=True)
class Canvas:
    """Pixels that are drawn on, `scale` of them for each unit of the scene."""

    image: Any
    scale: float

    @property
    def pen(self) -> Any:
        """What draws."""
        return extra("PIL.ImageDraw", "images").Draw(self.image)


@dataclass(frozen=True)
class Line:
    """A line through points of shape (n, 2), broken where they are not finite."""

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
    """Marks at points of shape (n, 2)."""

    points: np.ndarray
    colour: str
    mark: str = "circle"
    radius: float = 2.6

    def svg(self) -> str:
        paths = "".join(self._path(x, y) for x, y in self.points.tolist())
        if self.mark == "circle":
            size = f'stroke-width="{2 * self.radius}" stroke-linecap="round"'
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
class Text:
    """Text whose line stands at y."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = MUTED
    size: float = 13.0

    def svg(self) -> str:
        return (
            f'<text x="{self.x:.1f}" y="{self.y:.1f}" text-anchor="{self.anchor}" fill="{self.colour}" '
            f'font-size="{self.size:g}">{escape(self.text)}</text>'
        )

    def draw(self, canvas: Canvas) -> None:
        font = extra("PIL.ImageFont", "images").load_default(self.size * canvas.scale)
        at = (self.x * canvas.scale, self.y * canvas.scale)
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[self.anchor]
        canvas.pen.text(at, self.text.translate(UNKNOWN), fill=self.colour, font=font, anchor=anchor)


@dataclass(frozen=True)
class Image:
    """An image: uint8 pixels (height, width, 1 or 3), enlarged without blurring, made smaller by averaging."""

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


@dataclass(frozen=True)
class Scene:
    """Shapes on a page, drawn in their order.

    Attributes
    ----------
    width, height : float
    shapes : sequence of Shape
    description : str
        For those who cannot see it.
    """

    width: float
    height: float
    shapes: Sequence[Shape]
    description: str

    def svg(self) -> str:
        """Return the scene as a document of SVG."""
        body = "\n".join(shape.svg() for shape in self.shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-label="{escape(self.description)}" font-family="{FONT}">\n'
            f'<rect width="{self.width:g}" height="{self.height:g}" fill="{PAPER}"/>\n{body}\n</svg>\n'
        )

    def image(self, scale: float = 1.0) -> Any:
        """Return the scene as an image of Pillow, `scale` pixels for each unit."""
        width, height = round(self.width * scale), round(self.height * scale)
        canvas = Canvas(extra("PIL.Image", "images").new("RGB", (FINE * width, FINE * height), PAPER), FINE * scale)
        for shape in self.shapes:
            shape.draw(canvas)
        return canvas.image.reduce(FINE)

    def write(self, path: str | os.PathLike[str], scale: float = 1.0) -> None:
        """Write a file of SVG or PNG, as its name says; an existing file is replaced only once it is complete."""
        target = Path(path)
        with atomic(target) as temporary:
            if target.suffix.lower() == ".svg":
                temporary.write_text(self.svg(), encoding="utf-8")
            else:
                with temporary.open("wb") as stream:
                    self.image(scale).save(stream, format="PNG")
