"""The container of compressed files: a signature, then chunks, each with its length, a type and a checksum.

::

    89 49 53 54 0D 0A 1A 0A     as PNG's: a transfer as text, or by seven bits, damages it at once
    length   u32                bytes of the payload, which is less than 2**31
    type     4 ASCII letters    the first in upper case: a reader must understand it; in lower case: may skip it
    payload
    checksum u32                CRC-32 of type and payload

All numbers are little-endian. The last chunk is ``END`` + a space, and nothing follows it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from isthmus.support.errors import FileFormatError

SIGNATURE = b"\x89IST\r\n\x1a\n"
END = b"END "
LENGTH, CHECKSUM = struct.Struct("<I4s"), struct.Struct("<I")
MAX_LENGTH = 2**31 - 1


class DamagedFileError(FileFormatError):
    """A compressed file is truncated, or some of its bytes changed."""


class Chunk(NamedTuple):
    """A part of a compressed file.

    Attributes
    ----------
    type : bytes
        Four letters.
    payload : bytes
    start : int
        Where it starts in the file, in bytes.
    intact : bool
        Whether its checksum is that of its type and payload.
    """

    type: bytes
    payload: bytes
    start: int = 0
    intact: bool = True

    @property
    def skippable(self) -> bool:
        """Whether a reader that does not know its type may skip it."""
        return self.type[:1].islower()


def written(chunks: Iterable[Chunk]) -> bytes:
    """Return a file of chunks; `END` is added."""
    parts = [SIGNATURE]
    for chunk in (*chunks, Chunk(END, b"")):
        if len(chunk.payload) > MAX_LENGTH:
            raise ValueError(f"a chunk {chunk.type!r} of {len(chunk.payload)} bytes")
        parts += [LENGTH.pack(len(chunk.payload), chunk.type), chunk.payload]
        parts.append(CHECKSUM.pack(checksum(chunk.type, chunk.payload)))
    return b"".join(parts)


def checksum(kind: bytes, payload: bytes) -> int:
    """Return the CRC-32 of a type and its payload."""
    return zlib.crc32(payload, zlib.crc32(kind))


def read(data: bytes, name: str = "the file", damaged: bool = False) -> list[Chunk]:
    """Return the chunks of a file, without `END`.

    Parameters
    ----------
    data : bytes
    name : str, default "the file"
        What it is called in messages.
    damaged : bool, default False
        Whether to return what can be read of a damaged file, with chunks that are not `intact`, rather than to raise.

    Raises
    ------
    FileFormatError
        It is no compressed file of isthmus.
    DamagedFileError
        It is truncated, or changed.
    """
    if data[:8] != SIGNATURE:
        raise _foreign(data, name)
    chunks, at = [], len(SIGNATURE)
    try:
        while True:
            chunk = _chunk(data, at, name)
            if not (chunk.intact or damaged):
                raise DamagedFileError(
                    f"{name} is damaged: the checksum of chunk {_readable(chunk.type)}, at byte {at:,}, differs"
                )
            at += LENGTH.size + len(chunk.payload) + CHECKSUM.size
            if chunk.type == END:
                break
            chunks.append(chunk)
        if at < len(data):
            raise DamagedFileError(f"{name} has {len(data) - at:,} bytes after its end: {len(data):,} in all")
    except DamagedFileError:
        if not damaged:
            raise
    return chunks


def _chunk(data: bytes, at: int, name: str) -> Chunk:
    """Return the chunk at a byte."""
    start = at + LENGTH.size
    if start > len(data):
        raise _truncated(data, at, name)
    length, kind = LENGTH.unpack_from(data, at)
    end = start + length
    if length > MAX_LENGTH or not _letters(kind):
        raise DamagedFileError(f"{name} is damaged: no chunk starts at byte {at:,}, where one should")
    if end + CHECKSUM.size > len(data):
        raise _truncated(data, at, name)
    payload = data[start:end]
    return Chunk(kind, payload, at, CHECKSUM.unpack_from(data, end)[0] == checksum(kind, payload))


def _letters(kind: bytes) -> bool:
    return kind == END or (kind.isalpha() and kind.isascii())


def _truncated(data: bytes, at: int, name: str) -> DamagedFileError:
    return DamagedFileError(f"{name} is truncated: it ends at byte {len(data):,}, within the chunk at byte {at:,}")


def _readable(kind: bytes) -> str:
    return kind.decode("ascii", "replace").strip()


def _foreign(data: bytes, name: str) -> FileFormatError:
    """Return the error for what does not start with the signature: empty, sent as text, or something else."""
    if not data:
        return DamagedFileError(f"{name} is empty")
    if len(data) < len(SIGNATURE) and SIGNATURE.startswith(data):
        return _truncated(data, 0, name)
    if data[:4] == SIGNATURE[:4] or data[1:4] == SIGNATURE[1:4]:
        return DamagedFileError(f"{name} is damaged: its line ends were changed, as a transfer as text does")
    return FileFormatError(f"{name} is not a compressed file of isthmus: it starts with {data[:8]!r}")
