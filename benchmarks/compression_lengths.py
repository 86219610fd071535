"""The bytes of files beside the ideal code length: what their symbols are worth under the tables of the model.

Images 1 to 16 of Kodak, at three qualities, with the model that comes with isthmus. A file also has a header, the
checksums of its chunks, and whole words of 32 bits for each tile.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.compression import pixels
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.rows import ours
from isthmus import Compressor
from isthmus.tasks.compression.codec import Codec
from isthmus.tasks.compression.symbols import tables_of
from isthmus.tasks.compression.targets import level_of_quality
from isthmus.tasks.compression.tiling import TILE, tiles

QUALITIES = (10, 50, 90)
FACTOR, BYTES = 1.005, 100


class Counting:
    """Adds up the bits of symbols under the tables of a codec."""

    def __init__(self, codec: Codec) -> None:
        self.tables, self.bits = codec._all_tables, 0.0

    def __call__(self, slot: int, symbols: Tensor, mean: Tensor, scale: Tensor, board: Tensor | None) -> None:
        which, middle, mirror = tables_of(mean, scale, board)
        coded = symbols if board is None else symbols[board.expand_as(symbols)]
        numbers = (coded.flatten().numpy().astype(np.int64) - middle) * mirror
        self.bits += self.tables[slot].bits(numbers, which)


def run(quick: bool) -> Result:
    paths = sorted(found("photos/kodak").glob("*.png"))[: 1 if quick else 16]
    compressor = Compressor.shipped()
    table: list[list[Any]] = [["quality", "bytes of all files", "ideal", "bytes beyond, at most of a file"]]
    everything: list[tuple[int, float]] = []
    for quality in QUALITIES:
        rows = [ours(f"{path.stem}, {quality}", partial(lengths, compressor, path, quality), path) for path in paths]
        whole, ideal = np.sum(rows, 0)
        table.append([str(quality), int(whole), int(ideal), max(one - other for one, other in rows)])
        everything += rows
    over = [one - FACTOR * other for one, other in everything]
    beyond = [one - other for one, other in everything]
    figures = [
        Figure(f"bytes of a file less {FACTOR} times the ideal, the greatest", max(over), "bytes", most=BYTES),
        Figure("bytes of a file less the ideal, the mean", float(np.mean(beyond)), "bytes"),
    ]
    return Result(figures, table)


@torch.no_grad()
def lengths(compressor: Compressor, path: Path, quality: int) -> tuple[int, float]:
    """Return the bytes of a file, and what its symbols are worth, in bytes."""
    image, codec = pixels(path), compressor.codec
    counting = Counting(codec)
    for tile in tiles(*codec.cells(*image.shape[:2]), TILE):
        codec._coded(image, tile, level_of_quality(quality), 1, compressor.detail_, counting)
    return len(compressor.compress(image, quality)), counting.bits / 8
