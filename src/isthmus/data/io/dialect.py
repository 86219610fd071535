"""Dialect: how a text file writes its table: encoding, lines above it, separator, names of columns, decimal mark."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import IO, Any

from isthmus.data.io.header import check_title, default_names, kind, names_columns
from isthmus.data.io.reading import Notes, Reading
from isthmus.data.tables.numerals import CODE, EITHER, FRACTION, NUMERIC
from isthmus.support.errors import InputError

SEPARATORS = "\t;|,"
"""In the order in which they are preferred where several fit."""

LOOKED_AT = 1_000
"""Lines that a dialect is recognised from, at most."""

CHARACTERS = 2**21
"""Characters that it is recognised from, about."""

TAIL = 2**12
"""Bytes at the end of a file in which its last lines are looked for."""

SUMS = (
    "total",
    "totals",
    "grand total",
    "sum",
    "subtotal",
    "average",
    "mean",
    "summe",
    "gesamt",
    "mittelwert",
    "somme",
)
"""What the last line of a table begins with that is computed from the others."""

BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""Byte order marks, and the encodings that they stand for."""

FALLBACK = "cp1252"

_DECLARED = re.compile(r"sep=(.)\s*", re.IGNORECASE)

_SPACED = re.compile(r'"[^"]*"|\S+')
"""A cell between spaces, with or without quotes."""


@dataclass(frozen=True)
class Dialect:
    """How a text file writes its table.

    Attributes
    ----------
    encoding, separator : str
    names : tuple of str
        Of its columns.
    start : int
        The number of lines above the first row.
    named : int
        The number of the line with the names; 0 if there is none.
    decimal : str
        The decimal mark.
    mark : str or None
        The decimal mark where a column leaves it open; None: nothing tells.
    codes : tuple of str
        Columns of codes with zeros in front.
    lengths : dict of str to int
        The number of digits of columns whose first cells are whole numbers of one length: they can be codes.
    unnamed : str or None
        What the last column is called if it has no name and its first cells are empty: all lines may end in a
        separator.
    """

    encoding: str
    separator: str
    names: tuple[str, ...]
    start: int
    named: int
    decimal: str
    mark: str | None
    codes: tuple[str, ...]
    lengths: Mapping[str, int]
    unnamed: str | None = None


def open_text(path: Path, encoding: str, errors: str = "strict") -> IO[str]:
    """Open a text file, gzipped or not, whose line ends stay as they are."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding=encoding, errors=errors, newline="")
    return open(path, encoding=encoding, errors=errors, newline="")


def encoding_of(path: Path) -> str:
    """Return the encoding that the first bytes of a file show; UTF-8 if they show none.

    Raises
    ------
    InputError
        They are no text.
    """
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as stream:
        head: bytes = stream.read(2**12)
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    if b"\x00" in head:
        raise InputError(
            f"{str(path)!r} has bytes that are no text: if it is UTF-16 without a mark, --encoding utf-16-le or "
            "utf-16-be"
        )
    return "utf-8"


def dialect(path: Path, encoding: str, reading: Reading, notes: Notes) -> Dialect:
    """Return how a file writes its table.

    Raises
    ------
    InputError
        It is empty, or its first lines differ in their number of cells.
    """
    lines = _head(path, encoding)
    above, declared = _above(lines, reading)
    if above >= len(lines):
        raise InputError(f"{str(path)!r} is empty")
    separator = declared or _separator(lines[above:], reading)
    records = _widened(list(_records(lines[above:], separator)), above, notes)
    _check_first(path, records, above)
    check_title([(above + at + 1, cells) for at, cells in records], reading, path, f"line {above + 1}")
    names, named, first = _names(path, lines, above, records, separator, reading, notes)
    _say_comments(lines[reading.skip_rows : above if named != above else above - 1], notes)
    rows = [cells for _, cells in records[first:]]
    _check_spaces(path, rows, lines[above:])
    if len(lines) < LOOKED_AT:
        _say_footer(records[first:], above, notes)
    _say_sum(_tail(path, encoding), separator, rows, notes)
    if (said := units(names, rows)) is not None:
        notes.add(f"line {above + records[first][0] + 1} holds units, and is no row of the table: {said}")
        first, rows = first + 1, rows[1:]
    start = above + records[first][0] if first < len(records) else len(lines)
    decimal, mark = _decimal(rows, separator, reading, notes)
    lengths = _lengths(names, rows, reading, reading.chosen(names, path))
    codes = _codes(names, rows, lengths, notes)
    unnamed = names[-1] if _all_end(records) else None
    return Dialect(encoding, separator, names, start, named, decimal, mark, codes, lengths, unnamed)


def _all_end(records: Sequence[tuple[int, list[str]]]) -> bool:
    """Tell whether all lines end in a separator, also that with the names if there is one."""
    return len(records) > 1 and all(len(cells) > 1 and not cells[-1].strip() for _, cells in records)


def _head(path: Path, encoding: str) -> list[str]:
    lines, size = [], 0
    with open_text(path, encoding, "replace") as stream:
        for line in stream:
            lines.append(line)
            size += len(line)
            if len(lines) >= LOOKED_AT or size >= CHARACTERS:
                break
    return lines


def _above(lines: Sequence[str], reading: Reading) -> tuple[int, str | None]:
    """Return the number of lines above the table, and the separator if one of them declares it."""
    above, declared = reading.skip_rows, None
    while above < len(lines):
        line = lines[above].strip("\r\n")
        if match := _DECLARED.fullmatch(line):
            declared = match[1]
        elif line.strip() and not line.startswith("#"):
            break
        above += 1
    return above, declared


def _say_comments(lines: Sequence[str], notes: Notes) -> None:
    """Say how many lines above the table are comments."""
    comments = [line.strip() for line in lines if line.startswith("#")]
    if comments:
        named = f"the line {comments[0]!r}" if len(comments) == 1 else f"{len(comments)} lines such as {comments[0]!r}"
        notes.add(f"{named} above the table {'is a comment' if len(comments) == 1 else 'are comments'}")


def _records(lines: Sequence[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the index of the first line of each record, and its cells; a last one that is cut off is left out."""
    reader, first = csv.reader(lines, delimiter=separator, skipinitialspace=True), 0
    for cells in reader:
        if any(cell.strip() for cell in cells) or len(cells) > 1:
            yield first, cells
        first = reader.line_num


def _separator(lines: Sequence[str], reading: Reading) -> str:
    """Return the separator that gives most lines the same number of cells, more than one.

    Of several that do, one that suits the first line too, and whose cells are mostly numbers or dates, and many:
    decimal commas separate cells of most lines, but none of names, and leave no numbers between them.
    """
    best, score = ",", (0.0, False, 0.0, 0)
    for separator in SEPARATORS:
        records = [cells for _, cells in _records(lines[:200], separator)]
        widths = [len(cells) for cells in records]
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        fits = (round(count / len(widths), 1), widths[0] == width, _values(records), width) if width > 1 else score
        if fits > score:
            best, score = separator, fits
    if best == "," and reading.decimal == "," and "," not in lines[0]:
        return ";"
    return best


# -- names and rows --------------------------------------------------------------------------------------------------


def _names(
    path: Path,
    lines: Sequence[str],
    above: int,
    records: Sequence[tuple[int, list[str]]],
    separator: str,
    reading: Reading,
    notes: Notes,
) -> tuple[tuple[str, ...], int, int]:
    """Return the names of the columns, the number of their line (0: there is none), and the index of the first row."""
    first = [cell.strip() for cell in records[0][1]]
    commented = _commented(lines, above, first, separator) if reading.merged().header is None else None
    if commented is not None:
        notes.add(f"line {above} names the columns: {', '.join(commented)}")
        return named(commented, notes), above, 0  # which are all there
    rows = [cells for _, cells in records[1:]]
    try:
        if names_columns(first, rows, reading, f"line {above + 1}", notes):
            return named(first, notes, _all_end(records)), above + 1, 1
    except InputError as error:
        raise InputError(f"{str(path)!r}: {error}") from error
    return tuple(default_names(len(first))), 0, 0


def _commented(lines: Sequence[str], above: int, first: Sequence[str], separator: str) -> list[str] | None:
    """Return the names that the comment line above the table holds, if it does."""
    line = lines[above - 1].strip("\r\n") if above else ""
    cells = [cell.strip() for cell in next(csv.reader([line.lstrip("#")], delimiter=separator), [])]
    fits = line.startswith("#") and len(cells) == len(first) > 1 and all(cells) and len(set(cells)) == len(cells)
    bare = line[1:2].strip() != "" or all(map(_is_value, first))
    return cells if fits and bare and not any(map(_is_value, cells)) else None


def _values(records: Sequence[Sequence[str]]) -> float:
    """Return the fraction of the cells of some lines that are numbers or dates, in tenths."""
    cells = [cell for record in records[1:LOOKED_AT] or records for cell in record]
    return round(sum(map(_is_value, cells)) / len(cells), 1)


def _is_value(cell: str) -> bool:
    return kind(cell) != "text"


def named(names: Sequence[str], notes: Notes, all_end: bool = False) -> tuple[str, ...]:
    """Return names without gaps and repetitions, as pandas makes them; nothing is said of the end of the lines."""
    unique: list[str] = []
    for index, name in enumerate(names):
        wanted, count = name or f"Unnamed: {index}", 0
        while (candidate := f"{wanted}.{count}" if count else wanted) in unique:
            count += 1
        if not name and not (all_end and index == len(names) - 1):
            say_unnamed(index, candidate, notes)
        elif name and count:
            notes.add(f"two columns are called {name!r}: the second is called {candidate!r}")
        unique.append(candidate)
    return tuple(unique)


def say_unnamed(index: int, name: str, notes: Notes) -> None:
    """Say what a column is called that has no name."""
    notes.add(f"column {index + 1} has no name: it is called {name!r} (--drop '{name}' leaves it out)")


def _widened(records: list[tuple[int, list[str]]], above: int, notes: Notes) -> list[tuple[int, list[str]]]:
    """Return records whose first line names all columns, where all others have one cell more.

    It is the last one if that is empty, as after a separator at the end of each line; else the first, as R and pandas
    write the names of rows.
    """
    (at, first), others = records[0], [cells for _, cells in records[1:]]
    fits = len(first) > 1 and len(others) > 1 and all(len(cells) == len(first) + 1 for cells in others)
    if not fits or any(_is_value(cell.strip()) for cell in first) or "index" in first:
        return records
    if all(not cells[-1].strip() for cells in others):
        return [(at, [*first, ""]), *records[1:]]
    notes.add(
        f"line {above + at + 1} names {len(first)} columns, but the rows have {cells_of(len(first) + 1)}: the first is "
        "called 'index' (--drop index leaves it out)"
    )
    return [(at, ["index", *first]), *records[1:]]


def _say_footer(records: Sequence[tuple[int, list[str]]], above: int, notes: Notes) -> None:
    """Say that the last line has one cell, such as ``Total,,,``, where most others are full."""
    filled = [sum(bool(cell.strip()) for cell in cells) for _, cells in records]
    if len(filled) > 3 and filled[-1] == 1 and median_low(filled) > 2:
        text = next(filter(None, map(str.strip, records[-1][1])))
        notes.add(
            f"line {above + records[-1][0] + 1}, the last one, has only one cell, {text!r}, and is read as a row: "
            "remove it if it is none"
        )


def _tail(path: Path, encoding: str) -> list[str]:
    """Return the last lines of a file that are not blank; none if it is compressed."""
    if path.suffix == ".gz":
        return []
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - TAIL))
        lines = stream.read().decode(encoding, "replace").splitlines()
    return [line for line in lines[1:] if line.strip()]  # the first may be cut off


def _say_sum(tail: Sequence[str], separator: str, rows: Sequence[Sequence[str]], notes: Notes) -> None:
    """Say that the last line begins with ``Total`` or the like, as no other line does, and has cells beside it."""
    cells = [cell.strip() for cell in next(csv.reader(tail[-1:], delimiter=separator), [])]
    if sum(map(bool, cells)) < 2 or cells[0].rstrip(":").lower() not in SUMS:
        return
    alike = [row for row in rows if row[:1] == cells[:1]], [line for line in tail[:-1] if line.startswith(cells[0])]
    if len(alike[0]) < 2 and not alike[1]:
        notes.add(f"the last line begins with {cells[0]!r}, and is read as a row: remove it if it sums up the others")


def _check_first(path: Path, records: Sequence[tuple[int, list[str]]], above: int) -> None:
    """Raise an error if the first lines are no part of the table: most others have another number of cells."""
    width, common = len(records[0][1]), _common(records)
    if common is None:
        return
    number = next(index for index, cells in records if len(cells) == common) + above
    raise InputError(
        f"{str(path)!r} is not a regular table: line {above + 1} has {cells_of(width)}, but line {number + 1} has "
        f"{common}; if the table begins there, give --skip-rows {number}, else give all lines the same number of cells"
    )


def _common(records: Sequence[tuple[int, list[str]]]) -> int | None:
    """Return the number of cells of a table that begins below the first line; None if it begins with this."""
    widths = [len(cells) for _, cells in records]
    after = [width for width in widths if width != widths[0]]
    if widths[0] == 1 and len(after) > 1 and after == widths[-len(after) :] and len(set(after)) == 1:
        return after[0]
    common, count = Counter(widths).most_common(1)[0]
    return common if count > max(widths.count(widths[0]), 1 if len(widths) > 2 else 0) else None


def _check_spaces(path: Path, rows: Sequence[Sequence[str]], lines: Sequence[str]) -> None:
    """Raise an error if lines are cells with spaces between them: numbers, or what R writes below a line of names."""
    if not rows or max(map(len, rows)) > 1:
        return
    spaced = [line for row in rows if len(line := row[0].split()) > 1 and all(map(NUMERIC.fullmatch, line))]
    numbers = 2 * len(spaced) > len(rows) and len(set(map(len, spaced))) == 1 and len(spaced[0]) > 2
    if width := len(spaced[0]) if numbers else _spaced_width(lines):
        raise InputError(
            f"{str(path)!r}: cells seem to be separated by spaces, {width} in a line: put commas, semicolons, tabs or "
            "bars there (pandas.read_csv(path, sep=r'\\s+') reads such a file, and to_csv writes one with commas)"
        )


def _spaced_width(lines: Sequence[str]) -> int:
    """Return the number of cells between spaces of lines below a line of names, two of them numbers; 0: they are none.

    R writes a cell more than names, in front: the name of the row.
    """
    names, *rows = [_SPACED.findall(line) for line in lines if line.strip()]
    width = len(rows[0]) if rows else 0
    if width < 3 or len(names) not in (width, width - 1) or {*map(len, rows)} != {width}:
        return 0
    numeric = sum(_numeric([row[at] for row in rows]) for at in range(1, width))
    return width if numeric > 1 else 0


def cells_of(n: int) -> str:
    """Return a number of cells in words."""
    return f"{n} cell" if n == 1 else f"{n} cells"


def units(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str | None:
    """Return the units of the columns in words, if the first row holds some: text where other cells are numbers."""
    if len(rows) < 3:
        return None
    first, others = [cell.strip() for cell in rows[0]], rows[1:]
    if len(first) != len(names) or any(kind(cell) == "number" for cell in first):
        return None
    numeric = [i for i in range(len(names)) if _numeric([row[i].strip() for row in others if i < len(row)])]
    named = [i for i in numeric if kind(first[i]) != "gap"]
    if not named or 2 * len(named) < len(numeric) or any(len(first[i]) > 20 or kind(first[i]) == "date" for i in named):
        return None
    return ", ".join(f"{names[i]} in {first[i]}" for i in named)


def _numeric(cells: Sequence[str]) -> bool:
    return {kind(cell) for cell in cells} - {"gap"} == {"number"}


# -- numbers ---------------------------------------------------------------------------------------------------------


def _decimal(rows: Sequence[Sequence[str]], separator: str, reading: Reading, notes: Notes) -> tuple[str, str | None]:
    """Return the decimal mark with which pandas reads the file, and the one for columns that leave it open."""
    before = reading.before or Reading()
    if reading.decimal:
        return reading.decimal, reading.decimal
    if separator == ",":
        return ".", "."
    cells = [cell.strip() for row in rows for cell in row if "," in cell or "." in cell]
    comma = next((cell for cell in cells if FRACTION[","].fullmatch(cell) and not EITHER.fullmatch(cell)), None)
    point = next((cell for cell in cells if FRACTION["."].fullmatch(cell) and not EITHER.fullmatch(cell)), None)
    if comma is None and point is None and separator == ";":
        comma = next((cell for cell in cells if FRACTION[","].fullmatch(cell)), None)
    if comma is not None and point is None:
        notes.add(f"decimal comma, as in {comma!r} (--decimal . if it is none)", about="decimal comma")
        return ",", ","
    if point is not None and comma is None:
        return ".", "."
    if comma is None and before.decimal == ",":
        notes.add(f"decimal comma, as in {before.origin}", about="decimal comma")
        return ",", ","
    either = next((cell for cell in cells if "." in cell and EITHER.fullmatch(cell)), None)
    if either is not None and point is comma is None and separator == ";" and not before.decimal:
        notes.add(f"decimal point, as in {either!r} (--decimal , if it separates thousands)", about="decimal point")
    return ".", before.decimal or ("," if separator == ";" else None)


def _lengths(
    names: Sequence[str], rows: Sequence[Sequence[str]], reading: Reading, chosen: Collection[str]
) -> dict[str, int]:
    """Return the number of digits of those columns that are read and hold whole numbers of one length."""
    lengths = {}
    for index, name in enumerate(names):
        cells = [row[index].strip() for row in rows if index < len(row) and row[index].strip()]
        same = len(set(map(len, cells))) == 1 and all(map(CODE.fullmatch, cells))
        if same and name in chosen and name not in {*reading.numbers, *reading.unchanged, *reading.dates}:
            lengths[name] = len(cells[0])
    return lengths


def _codes(
    names: Sequence[str], rows: Sequence[Sequence[str]], lengths: Mapping[str, int], notes: Notes
) -> tuple[str, ...]:
    """Return the columns of whole numbers of one length, some with zeros in front."""
    codes = []
    for name in lengths:
        index = names.index(name)
        cells = (row[index].strip() for row in rows if index < len(row))
        example = next((cell for cell in cells if cell[:1] == "0" and cell.strip("0")), None)
        if example is not None:
            codes.append(name)
            say_codes(name, example, notes)
    return tuple(codes)


def say_codes(name: str, example: str, notes: Notes) -> None:
    """Say that a column holds codes."""
    notes.add(f"column {name!r}: codes with zeros in front, such as {example!r}, are read as text")
