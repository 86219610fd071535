"""Rows that are images: mosaics of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from isthmus.apps.report.blocks import Bar, Bars, Block, Cell, Group, Image, Table
from isthmus.apps.report.kinds.base import Picked, Rows, picked_rows, take
from isthmus.apps.report.numbers import number
from isthmus.apps.report.png import data_uri, visible
from isthmus.apps.report.scoring import Scoring
from isthmus.data.images.images import Images

GAP = 2
SHARP = 48
"""Pixels that a tile has at least, so that the browser does not blur small images."""

LARGE, SMALL = 64, 32
"""Pixels of a tile's side at most: where few are shown, and where many are."""

TILE = 56
"""CSS pixels of a tile where there is room."""

WORST = 8
"""Images with the highest scores that are shown."""

MAP = 300
"""CSS pixels of a map of errors."""

MAGNIFIED = 64
"""Times that a difference is magnified at most: beyond, there is the rounding of pixels to see."""

MORE, LESS = (216, 82, 28), (36, 110, 200)


Tiles = list[np.ndarray]
"""Images of shape (height, width, channels), which may differ in size."""


class ImageRows(Rows):
    """Images: an array, or a list of images of different sizes."""

    noun, unit = "image", "images"
    layout = "columns"
    differences = "In an atom, orange is brighter and blue is darker after the step."
    side, samples, walks = 12, 40, 5

    def __init__(self, data: Images, X: Any) -> None:
        self.data, self.channels = data, data.shape[0]

    @classmethod
    def pick(cls, data: Images, X: Any) -> Picked:
        """Return some images; a list of them becomes an array if they have one size."""
        if isinstance(X, (list, tuple)) and len({np.shape(image) for image in X}) == 1:
            X = np.stack(X)
        return picked_rows(data, X)

    @property
    def note(self) -> str:
        """Which channels are shown."""
        if self.channels in (1, 3):
            return ""
        which = "three are shown as red, green and blue" if self.channels > 3 else "is shown"
        return f"Of {self.channels} channels the first {which}."

    def versions(self, versions: Mapping[str, Any], errors: Any) -> list[Block]:
        """Show a strip for each version, and one of what the last has more or less than the first."""
        first, *_, last = pixels = [self._pixels(rows) for rows in versions.values()]
        strips = {name: _grey_or_colour(tiles) for name, tiles in zip(versions, pixels, strict=True)}
        tiles = [_means(b, LARGE) - _means(a, LARGE) for a, b in zip(first, last, strict=True)]
        times = _magnification(tiles)
        legend = "grey is none" if tiles[0].shape[-1] > 1 else "orange is brighter, blue is darker"
        strips[f"difference, ×{times} ({legend})"] = [_hued(times * tile) for tile in tiles]
        return _strips(strips)

    def extreme(self, title: str, versions: Mapping[str, Any], errors: Any) -> list[Block]:
        """Show them in a card."""
        return [Group(title, self.versions(versions, errors))]

    def grid(self, rows: Any, across: int, what: str, caption: str = "", names: Sequence[str] = ()) -> Block:
        """Show a mosaic."""
        return _mosaic(_grey_or_colour(self._pixels(rows)), across, LARGE, what, caption)

    def code_unit(self, name: str, below: Any, above: Any, walk: Any, steps: np.ndarray) -> list[Block]:
        """Show the atom as one tile, and the traversal as a strip."""
        [before], [after] = self._pixels(below), self._pixels(above)
        far = f"{steps[0]:+g} to {steps[-1]:+g} standard deviations".replace("-", "−")
        return [
            _mosaic(_signed([after - before]), 1, SMALL, f"decoder atom of {name}", "atom"),
            _mosaic(_grey_or_colour(self._pixels(walk)), len(steps), SMALL, f"traversal of {name}, {far}", far),
        ]

    def examples(self, name: str, rows: Any, activations: np.ndarray, walk: Any) -> Block:
        """Show a strip of the images that activate a unit most."""
        tiles = _grey_or_colour(self._pixels(rows))
        return _mosaic(tiles, len(tiles), SMALL, f"rows that activate {name} most", "activate it most")

    def by_feature(self, errors: np.ndarray) -> list[Block]:
        """Show the error of each pixel; if images may have any size, that of each channel."""
        if self.data.any_size:
            bars = [
                Bar(f"channel {c}", float(e / (errors.max() or 1.0)), number(float(e), 3)) for c, e in enumerate(errors)
            ]
            return [Bars(bars, "Mean error of each channel")]
        tile = self._whole(errors).mean(-1, keepdims=True)
        low, high = float(tile.min()), float(tile.max())
        what = f"mean error of each pixel, from {number(low, 2)} (black) to {number(high, 2)} (white)"
        return [_mosaic([_bytes((tile - low) / (high - low or 1.0))], 1, LARGE, what, what.capitalize(), MAP)]

    def abnormal(self, scoring: Scoring, reconstruct: Callable[[Any], Any]) -> list[Block]:
        """Show the images with the highest scores, their reconstructions, and where the scores come from."""
        at = scoring.worst(WORST)
        rows = take(scoring.X, at)
        maps = [self._whole(np.asarray(one)).sum(-1, keepdims=True) for one in scoring.contributions(at)]
        top = max(float(one.max()) for one in maps) or 1.0
        strips = {
            "original": _grey_or_colour(self._pixels(rows)),
            "reconstruction": _grey_or_colour(self._pixels(reconstruct(rows))),
            "contributions": _signed([np.maximum(one, 0) / top for one in maps]),
        }
        rated = zip(at, scoring.titles(at), strict=True)
        lines = [
            [Cell(title), Cell(number(float(scoring.scores[k]))), Cell(number(float(scoring.p_values[k]), 2))]
            for k, title in rated
        ]
        return [*_strips(strips), Table(["", "score", "p-value"], lines, "From left to right")]

    def _pixels(self, rows: Any) -> Tiles:
        """Return the channels of images that can be shown, as floats in [0, 1]."""
        return [visible(self._whole(np.asarray(image))) for image in rows]

    def _whole(self, image: np.ndarray) -> np.ndarray:
        """Return an image as floats of shape (height, width, channels)."""
        floats = image.astype(np.float32) / (255 if image.dtype == np.uint8 else 1)
        if floats.ndim == 2:
            return floats[..., None]
        return np.moveaxis(floats, 0, -1) if self.data.channels_first else floats


def _strips(strips: Mapping[str, Tiles]) -> list[Block]:
    """Return a strip of images for each name."""
    return [_mosaic(tiles, len(tiles), LARGE, name.capitalize(), name.capitalize()) for name, tiles in strips.items()]


def _bytes(tile: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(tile, 0, 1)).astype(np.uint8)


def _grey_or_colour(tiles: Tiles) -> Tiles:
    """Return uint8 tiles with an alpha channel."""
    return [_opaque(_bytes(tile)) for tile in tiles]


def _opaque(tile: np.ndarray) -> np.ndarray:
    return np.concatenate([tile, np.full((*tile.shape[:-1], 1), 255, np.uint8)], -1)


def _magnification(differences: Tiles) -> int:
    """Return the power of two by which differences of pixels are multiplied, so that they can be seen."""
    size = np.concatenate([np.abs(tile).ravel() for tile in differences])
    return int(2 ** np.floor(np.log2(1 / np.clip(np.quantile(size, 0.99), 1 / MAGNIFIED, 1))))


def _signed(tiles: Tiles) -> Tiles:
    """Return differences as tiles; the largest has the full colour."""
    top = max(1e-6, *(float(np.abs(tile).max()) for tile in tiles))
    return [_hued(tile / top) for tile in tiles]


def _hued(difference: np.ndarray) -> np.ndarray:
    """Return a difference as a tile: one hue for more, one for less; none is transparent, in colour images grey."""
    if difference.shape[-1] > 1:
        return _opaque(_bytes(0.5 + 0.5 * difference))
    hue = np.where(difference >= 0, np.array(MORE, np.uint8), np.array(LESS, np.uint8))
    return np.concatenate([hue, _bytes(np.abs(difference))], -1).astype(np.uint8)


def _mosaic(tiles: Tiles, across: int, side: int, alt: str, caption: str = "", width: int | None = None) -> Image:
    """Return tiles side by side as one image; smaller ones are in the upper left of their cell."""
    tiles = [_opaque(tile) if tile.shape[-1] in (1, 3) else tile for tile in tiles]
    sharp = max(SHARP, (width or 0) // across)
    sized = _enlarged([_reduced(tile, side) for tile in tiles], sharp)
    height, breadth, channels = np.max([tile.shape for tile in sized], axis=0).tolist()
    down = -(-len(sized) // across)
    sheet = np.zeros((down * across, height + GAP, breadth + GAP, channels), np.uint8)
    for cell, tile in enumerate(sized):
        sheet[cell, : tile.shape[0], : tile.shape[1]] = tile
    laid = sheet.reshape(down, across, height + GAP, breadth + GAP, channels).swapaxes(1, 2)
    pixels = laid.reshape(down * (height + GAP), across * (breadth + GAP), channels)[:-GAP, :-GAP]
    return Image(data_uri(pixels), alt, width or across * TILE, caption)


def _reduced(tile: np.ndarray, side: int) -> np.ndarray:
    """Return a uint8 tile no larger than `side`."""
    return _means(tile, side).round().astype(np.uint8)


def _means(tile: np.ndarray, side: int) -> np.ndarray:
    """Return a tile no larger than `side`, by the mean over blocks of pixels."""
    height, width, channels = tile.shape
    by = -(-max(height, width) // side)
    if by == 1:
        return tile
    high, wide = min(by, height), min(by, width)  # a line of pixels is not cut away
    height, width = height // high, width // wide
    blocks = tile[: height * high, : width * wide].reshape(height, high, width, wide, channels)
    return np.asarray(blocks.mean((1, 3)))


def _enlarged(tiles: Tiles, side: int) -> Tiles:
    """Return tiles of which the largest has at least `side` pixels, each pixel a square."""
    by = -(-side // max(max(tile.shape[:2]) for tile in tiles))
    return [tile.repeat(by, 0).repeat(by, 1) for tile in tiles]
