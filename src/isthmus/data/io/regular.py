"""One pass over a text file: all of it is text, all lines have the same number of cells, and so many rows there are."""

from __future__ import annotations

import csv
import gzip
import re
from codecs import getincrementaldecoder, lookup
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from isthmus.data.io.dialect import FALLBACK, Dialect, cells_of, open_text
from isthmus.support.errors import InputError

BLOCK = 2**20
"""Bytes looked at at a time."""

_QUOTED = re.compile(b'"[^"]*"')
_EMPTY = re.compile(rb"\n(?:\r?\n)+")
_SINGLE = re.compile("(cp|windows-?|iso8859-?|iso-8859-?)\\d+|ascii|latin-?1|utf-?8(-sig)?|mac-?\\w+|koi8.*")


class NotThisEncoding(Exception):
    """The bytes of a file are not text of an encoding: the number of the line, and whether earlier lines prove it."""

    def __init__(self, line: int, proven: bool) -> None:
        super().__init__(f"line {line}")
        self.line, self.proven = line, proven


def count_rows(path: Path, dialect: Dialect) -> int:
    """Return the number of rows, once all lines are seen to have the same number of cells.

    Raises
    ------
    InputError
        A line has another number of cells: the message says which.
    NotThisEncoding
        The file is of another encoding.
    """
    rows, line, proven = 0, 0, False
    for block in _whole_lines(path, dialect.encoding):
        proven = _check_encoding(block, dialect.encoding, line, proven)
        lines = block.count(b"\n")
        if line + lines > dialect.start:
            body = block if line >= dialect.start else _without(block, dialect.start - line)
            count = _regular(body, dialect.separator.encode(), len(dialect.names))
            if count is None:
                _check_rest(path, dialect, line + lines, proven)
                return rows + _one_by_one(path, dialect, max(line, dialect.start))
            rows += count
        line += lines
    return rows


def _whole_lines(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield a file in blocks that end with a line, as bytes in which what is ASCII is itself."""
    rest = b""
    for block in _bytes(path, encoding):
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            yield rest + head + newline
            rest = tail
        else:
            rest += block
    if rest:
        yield rest + b"\n"


def _bytes(path: Path, encoding: str) -> Iterator[bytes]:
    opened: Any = gzip.open if path.suffix == ".gz" else open
    decoder = None if _SINGLE.fullmatch(encoding.lower()) else getincrementaldecoder(lookup(encoding).name)()
    with opened(path, "rb") as stream:
        while block := stream.read(BLOCK):
            yield block if decoder is None else decoder.decode(block).encode()


def _check_encoding(block: bytes, encoding: str, line: int, proven: bool) -> bool:
    """Return whether this block or an earlier one proves that the encoding is right: it is more than ASCII."""
    if block.isascii() or not _SINGLE.fullmatch(encoding.lower()):
        return proven
    try:
        block.decode(encoding)
    except UnicodeDecodeError as error:
        before = block[: error.start]
        raise NotThisEncoding(line + before.count(b"\n") + 1, proven or not before.isascii()) from error
    return True


def _check_rest(path: Path, dialect: Dialect, first: int, proven: bool) -> None:
    """Check the encoding of the blocks from a line on."""
    line = 0
    for block in _whole_lines(path, dialect.encoding):
        if line >= first:
            proven = _check_encoding(block, dialect.encoding, line, proven)
        line += block.count(b"\n")


def _without(block: bytes, lines: int) -> bytes:
    """Return a block without its first lines."""
    at = 0
    for _ in range(lines):
        at = block.index(b"\n", at) + 1
    return block[at:]


def _regular(block: bytes, separator: bytes, width: int) -> int | None:
    """Return the number of lines if all have the same number of cells, and none goes on in the next line; else None."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
        if b"\r" in block:
            return None
    if width > 1 and (b"\n\n" in block or block.startswith(b"\n")):
        block = _EMPTY.sub(b"\n", block).lstrip(b"\n")
    marks = block.translate(None, _others(separator))
    if b'"' in marks:
        if any(b"\n" in quoted for quoted in _QUOTED.findall(marks)):
            return None
        marks = _QUOTED.sub(b"", marks)
    line = separator * (width - 1) + b"\n"
    count = len(marks) // len(line)
    return count if marks == line * count else None


def _others(separator: bytes) -> bytes:
    """Return all bytes but those that shape a table."""
    return bytes(sorted(set(range(256)) - {*separator, *b'"\n'}))


def records(path: Path, dialect: Dialect, line: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line of each record from some line on (counted from 0), and its cells.

    Raises
    ------
    InputError
        A quote is not closed.
    """
    with open_text(path, dialect.encoding) as stream:
        reader = csv.reader(islice(stream, line, None), delimiter=dialect.separator, skipinitialspace=True)
        first = line + 1
        try:
            for cells in reader:
                if len(dialect.names) == 1 or len(cells) > 1 or any(cell.strip() for cell in cells):
                    yield first, cells
                first = line + reader.line_num + 1
        except csv.Error as error:
            raise InputError(f"{str(path)!r}, line {first}: {error}; is a quote opened and not closed?") from error


def _one_by_one(path: Path, dialect: Dialect, line: int) -> int:
    """Return the number of rows from some line on."""
    count, width = 0, len(dialect.names)
    named = f"line {dialect.named} names {width} column{'s' * (width > 1)}" if dialect.named else f"other lines have {width}"
    for first, cells in records(path, dialect, line):
        if len(cells) != width and (width > 1 or cells):
            raise InputError(
                f"{str(path)!r} is not a regular table: line {first} has {cells_of(len(cells))}, but {named}; give all "
                "lines the same number of cells (--skip-rows N leaves out lines above the table)"
            )
        count += 1
    return count


def line_of(path: Path, dialect: Dialect, row: int) -> int:
    """Return the number of the line in which a row begins."""
    return next(islice(records(path, dialect, dialect.start), row, None))[0]


def fallback(path: Path, error: NotThisEncoding, encoding: str) -> str:
    """Return the encoding to read a file with that is not UTF-8.

    Raises
    ------
    InputError
        There is none: an encoding was named, or earlier lines are UTF-8.
    """
    if encoding == "utf-8" and not error.proven:
        return FALLBACK
    what = "Windows-1252 nor UTF-8" if encoding == FALLBACK else f"{encoding}"
    not_ = "neither" if encoding == FALLBACK else "not"
    raise InputError(f"{str(path)!r}, line {error.line}: {not_} {what}; name its encoding with --encoding") from error
