"""One pass over a text file: all of it is text, all lines have the same number of cells, and so many rows there are."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from isthmus.data.io.dialect import FALLBACK, Dialect, cells_of, open_text
from isthmus.support.errors import InputError
from isthmus.support.lines import short

BLOCK = 2**18
"""Bytes looked at at a time."""

EXCERPT = 60
"""Characters of a line that an error shows."""

AMID = "give all lines the same number of cells (--skip-rows N leaves out lines above the table)"
AT_END = "it is the last one: complete it, or remove it if it is no row"
"""What to do about a line with another number of cells; and about the last line if it has fewer."""

_QUOTED = re.compile(b'"[^"]*"')
_EMPTY = re.compile(rb"\n(?:\r?\n)+")
_SINGLE = re.compile("(cp|windows-?|iso8859-?|iso-8859-?)\\d+|ascii|latin-?1|utf-?8(-sig)?|mac-?\\w+|koi8.*")


@dataclass(frozen=True)
class Survey:
    """What was seen of a file.

    Attributes
    ----------
    rows : int
    spaced : bool
        Whether there can be spaces after separators.
    """

    rows: int
    spaced: bool


class NotThisEncoding(Exception):
    """The bytes of a file are not text of an encoding: the number of the line, and whether earlier lines prove it."""

    def __init__(self, line: int, proven: bool) -> None:
        super().__init__(f"line {line}")
        self.line, self.proven = line, proven


def survey(path: Path, dialect: Dialect) -> Survey:
    """Look at all lines: each has as many cells as there are columns.

    Raises
    ------
    InputError
        A line has another number of cells: the message says which.
    NotThisEncoding
        The file is of another encoding.
    """
    rows, above, separator, width = 0, dialect.start, dialect.separator.encode(), len(dialect.names)
    spaced, space = False, separator + b" "
    for block in _whole_lines(path, dialect.encoding):
        spaced = spaced or space in block
        if not block.isascii():
            _check_encoding(block, dialect.encoding, path)
        bare = _has_bare_returns(block)
        if above:
            skipped = min(above, block.count(b"\n"))
            block, above = _without(block, skipped), above - skipped
        count = None if bare else _regular(block, separator, width)
        if count is None:
            check_encoding(path, dialect.encoding)
            return Survey(count_one_by_one(path, dialect, dialect.start), True)
        rows += count
    return Survey(rows, spaced)


def _has_bare_returns(block: bytes) -> bool:
    """Tell whether lines end with carriage returns alone, as in files of old Macs and some instruments."""
    returns = block.count(b"\r")
    return returns > 0 and returns > block.count(b"\r\n")


def single_bytes(path: Path, encoding: str) -> bool:
    """Tell whether a file is not compressed, and what is ASCII in it is itself."""
    return path.suffix != ".gz" and _SINGLE.fullmatch(encoding.lower()) is not None


def _whole_lines(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield a file in blocks that end with a line, as bytes in which what is ASCII is itself."""
    if not _SINGLE.fullmatch(encoding.lower()):
        yield from _decoded(path, encoding)
        return
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as stream:
        while block := stream.read(BLOCK):
            block += b"" if block.endswith(b"\n") else stream.readline()
            yield block if block.endswith(b"\n") else block + b"\n"


def _decoded(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield a file in blocks that end with a line, as UTF-8."""
    with open_text(path, encoding) as stream:
        while lines := stream.readlines(BLOCK):
            block = "".join(lines).encode()
            yield block if block.endswith(b"\n") else block + b"\n"


def _check_encoding(block: bytes, encoding: str, path: Path) -> None:
    """Raise an error if a block is not text of an encoding."""
    if _SINGLE.fullmatch(encoding.lower()):
        try:
            block.decode(encoding)
        except UnicodeDecodeError:
            check_encoding(path, encoding)


def check_encoding(path: Path, encoding: str) -> None:
    """Raise an error if a file is not text of an encoding in which what is ASCII is itself; of others nothing is known.

    Raises
    ------
    NotThisEncoding
        The error says in which line, and whether lines before prove the encoding: they are more than ASCII.
    """
    line, proven = 0, False
    if not _SINGLE.fullmatch(encoding.lower()):
        return
    for block in _whole_lines(path, encoding):
        try:
            proven = proven or not block.decode(encoding).isascii()
        except UnicodeDecodeError as error:
            before = block[: error.start]
            raise NotThisEncoding(line + before.count(b"\n") + 1, proven or not before.isascii()) from error
        line += block.count(b"\n")


def _without(block: bytes, lines: int) -> bytes:
    """Return a block without its first lines."""
    at = 0
    for _ in range(lines):
        at = block.index(b"\n", at) + 1
    return block[at:]


def _regular(block: bytes, separator: bytes, width: int) -> int | None:
    """Return the number of lines if all have the expected number of cells, and none goes on in the next.

    None: they have not, or it is not clear.
    """
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
    lines = marks.count(b"\n")
    return lines if marks == (separator * (width - 1) + b"\n") * lines else None


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


def count_one_by_one(path: Path, dialect: Dialect, line: int) -> int:
    """Return the number of rows from some line on (counted from 0).

    Raises
    ------
    InputError
        A line has another number of cells: the message says which.
    """
    count, width = 0, len(dialect.names)
    named = (
        f"line {dialect.named} names {width} column{'s' * (width > 1)}"
        if dialect.named
        else f"other lines have {width}"
    )
    lines = records(path, dialect, line)
    for first, cells in lines:
        if len(cells) != width and (width > 1 or cells):
            last = len(cells) < width and next(lines, None) is None
            raise InputError(
                f"{str(path)!r} is not a regular table: line {first} has {cells_of(len(cells))}, but {named}: "
                f"{short(dialect.separator.join(cells), EXCERPT)!r}; {AT_END if last else AMID}"
            )
        count += 1
    return count


def check_first_row(path: Path, dialect: Dialect) -> None:
    """Raise an error if the first row has another number of cells: the parser would take the first for an index.

    Raises
    ------
    InputError
        It has; the message names the line.
    """
    line, cells = next(records(path, dialect, dialect.start), (0, dialect.names))
    if len(cells) != len(dialect.names):
        raise InputError(f"{str(path)!r}: line {line} has {cells_of(len(cells))}")


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
