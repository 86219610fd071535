"""Whole numbers of any size as bytes: small ones take one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isthmus.tasks.compression.chunks import DamagedFileError

MAX_BYTES = 10
"""Bytes of a number, at most: those of 64 bits."""


def written(numbers: Iterable[int]) -> bytes:
    """Return whole numbers, seven bits a byte, those below 0 between the others.

    Examples
    --------
    >>> list(written([0, -1, 1, 200]))
    [0, 1, 2, 144, 3]
    """
    content = bytearray()
    for number in numbers:
        rest = 2 * number if number >= 0 else -2 * number - 1
        while rest > 127:
            content.append(rest & 127 | 128)
            rest >>= 7
        content.append(rest)
    return bytes(content)


def read(content: bytes) -> Iterator[int]:
    """Yield the whole numbers of bytes.

    Raises
    ------
    DamagedFileError
        They end within a number.
    """
    at = 0
    while at < len(content):
        rest = shift = 0
        while True:
            if at >= len(content) or shift > 7 * MAX_BYTES:
                raise DamagedFileError("numbers end too early")
            byte = content[at]
            at += 1
            rest |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        yield -(rest + 1 >> 1) if rest & 1 else rest >> 1
