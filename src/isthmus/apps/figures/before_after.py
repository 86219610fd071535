"""An image before and after noise was removed, and what was taken away."""

from __future__ import annotations

import math

import numpy as np

from isthmus.apps.figures.beside import Triple, gain_of, image_sheet, triple
from isthmus.apps.figures.figure import Figure

SIDE = 480
"""Pixels of a side, at most: of larger images the middle is shown, since noise is not seen in smaller copies."""
CAPTIONS = ("before", "after", "taken away")
LEGEND = ("taken away: before less after;", "grey is nothing, brighter where the image was brighter")


def before_after(name: str, before: np.ndarray, after: np.ndarray) -> Figure:
    """Return the figure of one image.

    Parameters
    ----------
    name : str
    before, after : ndarray of shape (height, width, channels)
        uint8, or floats in [0, 1].
    """
    one, other = (_unit(_middle(side)) for side in (before, after))
    gain = gain_of([(one, other)])
    kept, removed = triple(name, one, other, gain), triple(name, other, one, gain)
    panels = Triple(name, (*kept.panels[:2], removed.panels[2]))
    return image_sheet([panels], gain, math.inf, CAPTIONS, LEGEND)


def _middle(image: np.ndarray) -> np.ndarray:
    top, left = (max(0, (side - SIDE) // 2) for side in image.shape[:2])
    return image[top : top + SIDE, left : left + SIDE]


def _unit(image: np.ndarray) -> np.ndarray:
    return image / 255 if image.dtype == np.uint8 else image.astype(float)
