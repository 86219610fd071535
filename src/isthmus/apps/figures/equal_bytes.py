"""A part of an image as it is, and as it comes back from files of several codecs, which have equally many bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from isthmus.apps.figures.colours import INK
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.shapes import Image, Shape, Text

SIDE = 240
"""Pixels of a side of the part, at most: its middle."""
ENLARGED = 2
GAP, CAPTION = 10, 44
ACROSS = 3
"""Panels in a row."""


class Panel(NamedTuple):
    """What a codec makes of an image: the image, and what is said of it."""

    image: np.ndarray
    said: str


def equal_bytes(panels: Mapping[str, Panel], title: str) -> Figure:
    """Return the middle of each panel, twice as large as it is.

    Parameters
    ----------
    panels : dict of Panel
        By what they are called; images are uint8, of shape (height, width, 1 or 3).
    title : str
    """
    parts = {name: (_middle(panel.image), panel.said) for name, panel in panels.items()}
    height, width = (ENLARGED * side for side in next(iter(parts.values()))[0].shape[:2])
    shapes: list[Shape] = [Text(GAP, 22, title, colour=INK, size=15)]
    for number, (name, (pixels, said)) in enumerate(parts.items()):
        x = GAP + number % ACROSS * (width + GAP)
        y = 34 + number // ACROSS * (height + CAPTION)
        shapes += [
            Image(x, y, width, height, pixels.repeat(ENLARGED, 0).repeat(ENLARGED, 1)),
            Text(x, y + height + 16, name, colour=INK),
            Text(x, y + height + 31, said, size=11),
        ]
    rows = -(-len(parts) // ACROSS)
    about = f"{title}: {', '.join(f'{name}, {said}' for name, (_, said) in parts.items())}."
    return Figure(GAP + ACROSS * (width + GAP), 34 + rows * (height + CAPTION), shapes, about, scale=1)


def _middle(image: np.ndarray) -> np.ndarray:
    top, left = (max(0, (side - SIDE) // 2) for side in image.shape[:2])
    return image[top : top + SIDE, left : left + SIDE]
