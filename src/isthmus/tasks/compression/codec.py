"""A codec: an image to the symbols of its tiles and their words, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from isthmus.core.records import Batch
from isthmus.parts.bottlenecks.entropy import PARTS, Entropy
from isthmus.tasks.compression.coder import Tables
from isthmus.tasks.compression.symbols import Reader, Writer
from isthmus.tasks.compression.tiling import Cells, tiles

if TYPE_CHECKING:
    from isthmus.core.model import Model

EFFORTS = (0, 1)
"""1: symbols are chosen by what they cost; 0: the nearest."""
AROUND = 2
"""Cells around a tile that its coefficients depend on."""


class Tile(NamedTuple):
    """The symbols of a tile, coded.

    Attributes
    ----------
    checksum : int
        CRC-32 of the symbols.
    words : uint32 ndarray
    """

    checksum: int
    words: np.ndarray


class WrongSymbolsError(Exception):
    """The symbols of a tile are not those that were written."""


class Codec:
    """Codes images with a model.

    Parameters
    ----------
    model : Model
        Of a net with coefficients of cells, and the bottleneck ``"entropy"``.
    shapes : ndarray of shape (slots, levels, shapes)
        See `isthmus.tasks.compression.tables.mixed`.
    """

    def __init__(self, model: Model, shapes: np.ndarray) -> None:
        self.model, self.entropy = model.eval(), cast(Entropy, model.bottleneck)
        self.tables = [Tables(weights) for weights in shapes]
        self.side, self.channels = model.net.stride, model.typical_shape[0]

    def cells(self, height: int, width: int) -> tuple[int, int]:
        """Return the rows and columns of the cells of an image."""
        rows, columns = self.model.positions((1, height, width))
        return rows, columns

    # -- to words ------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def encoded(self, image: np.ndarray, level: int, effort: int = 1) -> Iterator[Tile]:
        """Yield the tiles of an image, row by row.

        Parameters
        ----------
        image : ndarray of shape (height, width, channels)
            uint8, or floats in [0, 1].
        level : int
            The step, in 1/32 octaves of 1/255.
        effort : {0, 1}, default 1
        """
        for tile in tiles(*self.cells(*image.shape[:2])):
            writer = Writer(self.tables)
            self.entropy.code(self._coefficients(image, tile), steps_of(level), self._trade(effort), writer)
            yield Tile(writer.checksum, writer.encoder.words())

    def bits(self, image: np.ndarray, level: int, effort: int = 1) -> int:
        """Return the bits that the tiles of an image take."""
        return 32 * sum(len(tile.words) for tile in self.encoded(image, level, effort))

    @torch.no_grad()
    def rounded(self, image: np.ndarray, level: int, effort: int = 1) -> np.ndarray:
        """Return the image that comes back, as float32 in [0, 1]."""
        codes = []
        for tile in tiles(*self.cells(*image.shape[:2])):
            coefficients = self._coefficients(image, tile)
            codes.append(self.entropy.code(coefficients, steps_of(level), self._trade(effort), _unwatched).z)
        return self._assembled(codes, image.shape, level)

    def _trade(self, effort: int) -> float:
        return self.entropy.trade if effort else 0.0

    def _coefficients(self, image: np.ndarray, tile: Cells) -> Tensor:
        """Return h of a tile, of shape (1, rows, columns, numbers)."""
        outer = tile.widened(AROUND, *self.cells(*image.shape[:2]))
        x = as_tensor(image[outer.pixels(self.side)])
        h = cast(Tensor, self.model.net.encode(Batch(x, x)))
        return h[(slice(None), *tile.within(outer))]

    # -- and back ------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def decoded(
        self, coded: Sequence[Tile | None], shape: tuple[int, int, int], level: int, tell: Callable[[], object] = bool
    ) -> np.ndarray:
        """Return an image, as float32 in [0, 1].

        Parameters
        ----------
        coded : sequence of Tile or None
            Row by row; None for one that is lost: its coefficients are taken to be 0.
        shape : (int, int, int)
            Height, width, channels.
        level : int
        tell : callable, optional
            Called after each tile.

        Raises
        ------
        WrongSymbolsError
            The words of a tile do not give the symbols that were written.
        """
        codes = []
        for tile, parts in zip(tiles(*self.cells(*shape[:2])), coded, strict=True):
            codes.append(self._code(parts, tile, level))
            tell()
        return self._assembled(codes, shape, level)

    def _code(self, coded: Tile | None, tile: Cells, level: int) -> Tensor:
        """Return the code of a tile."""
        if coded is None:
            return torch.zeros(1, *tile.shape, self.model.latent_dim)
        reader = Reader(self.tables, coded.words)
        symbols = self.entropy.predictor(reader, tile.shape, torch.tensor([level / PARTS]))
        if reader.checksum != coded.checksum:
            raise WrongSymbolsError
        return self.entropy.predictor.whole(symbols, steps_of(level).view(1, 1, 1, 1))

    def _assembled(self, codes: Sequence[Tensor], shape: Sequence[int], level: int) -> np.ndarray:
        """Return the image of the codes of its tiles."""
        height, width, channels = shape
        rows, columns = self.cells(height, width)
        whole = torch.cat([torch.cat(list(row), 2) for row in _rows(codes, columns)], 1)
        image = np.empty((height, width, channels), np.float32)
        margin = -(-(self.model.net.reach or 0) // self.side)
        for tile in tiles(rows, columns):
            outer = tile.widened(margin, rows, columns)
            z = whole[(slice(None), slice(outer.top, outer.bottom), slice(outer.left, outer.right))]
            nothing = z.new_empty(1, channels, *(side * self.side for side in outer.shape))
            y = self.model.net.decode(z, Batch(nothing, nothing, step=steps_of(level)))
            inner = Cells(
                tile.top - outer.top, tile.bottom - outer.top, tile.left - outer.left, tile.right - outer.left
            )
            pixels = y[(0, slice(None), *inner.pixels(self.side))].clamp(0, 1).movedim(0, -1).numpy()
            into = image[tile.pixels(self.side)]
            into[...] = pixels[: into.shape[0], : into.shape[1]]
        return image


def as_tensor(image: np.ndarray) -> Tensor:
    """Return an image, uint8 or floats in [0, 1], as floats of shape (1, channels, height, width)."""
    scale = np.float32(1 / 255 if image.dtype == np.uint8 else 1)
    pixels = np.multiply(image, scale, dtype=np.float32)
    return torch.from_numpy(pixels).movedim(-1, 0).unsqueeze(0).contiguous()


def _unwatched(slot: int, symbols: Tensor, mean: Tensor, scale: Tensor, board: Tensor | None) -> None:
    """Watch nothing: bits need not be counted."""


def _rows(codes: Sequence[Tensor], columns: int) -> Iterator[Sequence[Tensor]]:
    """Yield the codes of each row of tiles."""
    each = sum(1 for _ in tiles(1, columns))
    return (codes[at : at + each] for at in range(0, len(codes), each))


def steps_of(level: int) -> Tensor:
    """Return the step of a level, of shape (1,)."""
    return torch.tensor([2.0 ** (level / PARTS) / 255])
