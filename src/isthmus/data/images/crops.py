"""Crops: how many to take of an image, where to take them, and cutting them out."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided
from torch import Tensor

from isthmus.data.images.layout import Side

MAX_CROPS = 32
"""Maximum number of crops of one image per epoch, unless the user sets it."""


def crops_of(height: int, width: int, crop: int, wanted: int | None) -> int:
    """Return the number of crops of an image per epoch: `wanted`, else as many as cover its area, from 1 to 32.

    Examples
    --------
    >>> [crops_of(321, 481, crop, None) for crop in (64, 128, 500)]
    [32, 9, 1]
    """
    return wanted or min(MAX_CROPS, max(1, height * width // crop**2))


def cut(image: np.ndarray, crop: int, where: np.ndarray) -> np.ndarray:
    """Return square crops of an image, of shape (n, crop, crop, channels).

    Parameters
    ----------
    image : ndarray of shape (height, width, channels)
        If it is smaller than a crop, its edges are repeated below and to the right.
    crop : int
        Pixels per side.
    where : ndarray of shape (n, 2)
        Numbers in [0, 1): the vertical and horizontal position, as a fraction of the available range.
    """
    image = _padded(image, crop)
    room = np.array(image.shape[:2]) - crop + 1
    top, left = np.floor(where * room).astype(np.int64).T
    down, right, channel = image.strides
    every = as_strided(
        image, (*room.tolist(), crop, crop, image.shape[2]), (down, right, down, right, channel), writeable=False
    )
    crops: np.ndarray = every[top, left]
    return crops


def _padded(image: np.ndarray, crop: int) -> np.ndarray:
    height, width, _ = image.shape
    if height >= crop and width >= crop:
        return image
    return np.pad(image, ((0, max(0, crop - height)), (0, max(0, crop - width)), (0, 0)), mode="edge")


def turned(pixels: Tensor, turns: Tensor, mirrored: Tensor) -> Tensor:
    """Rotate square images, then mirror some of them left to right.

    Parameters
    ----------
    pixels : Tensor of shape (n, channels, side, side)
    turns : Tensor of shape (n,)
        Quarter turns counterclockwise, 0 to 3.
    mirrored : bool Tensor of shape (n,)
    """
    rows = pixels.movedim(1, -1)
    result = torch.empty_like(rows)
    for turn, mirror in product(range(4), (False, True)):
        chosen = ((turns == turn) & (mirrored == mirror)).nonzero()[:, 0]
        some = torch.rot90(rows.index_select(0, chosen), turn, (1, 2))
        result[chosen] = some.flip(2) if mirror else some
    return result.movedim(-1, 1)


class Smaller:
    """Counts the images that are smaller than a crop.

    Parameters
    ----------
    crop : int or None
        None: no image counts as smaller.
    """

    def __init__(self, crop: int | None) -> None:
        self.crop = crop or 0
        self.count = 0
        self.smallest = (self.crop, self.crop)

    def add(self, sides: tuple[Side, Side]) -> None:
        """Count an image with this height and width if it is smaller than a crop."""
        height, width = sides[0] or 0, sides[1] or 0
        if min(height, width) < self.crop:
            self.count += 1
            self.smallest = min(self.smallest, (height, width), key=min)

    def warn(self) -> None:
        """Warn about the smaller images, if there are any."""
        if self.count:
            height, width = self.smallest
            warnings.warn(
                f"{self.count:,} of the images are smaller than crop={self.crop} (the smallest is {width} x {height} "
                "pixels, width x height): their edges are repeated; a smaller crop needs no padding",
                stacklevel=4,
            )
