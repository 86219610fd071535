"""The header of a compressed image: what a reader must know before it allocates anything."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from isthmus.support.errors import FileFormatError
from isthmus.tasks.compression.chunks import DamagedFileError

HEAD = b"HEAD"
VERSION = 1
IMAGE = 1
"""What a file holds."""
FIXED = struct.Struct("<BBIIBBhB8sB")
DTYPES = ("uint8", "uint16", "float32", "bool", "float64", "float16")
PLAIN, UNEVEN = 128, 64
"""What is added to the number of the type: see `Head`."""
MAX_SIDE, MAX_PIXELS = 2**20, 2**34
GREY = 1


class NewerFileError(FileFormatError):
    """A compressed file is of a newer version of the format."""


class Head(NamedTuple):
    """The header of a compressed image.

    Attributes
    ----------
    height, width, channels : int
    dtype : str
        Of the pixels.
    level : int
        The step, in 1/32 octaves of 1/255.
    tile : int
        Side of a tile, in cells.
    model : str
        The name of the model.
    identity : bytes
        The first 8 bytes of the SHA-256 of what the model is.
    plain : bool
        Whether the array has no axis of channels.
    uneven : bool
        Whether the steps of cells differ.
    """

    height: int
    width: int
    channels: int
    dtype: str
    level: int
    tile: int
    model: str
    identity: bytes
    plain: bool = False
    uneven: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.height, self.width, self.channels

    def packed(self) -> bytes:
        """Return the payload of the chunk."""
        name = self.model.encode()
        kind = DTYPES.index(self.dtype) | PLAIN * self.plain | UNEVEN * self.uneven
        fixed = FIXED.pack(
            VERSION,
            IMAGE,
            self.height,
            self.width,
            self.channels,
            kind,
            self.level,
            self.tile,
            self.identity,
            len(name),
        )
        return fixed + name


def unpacked(payload: bytes, name: str = "the file") -> Head:
    """Return the header of a payload.

    Raises
    ------
    NewerFileError
        The file is of a newer version.
    DamagedFileError
        What it says cannot be.
    """
    if payload[:1] and payload[0] > VERSION:
        raise NewerFileError(
            f"{name} is of version {payload[0]} of the format, and this isthmus reads up to {VERSION}: update isthmus"
        )
    if len(payload) < FIXED.size or len(payload) != FIXED.size + payload[FIXED.size - 1]:
        raise DamagedFileError(f"{name} is damaged: its header has {len(payload)} bytes")
    _, what, height, width, channels, kind, level, tile, identity, _ = FIXED.unpack_from(payload)
    if what != IMAGE or kind % UNEVEN >= len(DTYPES):
        raise DamagedFileError(f"{name} is damaged: its header names an unknown kind, {what} of {kind}")
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE and height * width <= MAX_PIXELS and channels and tile):
        raise DamagedFileError(f"{name} is damaged: it says that it is of {width:,} x {height:,} pixels")
    model = payload[FIXED.size :].decode("utf-8", "replace")
    return Head(
        height,
        width,
        channels,
        DTYPES[kind % UNEVEN],
        level,
        tile,
        model,
        identity,
        bool(kind & PLAIN),
        bool(kind & UNEVEN),
    )


def dtype_name(pixels: np.ndarray) -> str | None:
    """Return the name of the type of pixels; None if there is none for it."""
    return pixels.dtype.name if pixels.dtype.name in DTYPES else None
