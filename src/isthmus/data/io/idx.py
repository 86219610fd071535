"""IDX files: the format of MNIST. Two zero bytes, a type, a number of axes, their lengths, then the values."""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np

from isthmus.support.errors import InputError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, decompressed if its name ends in ``.gz``.

    Raises
    ------
    InputError
        The file cannot be read, or its compression is damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    return gunzip(content, path) if path.suffix == ".gz" else content


def gunzip(content: bytes, origin: str | Path) -> bytes:
    """Return decompressed content; raise InputError, naming `origin`, if it is damaged."""
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{str(origin)!r} is truncated or not gzipped ({error}); fetch it again") from error


def parse(content: bytes, path: str | Path) -> np.ndarray:
    """Return the array in the content of an IDX file; `path` is for error messages.

    Raises
    ------
    InputError
        The content is not an IDX file, or has fewer or more values than its header says.
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        raise InputError(f"{str(path)!r} is not an IDX file: it begins with {content[:4].hex(' ') or 'nothing'}")
    dtype, axes = np.dtype(TYPES[content[2]]), content[3]
    start = 4 + 4 * axes
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    expected = start + prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise InputError(
            f"{str(path)!r} holds {len(content)} bytes where its header, {dtype.name} of shape {shape}, "
            f"requires {expected}: it is truncated or damaged; fetch it again"
        )
    array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def read(path: Path) -> np.ndarray:
    """Return the array of an IDX file, gzipped or not."""
    return parse(read_bytes(path), path)


def labels_beside(path: Path) -> Path | None:
    """Return the labels file whose name belongs to that of an images file; None if there is none.

    The labels of ``train-images-idx3-ubyte.gz`` are ``train-labels-idx1-ubyte``, with ``.gz`` or without.
    """
    name = path.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    if name == path.name.removesuffix(".gz"):
        return None
    return next((p for p in (path.with_name(name), path.with_name(name + ".gz")) if p.exists()), None)
