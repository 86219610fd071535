"""A codec: an image to the symbols of its tiles and their words, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from isthmus.core.records import Batch
from isthmus.parts.bottlenecks.entropy import PARTS, Entropy
from isthmus.parts.bottlenecks.rounding import Watch
from isthmus.support.allocator import return_freed
from isthmus.tasks.compression import texture
from isthmus.tasks.compression.coder import Tables, WrongSymbolsError
from isthmus.tasks.compression.symbols import Reader, Writer
from isthmus.tasks.compression.tiling import TILE, Cells, tile_rows, tiles

if TYPE_CHECKING:
    from isthmus.core.model import Model

OF_STEPS = -1
"""The slot of what is written of the steps of cells: behind those of the predictor."""
EFFORTS = (0, 1)
"""1: symbols are chosen by what they cost; 0: the nearest."""


def _unwatched(slot: int, symbols: Tensor, mean: Tensor, scale: Tensor, board: Tensor | None) -> None:
    """Watch nothing: bits need not be counted."""


def _zeros(slot: int, mean: Tensor, scale: Tensor, board: Tensor | None) -> Tensor:
    """Take no symbols: all are 0."""
    return torch.zeros_like(mean)


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


class Patch(NamedTuple):
    """A part of an image.

    Attributes
    ----------
    top, left : int
        Its first pixel.
    pixels : float32 ndarray of shape (rows, columns, channels)
        In [0, 1].
    """

    top: int
    left: int
    pixels: np.ndarray

    def of(self, image: np.ndarray) -> np.ndarray:
        """Return this part of an image."""
        rows, columns = self.pixels.shape[:2]
        part: np.ndarray = image[self.top : self.top + rows, self.left : self.left + columns]
        return part


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
        self._all_tables = [*self.tables, Tables(np.eye(shapes.shape[-1], dtype=np.float32)[[0] * shapes.shape[1]])]
        self.side, self.channels = model.net.stride, model.typical_shape[0]
        self.margin = -(-(model.net.reach or 0) // self.side)

    def cells(self, height: int, width: int) -> tuple[int, int]:
        """Return the rows and columns of the cells of an image."""
        rows, columns = self.model.positions((1, height, width))
        return rows, columns

    def count(self, height: int, width: int, side: int = TILE) -> int:
        """Return the number of tiles of an image."""
        return sum(1 for _ in tiles(*self.cells(height, width), side))

    # -- to words ------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def encoded(
        self, image: np.ndarray, level: int, effort: int = 1, detail: float = 0.0, side: int = TILE
    ) -> Iterator[Tile]:
        """Yield the tiles of an image, row by row.

        Parameters
        ----------
        image : ndarray of shape (height, width, channels)
            uint8, or floats in [0, 1].
        level : int
            The step, in 1/32 octaves of 1/255.
        effort : {0, 1}, default 1
        detail : float, default 0
            See `isthmus.tasks.compression.texture.finer`; 0: steps are equal, and nothing is written of them.
        side : int, default 32
            Of tiles, in cells.
        """
        for tile in tiles(*self.cells(*image.shape[:2]), side):
            writer = Writer(self._all_tables)
            self._coded(image, tile, level, effort, detail, writer)
            yield Tile(writer.checksum, writer.encoder.words())

    def _coded(
        self, image: np.ndarray, tile: Cells, level: int, effort: int, detail: float, watch: Watch = _unwatched
    ) -> Tensor:
        """Return the code of a tile, rounded, of which all symbols are watched."""
        h, step, trade = self._coefficients(image, tile), steps_of(level), self.entropy.trade if effort else 0.0
        if not detail:
            return self.entropy.code(h, step, trade, watch).z
        offsets = texture.finer(image, tile, self.side, detail)
        texture.write(offsets, OF_STEPS, watch)
        gains = texture.gains(offsets)
        return self.entropy.code(h * gains, step, trade, watch).z / gains

    def bits(self, image: np.ndarray, level: int, effort: int = 1, detail: float = 0.0) -> int:
        """Return the bits that the tiles of an image take."""
        return 32 * sum(len(tile.words) for tile in self.encoded(image, level, effort, detail))

    def rounded(self, image: np.ndarray, level: int, effort: int = 1, detail: float = 0.0) -> Iterator[Patch]:
        """Yield the parts of the image that comes back, one for each tile."""

        @torch.no_grad()
        def code_of(tile: Cells) -> Tensor:
            return self._coded(image, tile, level, effort, detail)

        return self._patches(code_of, image.shape, level, TILE)

    def _coefficients(self, image: np.ndarray, tile: Cells) -> Tensor:
        """Return h of a tile, of shape (1, rows, columns, numbers)."""
        outer = tile.widened(self.margin, *self.cells(*image.shape[:2]))
        x = as_tensor(image[outer.pixels(self.side)])
        h = cast(Tensor, self.model.net.encode(Batch(x, x)))
        return h[(slice(None), *tile.within(outer))]

    # -- and back ------------------------------------------------------------------------------------------------

    def decoded(
        self,
        coded: Sequence[Tile | None],
        shape: tuple[int, int, int],
        level: int,
        side: int = TILE,
        tell: Callable[[], object] = bool,
        uneven: bool = False,
    ) -> Iterator[Patch]:
        """Yield the parts of an image, one for each tile, row by row.

        Parameters
        ----------
        coded : sequence of Tile or None
            Row by row; None for one that is lost: its symbols are taken to be 0.
        shape : (int, int, int)
            Height, width, channels.
        level : int
        side : int, default 32
            Of tiles, in cells.
        tell : callable, optional
            Called after each tile.
        uneven : bool, default False
            Whether the steps of cells differ.

        Raises
        ------
        WrongSymbolsError
            The words of a tile do not give the symbols that were written.
        """
        of_tiles = dict(zip(tiles(*self.cells(*shape[:2]), side), coded, strict=True))

        def code_of(tile: Cells) -> Tensor:
            code = self._code(of_tiles[tile], tile, level, uneven)
            tell()
            return code

        return self._patches(code_of, shape, level, side)

    @torch.no_grad()
    def _code(self, coded: Tile | None, tile: Cells, level: int, uneven: bool) -> Tensor:
        """Return the code of a tile."""
        reader = None if coded is None else Reader(self._all_tables, coded.words)
        offsets = texture.take(tile.shape, OF_STEPS, reader or _zeros) if uneven else torch.zeros(1, 1, 1, 1)
        symbols = self.entropy.predictor(reader or _zeros, tile.shape, torch.tensor([level / PARTS]))
        if reader is not None and coded is not None and reader.checksum != coded.checksum:
            raise WrongSymbolsError
        return self.entropy.predictor.whole(symbols, steps_of(level).view(1, 1, 1, 1)) / texture.gains(offsets)

    def _patches(
        self, code_of: Callable[[Cells], Tensor], shape: Sequence[int], level: int, side: int
    ) -> Iterator[Patch]:
        """Yield the parts of an image; of the codes, those of two rows of tiles are known at a time."""
        rows = list(tile_rows(*self.cells(*shape[:2]), side))
        known: list[Tensor] = [_row(code_of, rows[0])]
        for number, row in enumerate(rows):
            known += [_row(code_of, rows[number + 1])] if number + 1 < len(rows) else []
            first = row[0].top - (known[0].shape[1] if number else 0)
            yield from (self._patch(known, first, tile, shape, level) for tile in row)
            return_freed()
            known = [known[number > 0][:, -self.margin or row[0].bottom :].clone(), *known[1 + (number > 0) :]]

    @torch.no_grad()
    def _patch(self, codes: list[Tensor], first: int, tile: Cells, shape: Sequence[int], level: int) -> Patch:
        """Return the pixels of a tile, for the codes from a row of cells on."""
        height, width, channels = shape
        outer = tile.widened(self.margin, *self.cells(height, width))
        z = _cells(codes, first, outer)
        nothing = z.new_empty(1, channels, *(cells * self.side for cells in outer.shape))
        y = self.model.net.decode(z, Batch(nothing, nothing, step=steps_of(level)))
        down, right = (slice(part.start * self.side, part.stop * self.side) for part in tile.within(outer))
        pixels = y[0, :, down, right].clamp(0, 1).movedim(0, -1).numpy()
        top, left = tile.top * self.side, tile.left * self.side
        return Patch(top, left, pixels[: height - top, : width - left])


def _cells(codes: list[Tensor], first: int, outer: Cells) -> Tensor:
    """Return the codes of some cells; `codes` follow each other from a row of cells on."""
    parts = []
    for part in codes:
        within = part[:, max(outer.top - first, 0) : max(outer.bottom - first, 0), outer.left : outer.right]
        parts.append(within)
        first += part.shape[1]
    return torch.cat(parts, 1)


def _row(code_of: Callable[[Cells], Tensor], row: list[Cells]) -> Tensor:
    """Return the codes of a row of tiles, of shape (1, rows, columns, numbers)."""
    codes = torch.empty(0)
    for tile in row:
        code = code_of(tile)
        if not len(codes):
            codes = code.new_empty(*code.shape[:2], row[-1].right, code.shape[-1])
        codes[:, :, tile.left : tile.right] = code
    return_freed()
    return codes


def as_tensor(image: np.ndarray) -> Tensor:
    """Return an image, uint8 or floats in [0, 1], as floats of shape (1, channels, height, width)."""
    scale = np.float32(1 / 255 if image.dtype == np.uint8 else 1)
    pixels = np.multiply(image, scale, dtype=np.float32)
    return torch.from_numpy(pixels).movedim(-1, 0).unsqueeze(0).contiguous()


def steps_of(level: int) -> Tensor:
    """Return the step of a level, of shape (1,)."""
    return torch.tensor([2.0 ** (level / PARTS) / 255])
