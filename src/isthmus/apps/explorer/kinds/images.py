"""Examples that are pictures."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus import InputError
from isthmus.apps.explorer.kinds.base import Columns, Kind, Number
from isthmus.apps.report.png import data_uri, visible
from isthmus.data.images.images import Images
from isthmus.data.images.resize import resize, scaled

HUE = (216, 82, 28)
"""Of errors."""

FAST = 1
"""Level of compression: pictures are small, and people wait."""

TILE, SHEET = 64, 8192
"""Pixels of the side of a thumbnail, and of the sheet that holds them all, at most."""


SHOWN = 512
"""Pixels of the longer side of a picture on the page, at most: a page is no viewer of photographs."""


class Pixels(Kind):
    """Pictures, as PNG.

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
        """Return height, width and channels; nothing where pictures differ in size."""
        if self.data.any_size:
            return {}
        return {"picture": {"height": self.height, "width": self.width, "channels": self.channels}}

    def tiles(self, columns: Columns) -> np.ndarray:
        """Return uint8 pictures of shape (n, height, width, channels): of more than three channels the first three."""
        pixels = columns["pixels"]
        if pixels.dtype != torch.uint8:
            pixels = (255 * pixels).round().clamp(0, 255).byte()
        return visible(pixels.movedim(1, -1).contiguous().numpy())

    def values(self, columns: Columns) -> list[dict[str, Any]]:
        """Return each picture as the address of a PNG, a large one smaller."""
        return [{"png": data_uri(shrunk(tile, SHOWN), FAST)} for tile in self.tiles(columns)]

    def tiled(self, columns: Columns) -> Columns:
        """Return pictures of any size as tiles of one, clear where the picture ends; others as they are."""
        if not self.data.any_size:
            return columns
        tiles = np.stack([_on_tile(tile) for tile in self.tiles(columns)])
        return {"pixels": torch.from_numpy(tiles).movedim(-1, 1)}

    def plain(self, columns: Columns) -> list[dict[str, Any]]:
        """Return each picture as numbers in [0, 1], row by row, channels last."""
        pixels = self._floats(columns).movedim(1, -1).flatten(1)
        return [{"pixels": picture} for picture in pixels.tolist()]

    def packed(self, columns: Columns) -> dict[str, Any]:
        """Return all pictures as thumbnails on one sheet."""
        pixels = columns["pixels"]
        tiles = pixels.movedim(1, -1).numpy() if self.data.any_size else self.tiles(columns)
        return {"sprite": _sprite(tiles)}

    def layout(self) -> dict[str, Any]:
        """Return the sizes of x̂."""
        return {"kind": self.name, "height": self.height, "width": self.width, "channels": self.channels}

    def contributions(self, located: Tensor) -> dict[str, Any]:
        """Return where the error is: the more, the less clear the colour."""
        error = located
        if error.ndim == 3:
            error = error.sum(0 if self.data.channels_first else -1)
        share = (error / error.max().clamp_min(1e-12)).clamp(0, 1)
        alpha = shrunk((255 * share).round().byte().numpy()[..., None], SHOWN)
        hue = np.broadcast_to(np.array(HUE, np.uint8), (*alpha.shape[:2], 3))
        return {"png": data_uri(np.concatenate([hue, alpha], -1), FAST)}

    def contributors(self, located: Tensor, most: int) -> list[dict[str, Any]]:
        """Return nothing: pixels have no names."""
        return []

    def read(self, value: Any) -> Columns:
        """Return the picture of numbers in [0, 1], row by row, channels last."""
        wanted = self.height * self.width * self.channels
        if len(value) != wanted:
            raise InputError(
                f"pixels: {len(value)} numbers, but a picture of {self.height} x {self.width} pixels in "
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
        usual: Columns,
        random: torch.Generator,
    ) -> Columns:
        """Add noise of that deviation, and make that share of the pixels black."""
        pixels = self._floats(columns)
        noisy = pixels + noise * torch.randn(pixels.shape, generator=random)
        kept = torch.rand(noisy[:, :1].shape, generator=random) >= erase
        return {**columns, "pixels": noisy.clamp(0, 1) * kept}

    def usual(self, columns: Columns) -> Columns:
        """Return nothing: pixels lie in [0, 1]."""
        return {}

    def flat(self, columns: Columns) -> dict[str, list[Any]]:
        """Return a column for each pixel; of pictures of any size their height and width."""
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


def shrunk(tile: np.ndarray, most: int) -> np.ndarray:
    """Return a picture (height, width, channels) whose longer side has at most so many pixels."""
    height, width = tile.shape[:2]
    if max(height, width) <= most:
        return tile
    return resize(tile, scaled((height, width), (most, most), "contain"), "stretch")


def _on_tile(tile: np.ndarray) -> np.ndarray:
    """Return a picture with an alpha channel in the middle of a square tile."""
    small = shrunk(tile, TILE)
    height, width, channels = small.shape
    square = np.zeros((TILE, TILE, channels + 1), np.uint8)
    top, left = (TILE - height) // 2, (TILE - width) // 2
    square[top : top + height, left : left + width] = np.concatenate(
        [small, np.full((height, width, 1), 255, np.uint8)], -1
    )
    return square


def _sprite(tiles: np.ndarray) -> dict[str, Any]:
    """Return thumbnails side by side as one picture."""
    n, height, width, channels = tiles.shape
    columns = ceil(sqrt(n))
    by = max(1, ceil(max(height, width) / min(TILE, SHEET // columns)))
    small = tiles[:, : height // by * by, : width // by * by].reshape(n, height // by, by, width // by, by, channels)
    small = small.mean((2, 4)).round().astype(np.uint8) if by > 1 else tiles
    height, width, rows = small.shape[1], small.shape[2], ceil(n / columns)
    sheet = np.zeros((rows * columns, height, width, channels), np.uint8)
    sheet[:n] = small
    laid = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    picture = laid.reshape(rows * height, columns * width, channels)
    return {"png": data_uri(picture), "columns": columns, "width": width, "height": height}
