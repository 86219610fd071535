"""Images before and after noise was removed."""

from __future__ import annotations

from typing import Any

import numpy as np

from isthmus.apps.explorer.pieces.images import ImagePieces
from isthmus.apps.explorer.restoring.base import Restoring
from isthmus.apps.figures.beside import gain_of, triple
from isthmus.apps.report.png import FAST, data_uri


class ImageRestoring(Restoring[np.ndarray]):
    """Images (height, width, channels), float32 in [0, 1].

    Parameters
    ----------
    pieces : ImagePieces
    denoiser : Denoiser
        Fitted.
    """

    noise, quality = "deviation", "PSNR"

    def __init__(self, pieces: ImagePieces, denoiser: Any) -> None:
        self.pieces, self._restore = pieces, denoiser.restoring()

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
