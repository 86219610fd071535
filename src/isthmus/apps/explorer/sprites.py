"""Sprites: many images side by side as one, which a page without a server holds."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any

import numpy as np

from isthmus.apps.report.png import data_uri

TILES, SHEETS = (40, 256), (2048, 8192)
"""Pixels of the side of a large image on an exported page, least and most, and of the sheet that holds them all."""

SMALL = 64
"""Pixels of the side of images that keep their size on an exported page, unless they are very many."""


def tile_side(count: int) -> int:
    """Return the maximum side of each image, in pixels, of so many on one sheet.

    Examples
    --------
    >>> [tile_side(count) for count in (20, 1000, 5000)]
    [256, 64, 40]
    """
    columns = ceil(sqrt(count))
    return max(1, min(max(TILES[0], SHEETS[0] // columns), TILES[1], SHEETS[1] // columns))


def sprite(tiles: np.ndarray) -> dict[str, Any]:
    """Return images side by side as one."""
    n, height, width, channels = tiles.shape
    columns = ceil(sqrt(n))
    by = max(1, ceil(max(height, width) / max(tile_side(n), min(SMALL, SHEETS[1] // columns))))
    small = tiles[:, : height // by * by, : width // by * by].reshape(n, height // by, by, width // by, by, channels)
    small = small.mean((2, 4)).round().astype(np.uint8) if by > 1 else tiles
    height, width, rows = small.shape[1], small.shape[2], ceil(n / columns)
    sheet = np.zeros((rows * columns, height, width, channels), np.uint8)
    sheet[:n] = small
    laid = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    image = laid.reshape(rows * height, columns * width, channels)
    return {"png": data_uri(image), "columns": columns, "width": width, "height": height}
