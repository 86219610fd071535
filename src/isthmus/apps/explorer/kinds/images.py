"""Examples that are images."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus import InputError
from isthmus.apps.capabilities import denoiser_of
from isthmus.apps.explorer.kinds.base import Kind, Number
from isthmus.apps.explorer.lazy_rows import Columns
from isthmus.apps.explorer.pieces.images import ImagePieces
from isthmus.apps.explorer.restoring.images import ImageRestoring
from isthmus.apps.explorer.sprites import sprite, tile_side
from isthmus.apps.figures.overlay import overlay
from isthmus.apps.report.png import FAST, data_uri, visible
from isthmus.data.images.images import Images
from isthmus.data.images.resize import resize, scaled

HUE = (216, 82, 28)
"""Of errors."""

MAX_SIDE = 512
"""Pixels of the longer side of an image on the page, at most: a page is no viewer of photographs."""


class Pixels(Kind):
    """Images, as PNG.

    Parameters
    ----------
    data : Images
        Fitted.
    """

    name = "pixels"
    key = "pixels"
    accepts = list[Number]
    named = False  # a single pixel says little

    def __init__(self, data: Images) -> None:
        self.data = data
        self.channels, self.height, self.width = data.shape

    def about(self, columns: Columns | None) -> dict[str, Any]:
        """Return height, width and channels; nothing where images differ in size."""
        if self.data.any_size:
            return {}
        return {"image": {"height": self.height, "width": self.width, "channels": self.channels}}

    def tiles(self, columns: Columns) -> np.ndarray:
        """Return uint8 images of shape (n, height, width, channels): of more than three channels the first three."""
        pixels = columns["pixels"]
        if pixels.dtype != torch.uint8:
            pixels = (255 * pixels).round().clamp(0, 255).byte()
        return visible(pixels.movedim(1, -1).contiguous().numpy())

    def values(self, columns: Columns) -> list[dict[str, Any]]:
        """Return each image as the address of a PNG, a large one smaller."""
        return [{"png": data_uri(shrunk(tile, MAX_SIDE), FAST)} for tile in self.tiles(columns)]

    def tiled(self, columns: Columns, count: int) -> Columns:
        """Return images of any size as tiles of one size, transparent beyond the image; others as they are."""
        if not self.data.any_size:
            return columns
        tiles = np.stack([_on_tile(tile, tile_side(count)) for tile in self.tiles(columns)])
        return {"pixels": torch.from_numpy(tiles).movedim(-1, 1)}

    def pieces(self) -> ImagePieces:
        """Return how the middle of images is read."""
        return ImagePieces(self.data)

    def restoring(self, model: Any) -> ImageRestoring:
        """Return how a model cleans images, which it takes as they are."""
        return ImageRestoring(self.pieces(), denoiser_of(model))

    def plain(self, columns: Columns) -> list[dict[str, Any]]:
        """Return each image as numbers in [0, 1], row by row, channels last."""
        pixels = self._floats(columns).movedim(1, -1).flatten(1)
        return [{"pixels": image} for image in pixels.tolist()]

    def packed(self, columns: Columns) -> dict[str, Any]:
        """Return all images side by side on one sheet."""
        if self.data.any_size:
            return {"sprite": sprite(_trimmed(columns["pixels"].movedim(1, -1).numpy()))}
        return {"sprite": sprite(self.tiles(columns))}

    def layout(self) -> dict[str, Any]:
        """Return the sizes of x̂."""
        return {"kind": self.name, "height": self.height, "width": self.width, "channels": self.channels}

    def contributions(self, error_map: Tensor) -> dict[str, Any]:
        """Return the contributions as an image: the larger, the more opaque."""
        error = error_map
        if error.ndim == 3:
            error = error.sum(0 if self.data.channels_first else -1)
        fraction = (error / error.max().clamp_min(1e-12)).clamp(0, 1)
        alpha = shrunk((255 * fraction).round().byte().numpy()[..., None], MAX_SIDE)
        hue = np.broadcast_to(np.array(HUE, np.uint8), (*alpha.shape[:2], 3))
        return {"png": data_uri(np.concatenate([hue, alpha], -1), FAST)}

    def heat(self, columns: Columns, heat: Tensor) -> dict[str, Any]:
        """Return the image in grey with its heat over it."""
        return {"png": data_uri(shrunk(overlay(self.tiles(columns)[0], heat.numpy()), MAX_SIDE), FAST)}

    def contributors(self, error_map: Tensor, count: int) -> list[dict[str, Any]]:
        """Return nothing: pixels have no names."""
        return []

    def read(self, value: Any) -> Columns:
        """Return the image of numbers in [0, 1], row by row, channels last."""
        wanted = self.height * self.width * self.channels
        if len(value) != wanted:
            raise InputError(
                f"pixels: {len(value)} numbers, but an image of {self.height} x {self.width} pixels in "
                f"{self.channels} channels has {wanted}"
            )
        pixels = torch.tensor(value, dtype=torch.float32)
        if not bool(((pixels >= 0) & (pixels <= 1)).all()):
            raise InputError("pixels: numbers must lie in [0, 1]")
        return {"pixels": pixels.view(1, self.height, self.width, self.channels).movedim(-1, 1)}

    def corrupted(
        self,
        columns: Columns,
        noise: float,
        erase: float,
        deviation: Columns,
        random: torch.Generator,
    ) -> Columns:
        """Add noise of that deviation, and make that fraction of the pixels black."""
        pixels = self._floats(columns)
        noisy = pixels + noise * torch.randn(pixels.shape, generator=random)
        kept = torch.rand(noisy[:, :1].shape, generator=random) >= erase
        return {**columns, "pixels": noisy.clamp(0, 1) * kept}

    def deviation(self, columns: Columns) -> Columns:
        """Return nothing: pixels lie in [0, 1]."""
        return {}

    def flat(self, columns: Columns) -> dict[str, list[Any]]:
        """Return a column for each pixel; of images of any size their height and width."""
        if self.data.any_size:
            n, _, height, width = columns["pixels"].shape
            return {"height": [height] * n, "width": [width] * n}
        written = np.asarray(self.data.write(columns)).reshape(len(columns["pixels"]), -1)
        if columns["pixels"].dtype == torch.uint8:
            written = np.rint(written).astype(int)
        return dict(zip(self.data.feature_names(), written.T.tolist(), strict=True))

    @staticmethod
    def _floats(columns: Columns) -> Tensor:
        pixels = columns["pixels"]
        return pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels


def shrunk(tile: np.ndarray, side: int) -> np.ndarray:
    """Return an image (height, width, channels) whose longer side has at most so many pixels."""
    height, width = tile.shape[:2]
    if max(height, width) <= side:
        return tile
    return resize(tile, scaled((height, width), (side, side), "contain"), "stretch")


def _on_tile(tile: np.ndarray, side: int) -> np.ndarray:
    """Return an image with an alpha channel in the middle of a square tile."""
    small = shrunk(tile, side)
    height, width, channels = small.shape
    square = np.zeros((side, side, channels + 1), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = np.concatenate(
        [small, np.full((height, width, 1), 255, np.uint8)], -1
    )
    return square


def _trimmed(tiles: np.ndarray) -> np.ndarray:
    """Return tiles with an alpha channel, without the margin that is transparent in all of them."""
    seen = np.asarray(tiles[..., -1] > 0).max(0)
    top, bottom = np.flatnonzero(seen.max(1))[[0, -1]]
    left, right = np.flatnonzero(seen.max(0))[[0, -1]]
    return tiles[:, top : bottom + 1, left : right + 1]
