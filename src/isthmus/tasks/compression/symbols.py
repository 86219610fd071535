"""Symbols on their way to the coder and back: each under the table of its mean and scale."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from isthmus.tasks.compression.coder import Decoder, Encoder, Tables
from isthmus.tasks.compression.tables import EIGHTHS, OFFSETS, PARTS, SMALLEST


class Writer:
    """Writes the symbols that `isthmus.parts.bottlenecks.rounding.Rounding` chooses, which it watches.

    Parameters
    ----------
    tables : sequence of Tables
        Of each slot.

    Attributes
    ----------
    checksum : int
        CRC-32 of the symbols.
    """

    def __init__(self, tables: Sequence[Tables]) -> None:
        self.tables, self.encoder, self.checksum = tables, Encoder(), 0

    def __call__(self, slot: int, symbols: Tensor, mean: Tensor, scale: Tensor, board: Tensor | None) -> None:
        """Write the symbols of a slot."""
        which, middle, mirror = tables_of(mean, scale, board)
        numbers = _those(symbols, board).astype(np.int64)
        self.checksum = checksum(numbers, self.checksum)
        self.encoder.put((numbers - middle) * mirror, which, self.tables[slot])


class Reader:
    """Reads the symbols of a predictor, slot by slot.

    Parameters
    ----------
    tables : sequence of Tables
        Of each slot.
    words : uint32 ndarray

    Attributes
    ----------
    checksum : int
        CRC-32 of the symbols.
    """

    def __init__(self, tables: Sequence[Tables], words: np.ndarray) -> None:
        self.tables, self.decoder, self.checksum = tables, Decoder(words), 0

    def __call__(self, slot: int, mean: Tensor, scale: Tensor, board: Tensor | None) -> Tensor:
        """Return the symbols of a slot."""
        which, middle, mirror = tables_of(mean, scale, board)
        numbers = self.decoder.take(which, self.tables[slot]) * mirror + middle
        self.checksum = checksum(numbers, self.checksum)
        symbols = torch.as_tensor(numbers).to(mean)
        if board is None:
            return symbols.view_as(mean)
        return torch.zeros_like(mean).masked_scatter_(board.expand_as(mean), symbols)


def tables_of(mean: Tensor, scale: Tensor, board: Tensor | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the table of each symbol, the whole number that its mean is near, and -1 where it is mirrored, else 1."""
    eighths = _those(mean * EIGHTHS, board).astype(np.int64)
    middle = (eighths + EIGHTHS // 2) // EIGHTHS
    offset = eighths - middle * EIGHTHS
    level = _those((scale - SMALLEST) * PARTS, board).astype(np.uint16)
    which = level * np.uint16(OFFSETS) + np.abs(offset).astype(np.uint16)
    return which, middle, np.where(offset < 0, -1, 1)


def checksum(numbers: np.ndarray, before: int = 0) -> int:
    """Return the CRC-32 of symbols, and of those before them."""
    return zlib.crc32(numbers.astype("<i4").tobytes(), before)


def _those(values: Tensor, board: Tensor | None) -> np.ndarray:
    chosen: np.ndarray = (values if board is None else values[board.expand_as(values)]).flatten().cpu().numpy()
    return chosen
