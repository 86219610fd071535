"""Masks in image files: which pixels they mark."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from isthmus.data.images.decode import decode
from isthmus.data.images.decode import head as head_of
from isthmus.data.images.head import Form
from isthmus.data.images.sniff import kind_of
from isthmus.support.errors import DataWarning, InputError

NUMBERS = 16
"""Largest number of a kind that masks are expected to hold instead of white."""


def marked_in(path: Path, numbers: bool = False) -> np.ndarray:
    """Return the mask in an image file, upright: True, of shape (height, width), where it is brighter than half.

    In colours the brightest channel counts; what is transparent is dark.

    Parameters
    ----------
    path : Path
    numbers : bool, default False
        Whether a dark mask may hold small numbers, such as 0 and 1, instead of black and white: then all pixels other
        than 0 are marked, with a warning.

    Raises
    ------
    InputError
        It cannot be read, or is dark all over, but not black.
    """
    bright = _brightness(path)
    marked: np.ndarray = bright > 0.5
    if marked.any() or not bright.any():
        return marked
    white = 65535 if head_of(path).deep else 255
    largest = bright.max() * white
    if numbers and largest <= NUMBERS + 0.5 and kind_of(path) != "JPEG":
        warnings.warn(
            "masks hold small numbers, not black and white: all pixels other than 0 are taken as marked",
            DataWarning,
            stacklevel=2,
        )
        return bright > 0
    raise InputError(
        f"the mask {str(path)!r} marks nothing: its brightest pixel is {largest:.0f} of {white}, and what is brighter "
        "than half is marked; make those pixels white"
    )


def _brightness(path: Path) -> np.ndarray:
    """Return the brightest channel of a file, float32 in [0, 1], of shape (height, width); transparent is dark."""
    head = head_of(path)
    pixels = decode(path, Form(head.channels, head.alpha, deep=True)).reshape(head.height, head.width, -1)
    colour, opaque = (pixels[..., :-1], pixels[..., -1]) if head.alpha else (pixels, 1.0)
    return np.asarray(colour.max(2) * opaque, dtype=np.float32)
