"""Steps that are finer where there is little texture: what is lost there is seen most."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from isthmus.parts.bottlenecks.plane import numbers_of, residuals
from isthmus.parts.bottlenecks.rounding import Take, Watch
from isthmus.tasks.compression.tiling import Cells

PARTS, LIMIT = 4, 4
"""Steps are finer or coarser by whole quarters of an octave, at most by one octave."""
TYPICAL = -8.5
"""Binary logarithm of the variance within blocks, of pixels in [0, 1]: the mean over cells of photographs."""
FAINTEST = 1e-7
BLOCK = 8
SPREAD = 0.0
"""Scale of residuals of neighbours, as a power of two."""


def finer(image: np.ndarray, tile: Cells, side: int, detail: float) -> Tensor:
    """Return by how many quarters of an octave the steps of each cell are finer, of shape (1, 1, rows, columns).

    Parameters
    ----------
    image : ndarray of shape (height, width, channels)
        uint8, or floats in [0, 1].
    tile : Cells
    side : int
        Of a cell, in pixels.
    detail : float
        Octaves for each octave of contrast that is missing; 0: steps are equal.
    """
    pixels = image[tile.pixels(side)].mean(2, dtype=np.float32) / np.float32(255 if image.dtype == np.uint8 else 1)
    rows, columns = tile.shape
    beyond = (rows * side - pixels.shape[0], columns * side - pixels.shape[1])
    pixels = np.pad(pixels, [(0, more) for more in beyond], mode="edge")
    block = BLOCK if side % BLOCK == 0 else side
    blocks = pixels.reshape(rows, side // block, block, columns, side // block, block)
    variance = blocks.var((2, 5)).mean((1, 3))
    contrast = 0.5 * (np.log2(variance + FAINTEST) - TYPICAL)
    offsets = np.rint(-detail * PARTS * contrast).clip(-LIMIT, LIMIT)
    return torch.from_numpy(offsets.astype(np.float32))[None, None]


def gains(offsets: Tensor) -> Tensor:
    """Return what coefficients are multiplied by before they are rounded, of shape (1, rows, columns, 1)."""
    return torch.exp2(offsets / PARTS)[:, 0, :, :, None]


def write(offsets: Tensor, slot: int, watch: Watch) -> None:
    """Write the offsets of a tile."""
    left = residuals(offsets)
    watch(slot, left, *_expected(left), None)


def take(shape: tuple[int, int], slot: int, reader: Take) -> Tensor:
    """Read the offsets of a tile."""
    nothing = torch.zeros(1, 1, *shape)
    return numbers_of(reader(slot, *_expected(nothing), None)).clamp(-LIMIT, LIMIT)


def _expected(like: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the scale of residuals."""
    return torch.zeros_like(like), torch.full_like(like, SPREAD)
