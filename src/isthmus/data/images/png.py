"""Writing PNG files of 1, 8 or 16 bits, with the chunks of another PNG file: profile, EXIF data, resolution, texts.

Pillow writes no colours of 16 bits, and leaves out chunks that it does not know.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

MAGIC = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}
"""The colour type by the number of channels, with an alpha channel."""
OF_PIXELS = (
    *(b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"hIST", b"bKGD", b"sBIT"),
    *(b"acTL", b"fcTL", b"fdAT"),
)
"""Chunks that hold pixels or frames, or that mean another thing once pixels are of another type."""
BLOCK = 2**22
"""Bytes that are filtered at a time."""

Chunk = tuple[bytes, bytes]
"""The type of a chunk, and its content."""


class PngHead(NamedTuple):
    """What the first chunk says of pixels: their bits, and the colour type."""

    depth: int
    colour_type: int


def png_head(path: Path) -> PngHead:
    """Return the bits of a channel and the colour type of a PNG file."""
    with path.open("rb") as stream:
        return PngHead(*stream.read(26)[24:26])


def chunks_beside(path: Path) -> list[Chunk]:
    """Return the chunks of a PNG file that are about the whole image: not pixels, nor how they are stored."""
    content, at, chunks = path.read_bytes(), len(MAGIC), []
    while at + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        if kind not in OF_PIXELS:
            chunks.append((kind, content[at + 8 : at + 8 + length]))
        at += length + 12
    return chunks


def write_png(path: Path, pixels: np.ndarray, chunks: list[Chunk]) -> None:
    """Write an image to a file; see `encode_png`."""
    with path.open("wb") as stream:
        encode_png(stream, pixels, chunks)


def encode_png(stream: BinaryIO, pixels: np.ndarray, chunks: list[Chunk]) -> None:
    """Write an image.

    Parameters
    ----------
    stream : binary file
    pixels : ndarray of shape (height, width, channels)
        bool of one channel, uint8 or uint16; the second or fourth channel is alpha.
    chunks : list of Chunk
        Written before the pixels.
    """
    height, width, channels = pixels.shape
    depth = 1 if pixels.dtype == bool else 8 * pixels.itemsize
    head = struct.pack(">IIBBBBB", width, height, depth, COLOUR_TYPE[channels], 0, 0, 0)
    stream.write(MAGIC)
    for kind, content in ((b"IHDR", head), *chunks, *_data(pixels), (b"IEND", b"")):
        stream.write(struct.pack(">I", len(content)) + kind + content)
        stream.write(struct.pack(">I", zlib.crc32(kind + content)))


def _data(pixels: np.ndarray) -> Iterator[Chunk]:
    """Yield the chunks with the pixels, compressed."""
    packer = zlib.compressobj(6)
    for block in _filtered(pixels):
        if packed := packer.compress(block):
            yield b"IDAT", packed
    yield b"IDAT", packer.flush()


def _filtered(pixels: np.ndarray) -> Iterator[bytes]:
    """Yield rows of bytes, each after the number of its filter: the one that leaves the smallest sum."""
    height, width, channels = pixels.shape
    step = max(1, BLOCK // (width * channels * pixels.itemsize))
    left = channels * pixels.itemsize
    for top in range(0, height, step):
        rows = _row_bytes(pixels[max(0, top - 1) : top + step])
        above, rows = (rows[:-1], rows[1:]) if top else (np.vstack([np.zeros_like(rows[:1]), rows[:-1]]), rows)
        if pixels.dtype == bool:
            yield np.insert(rows, 0, 0, axis=1).tobytes()
        else:
            yield _best(rows, above, left).tobytes()


def _row_bytes(pixels: np.ndarray) -> np.ndarray:
    """Return rows as bytes, the more significant one of 16 bits first; eight pixels of 1 bit are a byte."""
    if pixels.dtype == bool:
        return np.packbits(pixels[..., 0], axis=1)
    ordered = pixels.astype(pixels.dtype.newbyteorder(">"), copy=False)
    return np.ascontiguousarray(ordered.reshape(len(pixels), -1)).view(np.uint8)


def _best(rows: np.ndarray, above: np.ndarray, left: int) -> np.ndarray:
    """Return rows of bytes after the filter Sub, Up or Paeth, whichever suits each, and its number."""
    before, corner = (np.zeros_like(rows), np.zeros_like(rows))
    before[:, left:], corner[:, left:] = rows[:, :-left], above[:, :-left]
    ways = {1: rows - before, 2: rows - above, 4: rows - _paeth(before, above, corner)}
    sums = [np.abs(way.view(np.int8).astype(np.int16)).sum(1) for way in ways.values()]
    choice = np.argmin(sums, axis=0)
    chosen = np.select([(choice == at)[:, None] for at in range(len(ways))], list(ways.values()))
    return np.hstack([np.array(list(ways), np.uint8)[choice][:, None], chosen])


def _paeth(before: np.ndarray, above: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """Return the neighbour that is nearest to left + above - corner."""
    a, b, c = (side.astype(np.int16) for side in (before, above, corner))
    near_a, near_b, near_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    either = np.where((near_b <= near_c), above, corner)
    return np.where((near_a <= near_b) & (near_a <= near_c), before, either)
