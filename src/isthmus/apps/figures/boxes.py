"""Boxes: bars of histograms, shaded stretches, marks in a legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from isthmus.apps.figures.shapes import Canvas
from isthmus.support.errors import extra


@dataclass(frozen=True)
class Box:
    """A filled rectangle.

    Attributes
    ----------
    x, y, width, height : float
        Its left upper corner, and its size.
    colour : str
    opacity : float
        From 0 to 1.
    """

    text: ClassVar[str] = ""
    x: float
    y: float
    width: float
    height: float
    colour: str
    opacity: float = 1.0

    def svg(self) -> str:
        """Return the box as an element of SVG."""
        box = f'x="{self.x:.1f}" y="{self.y:.1f}" width="{self.width:.1f}" height="{self.height:.1f}"'
        opacity = f' fill-opacity="{self.opacity:g}"' if self.opacity < 1 else ""
        return f'<rect {box} fill="{self.colour}"{opacity}/>'

    def draw(self, canvas: Canvas) -> None:
        """Draw the box on pixels, over what is there already."""
        left, top, right, bottom = (
            round(side * canvas.scale) for side in (self.x, self.y, self.x + self.width, self.y + self.height)
        )
        area = (left, top, max(right, left + 1), max(bottom, top + 1))
        image, under = extra("PIL.Image", "images"), canvas.image.crop(area)
        over = image.new("RGB", under.size, self.colour)
        canvas.image.paste(image.blend(under, over, self.opacity), area[:2])
