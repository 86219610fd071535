"""Rows that are pictures: mosaics of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isthmus.apps.report.blocks import Block, Picture
from isthmus.apps.report.numbers import number
from isthmus.apps.report.png import data_uri

GAP = 2
SHARP = 48
"""Pixels that a tile has at least, so that the browser does not blur small pictures."""

LARGE, SMALL = 64, 32
"""Pixels of a tile's side at most: where few are shown, and where many are."""

SHOWN = 56
"""CSS pixels of a tile where there is room."""

MAP = 300
"""CSS pixels of a map of errors."""

MORE, LESS = (216, 82, 28), (36, 110, 200)


class PictureRows:
    """How pictures are shown.

    Parameters
    ----------
    channels_first : bool
        Whether the shape of one picture is (channels, height, width).
    """

    layout = "columns"
    differences = "In an atom, orange is brighter and blue is darker after the step."

    def __init__(self, channels_first: bool = False) -> None:
        self.channels_first = channels_first

    def versions(self, given: Mapping[str, Any], errors: np.ndarray, caption: str = "") -> list[Block]:
        """Show a strip for each version, and one of what the last has more or less than the first."""
        first, *_, last = shown = [self._pixels(rows) for rows in given.values()]
        strips = {name: _grey_or_colour(tiles) for name, tiles in zip(given, shown, strict=True)}
        strips["difference"] = _signed(last - first, least=0.5)
        titles = {name: f"{caption}: {name}" if caption else name.capitalize() for name in strips}
        return [_mosaic(tiles, len(tiles), LARGE, titles[name], titles[name]) for name, tiles in strips.items()]

    def grid(self, given: Any, across: int, what: str, caption: str = "", names: Sequence[str] = ()) -> Block:
        """Show a mosaic."""
        return _mosaic(_grey_or_colour(self._pixels(given)), across, LARGE, what, caption)

    def unit(self, name: str, below: Any, above: Any, walk: Any, steps: np.ndarray) -> list[Block]:
        """Show the atom as one tile, and the traversal as a strip."""
        atom = _signed(self._pixels(above) - self._pixels(below))
        far = f"{steps[0]:+g} to {steps[-1]:+g} standard deviations".replace("-", "−")
        return [
            _mosaic(atom, 1, SMALL, f"decoder atom of {name}", "atom"),
            _mosaic(_grey_or_colour(self._pixels(walk)), len(steps), SMALL, f"traversal of {name}, {far}", far),
        ]

    def examples(self, name: str, given: Any, activations: np.ndarray, walk: Any) -> Block:
        """Show a strip of the pictures that activate a unit most."""
        tiles = _grey_or_colour(self._pixels(given))
        return _mosaic(tiles, len(tiles), SMALL, f"rows that activate {name} most", "activate it most")

    def by_feature(self, errors: np.ndarray) -> Block:
        """Show where in the picture the error is."""
        tile = self._pixels(errors[None]).mean(-1, keepdims=True)
        low, high = float(tile.min()), float(tile.max())
        what = f"mean error of each pixel, from {number(low, 2)} (black) to {number(high, 2)} (white)"
        return _mosaic(_bytes((tile - low) / (high - low or 1.0)), 1, LARGE, what, what.capitalize(), MAP)

    def _pixels(self, rows: Any) -> np.ndarray:
        """Return floats in [0, 1] of shape (n, height, width, channels)."""
        pixels = np.asarray(rows)
        floats = pixels.astype(np.float32) / (255 if pixels.dtype == np.uint8 else 1)
        if floats.ndim == 3:
            return floats[..., None]
        return np.moveaxis(floats, 1, -1) if self.channels_first else floats


def _bytes(tiles: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(tiles, 0, 1)).astype(np.uint8)


def _grey_or_colour(tiles: np.ndarray) -> np.ndarray:
    """Return uint8 tiles with an alpha channel."""
    return _opaque(_bytes(tiles))


def _opaque(tiles: np.ndarray) -> np.ndarray:
    return np.concatenate([tiles, np.full((*tiles.shape[:-1], 1), 255, np.uint8)], -1)


def _signed(tiles: np.ndarray, least: float = 1e-6) -> np.ndarray:
    """Return differences as tiles: one hue for more, one for less, clear for none; in colour, grey for none.

    The strongest difference gets the full hue, or `least` where all are smaller.
    """
    share = tiles / max(float(np.abs(tiles).max()), least)
    if tiles.shape[-1] > 1:
        return _opaque(_bytes(0.5 + 0.5 * share))
    hue = np.where(share >= 0, np.array(MORE, np.uint8), np.array(LESS, np.uint8))
    return np.concatenate([hue, _bytes(np.abs(share))], -1).astype(np.uint8)


def _mosaic(
    tiles: np.ndarray, across: int, side: int, alt: str, caption: str = "", width: int | None = None
) -> Picture:
    """Return tiles, of shape (n, height, width, channels), side by side as one picture."""
    if tiles.shape[-1] in (1, 3):
        tiles = _opaque(tiles)
    sized = _enlarged(_reduced(tiles, side), max(SHARP, (width or 0) // across))
    n, height, breadth, channels = sized.shape
    down = -(-n // across)
    sheet = np.zeros((down * across, height + GAP, breadth + GAP, channels), np.uint8)
    sheet[:n, :height, :breadth] = sized
    laid = sheet.reshape(down, across, height + GAP, breadth + GAP, channels).swapaxes(1, 2)
    pixels = laid.reshape(down * (height + GAP), across * (breadth + GAP), channels)[:-GAP, :-GAP]
    return Picture(data_uri(pixels), alt, width or across * SHOWN, caption)


def _reduced(tiles: np.ndarray, side: int) -> np.ndarray:
    """Return tiles no larger than `side`, by the mean over blocks of pixels."""
    n, height, width, channels = tiles.shape
    by = -(-max(height, width) // side)
    if by == 1:
        return tiles
    height, width = height // by, width // by
    blocks = tiles[:, : height * by, : width * by].reshape(n, height, by, width, by, channels)
    return blocks.mean((2, 4)).round().astype(np.uint8)


def _enlarged(tiles: np.ndarray, side: int) -> np.ndarray:
    """Return tiles of at least `side` pixels, each pixel a square."""
    by = -(-side // max(tiles.shape[1:3]))
    return tiles.repeat(by, 1).repeat(by, 2)
