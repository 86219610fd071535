"""The orientation of stored images, as EXIF data and TIFF files say it: 1 is upright, 2 to 8 are mirrored or turned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

TAG = 0x0112
"""The tag that says it."""
ON_ITS_SIDE = (5, 6, 7, 8)
"""Orientations that swap height and width."""

UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: image[::-1, ::-1].swapaxes(0, 1),
    8: lambda image: np.rot90(image),
}
"""How a stored image of each orientation becomes upright."""
INVERSE = {6: 8, 8: 6}
"""Orientations that do not undo themselves, and those that undo them."""


def upright(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Return a stored image upright; a view.

    Examples
    --------
    >>> upright(np.array([[1, 2, 3]]), 6).tolist(), as_stored(np.array([[1], [2], [3]]), 6).tolist()
    ([[1], [2], [3]], [[1, 2, 3]])
    """
    return UPRIGHT[orientation](stored) if orientation in UPRIGHT else stored


def as_stored(image: np.ndarray, orientation: int) -> np.ndarray:
    """Return an upright image as it is stored; a view."""
    return upright(image, INVERSE.get(orientation, orientation))
