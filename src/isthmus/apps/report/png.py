"""PNG: from pixels to an image embedded in a page."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode

import numpy as np

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's names for grey, grey + alpha, colour, colour + alpha, by the number of channels."""

FAST = 1
"""Level of compression where people wait."""


def encode(pixels: np.ndarray, level: int = 9) -> bytes:
    """Return the PNG file of uint8 pixels of shape (height, width, channels).

    Parameters
    ----------
    pixels : uint8 ndarray of shape (height, width, channels)
        1 channel is grey, 3 are colour; a further one is alpha.
    level : int, default 9
        Of compression: 0 is none, 9 the most.
    """
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    unfiltered = np.zeros((height, 1), np.uint8)
    lines = np.hstack([unfiltered, pixels.reshape(height, -1)]).tobytes()
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines, level)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def visible(pixels: np.ndarray) -> np.ndarray:
    """Return the channels of images (the last axis) that can be shown: one, as grey, or three.

    Examples
    --------
    >>> [visible(np.zeros((2, 2, channels))).shape[-1] for channels in (1, 2, 3, 13)]
    [1, 1, 3, 3]
    """
    return pixels[..., : 3 if pixels.shape[-1] >= 3 else 1]


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def data_uri(pixels: np.ndarray, level: int = 9) -> str:
    """Return the pixels as a data URI."""
    return f"data:image/png;base64,{b64encode(encode(pixels, level)).decode()}"
