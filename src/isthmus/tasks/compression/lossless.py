"""Arrays without loss: images that are far from photographs, and alpha channels."""

from __future__ import annotations

import zlib
from io import BytesIO
from math import prod
from typing import Any

import numpy as np

from isthmus.support.errors import extra
from isthmus.tasks.compression.chunks import DamagedFileError

WEBP = 255
WEBP_SIDE, WEBP_CHANNELS = 16383, {1: "L", 3: "RGB"}
WAYS = ("as they are", "less the left", "less the one above", "less the plane through both")
"""What is left of an array along two axes."""


def packed(pixels: np.ndarray) -> bytes:
    """Return an array of shape (height, width, channels) as bytes: the shorter of two ways."""
    ways = [_deflated(pixels)]
    if pixels.dtype == np.uint8 and pixels.shape[2] in WEBP_CHANNELS and max(pixels.shape[:2]) <= WEBP_SIDE:
        ways.append(_as_webp(pixels))
    return min(ways, key=len)


def unpacked(payload: bytes, shape: tuple[int, int, int], dtype: str) -> np.ndarray:
    """Return the array of such bytes.

    Raises
    ------
    DamagedFileError
        They are not of an array of this shape.
    """
    if not payload:
        raise DamagedFileError("the pixels have no bytes")
    if payload[0] == WEBP:
        return _of_webp(payload[1:], shape)
    numbers = _inflated(payload, shape, np.dtype(dtype).itemsize)
    return numbers.view(dtype).reshape(shape)


def _deflated(pixels: np.ndarray) -> bytes:
    numbers = _as_numbers(pixels)
    left = numbers.copy()
    left[:, 1:] -= numbers[:, :-1]
    above, plane = numbers.copy(), left.copy()
    above[1:] -= numbers[:-1]
    plane[1:] -= left[:-1]
    each = (numbers, left, above, plane)
    sample = [len(zlib.compress(_planes(way[:: max(1, len(way) // 64)]), 1)) for way in each]
    chosen = int(np.argmin(sample))
    return bytes([chosen]) + zlib.compress(_planes(each[chosen]), 9)


def _inflated(payload: bytes, shape: tuple[int, int, int], size: int) -> np.ndarray:
    way, expected = payload[0], prod(shape) * size
    unpacker = zlib.decompressobj()
    try:
        planes = unpacker.decompress(payload[1:], expected + 1)
    except zlib.error as error:
        raise DamagedFileError(f"pixels cannot be unpacked: {error}") from error
    if len(planes) != expected or way >= len(WAYS):
        raise DamagedFileError("pixels cannot be unpacked: they are of another size")
    numbers = np.frombuffer(planes, np.uint8).reshape(size, -1).T.copy().view(f"<u{size}").reshape(shape)
    for axis in {0: (), 1: (1,), 2: (0,), 3: (0, 1)}[way]:
        numbers = np.cumsum(numbers, axis=axis, dtype=numbers.dtype)
    return numbers


def _as_numbers(pixels: np.ndarray) -> np.ndarray:
    size = pixels.dtype.itemsize
    return np.ascontiguousarray(pixels).view(f"u{size}").astype(f"<u{size}")


def _planes(numbers: np.ndarray) -> bytes:
    """Return the bytes of whole numbers: the lowest of each, then the next."""
    return np.ascontiguousarray(numbers).view(np.uint8).reshape(-1, numbers.itemsize).T.tobytes()


def _as_webp(pixels: np.ndarray) -> bytes:
    images: Any = extra("PIL.Image", "images")
    stream = BytesIO()
    colour = pixels if pixels.shape[2] == 3 else pixels[..., 0]
    images.fromarray(colour).convert("RGB").save(stream, "WEBP", lossless=True, quality=60, method=4)
    return bytes([WEBP]) + stream.getvalue()


def _of_webp(content: bytes, shape: tuple[int, int, int]) -> np.ndarray:
    images: Any = extra("PIL.Image", "images")
    try:
        image = images.open(BytesIO(content), formats=["WEBP"])
        if (image.height, image.width) != shape[:2] or shape[2] not in WEBP_CHANNELS:
            raise DamagedFileError("pixels cannot be unpacked: they are of another size")
        pixels = np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        if isinstance(error, DamagedFileError):
            raise
        raise DamagedFileError(f"pixels cannot be unpacked: {error}") from error
    return pixels[..., : shape[2]]
