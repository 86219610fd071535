"""The middle of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from isthmus import InputError
from isthmus.apps.explorer.lazy_rows import ReadRows
from isthmus.apps.explorer.pieces.base import Piece, Pieces
from isthmus.data.images.images import Images
from isthmus.data.images.original import open_original
from isthmus.tasks.denoising.images import as_many_channels

SIDE = 1024
"""Pixels of a side, at most: of larger images the middle is cut out, since a smaller copy hides noise and errors."""


class ImagePieces(Pieces[np.ndarray]):
    """Images (height, width, channels), float32 in [0, 1].

    Parameters
    ----------
    data : Images
        Fitted.
    """

    accepts = "image/*"

    def __init__(self, data: Images) -> None:
        self.data = data

    def example(self, read: ReadRows, index: int) -> Piece[np.ndarray]:
        """Return the middle of an example."""
        return self._piece(read.one(index)["pixels"][0].movedim(0, -1).numpy())

    def file(self, path: Path) -> Piece[np.ndarray]:
        """Return the middle of the image in a file, upright, without an alpha channel."""
        image = open_original(path).colour
        channels, *size = self.data.shape
        as_many_channels(image, channels)  # refuses others
        if not self.data.any_size and list(image.shape[:2]) != size:
            raise InputError(
                f"this image has {_size(image)} pixels, but the model takes images of {size[1]} x {size[0]}: cut or "
                "resize it, or train a model with --crop, which takes any size"
            )
        return self._piece(image)

    def _piece(self, image: np.ndarray) -> Piece[np.ndarray]:
        pixels = _middle(image) if self.data.any_size else image
        pixels = pixels / np.float32(255) if pixels.dtype == np.uint8 else pixels.astype(np.float32)
        whole = "" if pixels.shape == image.shape else f"The middle of {_size(image)}: "
        return Piece(pixels, f"{whole}{_size(pixels)} pixels")


def _middle(image: np.ndarray) -> np.ndarray:
    top, left = (max(0, (side - SIDE) // 2) for side in image.shape[:2])
    return image[top : top + SIDE, left : left + SIDE]


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]:,} x {image.shape[0]:,}"
