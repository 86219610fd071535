"""Images before and after noise was removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from isthmus import InputError
from isthmus.apps.explorer.lazy_rows import ReadRows
from isthmus.apps.explorer.restoring.base import Piece, Restoring
from isthmus.apps.figures.beside import gain_of, triple
from isthmus.apps.report.png import data_uri
from isthmus.data.images.images import Images
from isthmus.data.images.original import open_original
from isthmus.tasks.denoising.images import as_many_channels

SIDE = 1024
"""Pixels of a side, at most: of larger images the middle is cut out, since noise is not seen in smaller copies."""

FAST = 1
"""Level of compression: people wait."""


class ImageRestoring(Restoring[np.ndarray]):
    """Images (height, width, channels), float32 in [0, 1].

    Parameters
    ----------
    data : Images
        Fitted.
    denoiser : Denoiser
        Fitted.
    """

    accepts, noise, quality = "image/*", "deviation", "PSNR"

    def __init__(self, data: Images, denoiser: Any) -> None:
        self.data, self._restore = data, denoiser.restoring()

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

    def noisy(self, row: np.ndarray, noise: float, seed: int) -> np.ndarray:
        """Return an image with noise of a deviation, as a camera stores it: within [0, 1]."""
        drawn = np.random.default_rng(seed).standard_normal(row.shape, np.float32)
        return np.clip(row + np.float32(noise) * drawn, 0, 1)

    def restored(self, row: np.ndarray) -> np.ndarray:
        """Return an image without noise."""
        image: np.ndarray = self._restore(row, None)
        return image

    def between(self, before: np.ndarray, after: np.ndarray, strength: float) -> np.ndarray:
        """Return before + strength (after - before)."""
        return before + np.float32(strength) * (after - before)

    def compared(self, clean: np.ndarray, row: np.ndarray) -> float:
        """Return the peak signal-to-noise ratio."""
        with np.errstate(divide="ignore"):
            return float(-10 * np.log10(np.square(row - clean, dtype=np.float64).mean()))

    def values(self, before: np.ndarray, after: np.ndarray, whole: np.ndarray) -> dict[str, Any]:
        """Return the images, and their difference: grey is none, brighter where the image was brighter."""
        gain = gain_of([(before, whole)])
        cleaned, original, removed = triple("", after, before, gain).panels
        panels = {"before": original, "after": cleaned, "taken": removed}
        return {**{name: {"png": data_uri(panel, FAST)} for name, panel in panels.items()}, "gain": gain}


def _middle(image: np.ndarray) -> np.ndarray:
    top, left = (max(0, (side - SIDE) // 2) for side in image.shape[:2])
    return image[top : top + SIDE, left : left + SIDE]


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]:,} x {image.shape[0]:,}"
