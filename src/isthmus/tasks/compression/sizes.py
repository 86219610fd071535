"""How much compressed files hold: what their headers say, and what their parts unpack to; checked before it is read."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from isthmus.support.errors import InputError
from isthmus.tasks.compression import frames, numbers, pictures, text_tables
from isthmus.tasks.compression.chunks import Chunk, DamagedFileError, read

SIZES = ((text_tables.of_text_table, text_tables.size), (numbers.of_numbers, numbers.size))
"""What tells the kind of a file from its header, and how many bytes that says there are."""
UNPACKERS: dict[bytes, Callable[[], Any]] = {
    **dict.fromkeys((numbers.SCALES, text_tables.COLUMNS, frames.SCHEMA), zlib.decompressobj),
    **dict.fromkeys(
        (text_tables.WORDS, text_tables.CONTENT),
        lambda: lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=text_tables.LZMA),
    ),
    text_tables.OTHERWISE: bz2.BZ2Decompressor,
    frames.OTHERS: lambda: lzma.LZMADecompressor(memlimit=MEMORY),
}
"""What unpacks the parts that may unpack to any size."""
MEMORY = 2**28
"""Bytes that unpacking takes by itself, at most."""
INNER = (
    (frames.of_frame, frames.CELLS, text_tables.of_text_table),
    (text_tables.of_text_table, text_tables.SERIES, numbers.of_numbers),
)
"""Kinds of files, the type of their parts that are files, and the kind of these."""


class TooLargeError(InputError):
    """A compressed file holds more than is taken."""


def check_size(chunks: Sequence[Chunk], max_bytes: int, name: str = "the file") -> None:
    """Refuse a file that holds more than so many bytes, or has a part that unpacks to more.

    Raises
    ------
    TooLargeError
        It holds more.
    DamagedFileError, NewerFileError
        Its header cannot be read.
    """
    if (size := _size(chunks, name)) > max_bytes:
        raise TooLargeError(
            f"{name} says that it holds {size:,} bytes, but at most {max_bytes:,} are taken here; isthmus decompress "
            "takes any number"
        )
    for chunk in chunks:
        if chunk.type in UNPACKERS and _unpacks_to_more(chunk, max_bytes, name):
            kind = chunk.type.decode("ascii")
            raise TooLargeError(
                f"the part {kind} of {name} unpacks to more than the {max_bytes:,} bytes that are taken here"
            )
    for inner in _inner(chunks, name):
        check_size(inner, max_bytes, name)


def _size(chunks: Sequence[Chunk], name: str) -> int:
    """Return how many bytes a file holds, as its header says; 0 for a DataFrame, whose header does not."""
    payload = chunks[0].payload if chunks else b""
    if frames.of_frame(payload):
        return 0
    for of_kind, size in SIZES:
        if of_kind(payload):
            return size(payload, name)
    head = pictures.head_of(chunks, name)
    alpha = any(chunk.type == pictures.ALPHA for chunk in chunks)
    return prod(head.shape[:2]) * (head.channels + alpha) * np.dtype(head.dtype).itemsize


def _unpacks_to_more(chunk: Chunk, max_bytes: int, name: str) -> bool:
    try:
        return len(UNPACKERS[chunk.type]().decompress(chunk.payload, max_bytes + 1)) > max_bytes
    except (zlib.error, lzma.LZMAError, OSError) as error:
        raise DamagedFileError(f"{name} is damaged: a part cannot be unpacked ({error})") from error


def _inner(chunks: Sequence[Chunk], name: str) -> Iterator[list[Chunk]]:
    """Yield the chunks of the files in a file.

    Raises
    ------
    DamagedFileError
        One is of another kind.
    """
    payload = chunks[0].payload
    parts = {part: of_inner for of_kind, part, of_inner in INNER if of_kind(payload)}
    for chunk in chunks:
        if chunk.type in parts:
            inner = read(chunk.payload, name)
            if not (inner and parts[chunk.type](inner[0].payload)):
                raise DamagedFileError(f"{name} is damaged: a part is of another kind")
            yield inner
