"""Figures made of lines, dots and texts, as SVG or as PNG; inline in notebooks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError, extra, unknown

Point = tuple[float, float]

SCALE, SMOOTH = 4, 2
"""Pixels that a unit of length is drawn with, and how many of them make one pixel of a PNG: edges are smooth."""
MINUS = str.maketrans({"\N{MINUS SIGN}": "-"})
"""What the font of Pillow does not have."""

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1c2529",
    "muted": "#566168",
    "rule": "#e2dfd6",
    "first": "#2367ad",
    "second": "#c9731a",
    "faint": "#a9b7c1",
    "best": "#c42f3d",
}
DARK = {
    "paper": "#1a2226",
    "ink": "#e9e7e2",
    "muted": "#a5b0b6",
    "rule": "#2f3a40",
    "first": "#62a5ea",
    "second": "#f0a04b",
    "faint": "#53626b",
    "best": "#f4727c",
}
"""Colours by name, in an SVG also where the reader prefers dark."""

FONT = 'system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif'
ANCHORS = {"start": "l", "middle": "m", "end": "r"}


class Shape(Protocol):
    """Something drawn."""

    def svg(self) -> str:
        """Return it as an element."""
        ...

    def draw(self, canvas: Any) -> None:
        """Draw it on a canvas of Pillow."""
        ...


@dataclass(frozen=True)
class Line:
    """A line through points."""

    points: Sequence[Point]
    colour: str
    width: float = 1.6
    dashed: bool = False

    def svg(self) -> str:
        """Return a path."""
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in self.points)
        dashes = ' stroke-dasharray="5 4"' if self.dashed else ""
        return f'<path class="{self.colour}" d="{path}" stroke-width="{self.width}"{dashes}/>'

    def draw(self, canvas: Any) -> None:
        """Draw the line, without gaps."""
        points = [(SCALE * x, SCALE * y) for x, y in self.points]
        canvas.line(points, fill=LIGHT[self.colour], width=round(SCALE * self.width), joint="curve")


@dataclass(frozen=True)
class Dot:
    """A dot, filled or not, with a text that appears under the mouse."""

    at: Point
    colour: str
    radius: float = 4.0
    filled: bool = True
    title: str = ""

    def svg(self) -> str:
        """Return a circle."""
        (x, y), kind = self.at, "dot" if self.filled else "ring"
        title = f"<title>{escape(self.title)}</title>" if self.title else ""
        return f'<circle class="{kind} {self.colour}" cx="{x:.1f}" cy="{y:.1f}" r="{self.radius}">{title}</circle>'

    def draw(self, canvas: Any) -> None:
        """Draw the dot."""
        (x, y), colour = self.at, LIGHT[self.colour]
        box = [SCALE * end for end in (x - self.radius, y - self.radius, x + self.radius, y + self.radius)]
        canvas.ellipse(box, fill=colour if self.filled else LIGHT["paper"], outline=colour, width=round(1.5 * SCALE))


@dataclass(frozen=True)
class Text:
    """A text that begins, ends or has its middle at a point."""

    at: Point
    text: str
    anchor: str = "start"
    colour: str = "muted"
    size: int = 12

    def svg(self) -> str:
        """Return a text."""
        (x, y), words = self.at, escape(self.text)
        style = f'class="{self.colour}" text-anchor="{self.anchor}" font-size="{self.size}"'
        return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{words}</text>'

    def draw(self, canvas: Any) -> None:
        """Draw the text."""
        from PIL import ImageFont

        (x, y), font = self.at, ImageFont.load_default(SCALE * self.size)
        canvas.text(
            (SCALE * x, SCALE * y), self.text.translate(MINUS), LIGHT[self.colour], font, f"{ANCHORS[self.anchor]}s"
        )


@dataclass(frozen=True)
class Figure:
    """A figure: shown inline in a notebook, and saved as .svg or .png.

    Attributes
    ----------
    width, height : float
    shapes : sequence of Shape
    description : str
        What it shows, for who cannot see it.
    """

    width: float
    height: float
    shapes: Sequence[Shape]
    description: str

    def svg(self) -> str:
        """Return the figure as an SVG document."""
        body = "\n".join(shape.svg() for shape in self.shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="isthmus-figure" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" style="max-width:100%;height:auto" role="img" '
            f'aria-label="{escape(self.description)}"><style>{_style()}</style>\n'
            f'<rect class="paper" width="{self.width}" height="{self.height}"/>\n{body}\n</svg>\n'
        )

    def png(self) -> bytes:
        """Return the figure as a PNG (extra ``images``).

        Raises
        ------
        MissingExtraError
            Pillow is not installed.
        """
        image_module, draw_module = extra("PIL.Image", "images"), extra("PIL.ImageDraw", "images")
        image = image_module.new("RGB", (round(SCALE * self.width), round(SCALE * self.height)), LIGHT["paper"])
        canvas = draw_module.Draw(image)
        for shape in self.shapes:
            shape.draw(canvas)
        file = BytesIO()
        image.reduce(SMOOTH).save(file, "PNG")
        return file.getvalue()

    def _repr_svg_(self) -> str:
        return self.svg()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the figure, whole or not at all.

        Parameters
        ----------
        path : str or PathLike
            ``.svg``, or ``.png`` (extra ``images``).

        Raises
        ------
        InputError
            The name ends in something else, or the file cannot be written.
        """
        content = content_of(self, check_format(path))
        with atomic(path) as temporary:
            temporary.write_bytes(content)


def content_of(figure: Figure, suffix: str) -> bytes:
    """Return a figure as the content of a file with an ending."""
    return FORMATS[suffix](figure)


FORMATS: dict[str, Callable[[Figure], bytes]] = {".svg": lambda figure: figure.svg().encode(), ".png": Figure.png}


def check_format(path: str | os.PathLike[str]) -> str:
    """Return the ending of a figure's file.

    Raises
    ------
    InputError
        It is not one that figures are written in.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{str(path)!r}: {unknown('kind of figure', suffix, FORMATS)}")
    return suffix


def _style() -> str:
    """Return the style sheet, for the figure alone."""
    scope = ".isthmus-figure"
    light, dark = ("".join(f"--{name}:{colour};" for name, colour in table.items()) for table in (LIGHT, DARK))
    colours = "".join(
        f"{scope} path.{name}{{stroke:var(--{name})}}{scope} .dot.{name}{{fill:var(--{name})}}"
        f"{scope} .ring.{name}{{stroke:var(--{name})}}{scope} text.{name}{{fill:var(--{name})}}"
        for name in LIGHT
    )
    return (
        f"{scope}{{{light}font-family:{FONT}}}@media (prefers-color-scheme: dark){{{scope}{{{dark}}}}}"
        f"{scope} path{{fill:none;stroke-linejoin:round}}{scope} .paper,{scope} .ring{{fill:var(--paper)}}"
        f"{scope} .ring{{stroke-width:1.5}}{colours}"
    )
