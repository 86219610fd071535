"""Arrays as pictures, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from isthmus.data.images.pixels import check_range
from isthmus.support.errors import InputError, InputTypeError
from isthmus.tasks.compression.header import DTYPES
from isthmus.tasks.compression.pictures import Picture

MAX_CHANNELS = 4
ALPHA = (2, 4)
"""Numbers of channels of which the last is alpha."""


def picture_of(x: Any) -> Picture:
    """Return an array as a picture.

    Raises
    ------
    InputError
        It is no image, or has pixels of another type, or that are no numbers in [0, 1].
    """
    pixels = np.asarray(x.detach().cpu() if isinstance(x, torch.Tensor) else x)
    if pixels.ndim not in (2, 3) or 0 in pixels.shape:
        raise InputError(
            f"x of shape {pixels.shape} is no image: give (height, width) or (height, width, channels), one image at "
            "a time"
        )
    if pixels.dtype.name not in DTYPES:
        raise InputTypeError(f"pixels of type {pixels.dtype}: give {', '.join(DTYPES)}; floats lie in [0, 1]")
    plain, pixels = pixels.ndim == 2, native(pixels)
    pixels = pixels[..., None] if plain else pixels
    if pixels.shape[2] > MAX_CHANNELS:
        raise InputError(
            f"x of shape {pixels.shape} has {pixels.shape[2]} channels: give (height, width, channels) with at most "
            f"{MAX_CHANNELS}, channels last"
        )
    if pixels.dtype.kind == "f":
        check_range(torch.as_tensor(np.require(pixels, requirements="W")), 0.0)  # of others torch warns
    if pixels.shape[2] in ALPHA:
        return Picture(pixels[..., :-1], pixels[..., -1:], plain=plain)
    return Picture(pixels, plain=plain)


def native(array: np.ndarray) -> np.ndarray:
    """Return an array with its bytes in the order of this machine; arrays from files may have them the other way."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def array_of(picture: Picture) -> np.ndarray:
    """Return a picture as the array that it was."""
    parts = [picture.pixels] if picture.alpha is None else [picture.pixels, picture.alpha]
    pixels = np.concatenate(parts, 2) if len(parts) > 1 else parts[0]
    return pixels[..., 0] if picture.plain else pixels
