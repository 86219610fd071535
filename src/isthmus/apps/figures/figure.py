"""A figure: shapes on a page, as SVG or PNG; shown inline in notebooks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from isthmus.apps.figures.colours import PAPER, dark_style
from isthmus.apps.figures.fonts import face_for
from isthmus.apps.figures.shapes import Canvas, Shape
from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError, extra, unknown
from isthmus.support.lines import one_line

FONT = "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"
SCOPE = "isthmus-figure"
FINE = 2
"""Each pixel of a PNG is the mean of a square with so many on a side: edges are smooth."""


@dataclass(frozen=True)
class Figure:
    """Shapes on a page, drawn in their order; shown inline in a notebook, and saved as .svg or .png.

    Attributes
    ----------
    width, height : float
    shapes : sequence of Shape
    description : str
        What it shows, for those who cannot see it.
    scale : float
        Pixels of a PNG for each unit of length.
    """

    width: float
    height: float
    shapes: Sequence[Shape]
    description: str
    scale: float = 2.0

    def svg(self) -> str:
        """Return the figure as an SVG document."""
        body = "\n".join(shape.svg() for shape in self.shapes)
        width, height, said = f"{self.width:g}", f"{self.height:g}", escape(one_line(self.description))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{SCOPE}" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" style="max-width:100%;height:auto" role="img" aria-label="{said}" '
            f'font-family="{FONT}"><style>{dark_style(SCOPE)}</style>\n'
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>\n{body}\n</svg>\n'
        )

    def image(self) -> Any:
        """Return the figure as an image of Pillow (extra ``images``).

        Raises
        ------
        MissingExtraError
            Pillow is not installed.
        """
        width, height = (FINE * round(self.scale * side) for side in (self.width, self.height))
        image = extra("PIL.Image", "images").new("RGB", (width, height), PAPER)
        canvas = Canvas(image, FINE * self.scale, face_for("".join(shape.text for shape in self.shapes)))
        for shape in self.shapes:
            shape.draw(canvas)
        return image.reduce(FINE)

    def png(self) -> bytes:
        """Return the figure as the content of a PNG file (extra ``images``)."""
        file = BytesIO()
        self.image().save(file, "PNG")
        return file.getvalue()

    def _repr_svg_(self) -> str:
        return self.svg()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the figure; an existing file is replaced only once the new one is complete.

        Parameters
        ----------
        path : str or PathLike
            ``.svg``, or ``.png`` (extra ``images``).

        Raises
        ------
        InputError
            The name ends in something else, or the file cannot be written.
        """
        content = FORMATS[check_format(path)](self)
        with atomic(path) as temporary:
            temporary.write_bytes(content)


FORMATS: dict[str, Callable[[Figure], bytes]] = {".svg": lambda figure: figure.svg().encode(), ".png": Figure.png}
"""How a figure becomes the content of a file, by the ending of its name."""


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
