"""Files of text tables: every byte of a CSV file comes back.

Columns are coded one after the other, those of few categories first; each is predicted from some of those before it.
What is not regular, such as quotes that need not be there, is kept by a general method.
"""

from __future__ import annotations

import bz2
import csv
import io
import itertools
import json
import lzma
import re
import struct
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from isthmus.support.errors import InputError
from isthmus.tasks.compression import numbers
from isthmus.tasks.compression.chunks import Chunk, DamagedFileError, read, written
from isthmus.tasks.compression.coder import WrongSymbolsError, constriction, decoded, uniform_of
from isthmus.tasks.compression.header import HEAD, VERSION, NewerFileError
from isthmus.tasks.compression.mixing import Reader, Writer, chosen_parents, coded, contexts_of
from isthmus.tasks.compression.quantiles import classes_of, edges_of
from isthmus.tasks.compression.text_columns import LONGEST, NONE, Column, cells_of, column_of, numbers_of

TEXT_TABLE = 3
"""What a file holds: beside 1, an image, and 2, numbers."""
FIXED = struct.Struct("<BBQII")
COLUMNS, SYMBOLS, WORDS, SERIES, CONTENT = b"COLS", b"SYMB", b"WORD", b"NUMB", b"TEXT"
OTHERWISE = b"BZIP"
"""Instead of `CONTENT`: the file as bz2 has it, which suits text without repetitions from afar."""
DELIMITERS, LINE_ENDS = (",", ";", "\t", "|"), ("\r\n", "\n")
UNREADABLE = (
    *(KeyError, ValueError, TypeError, IndexError, OverflowError, StopIteration, RuntimeError, MemoryError),
    *(zlib.error, lzma.LZMAError, OSError, WrongSymbolsError),
)
"""What reading what was not written so may raise."""
SERIES_KINDS = ("times", "integers", "floats")
"""Kinds of columns that may be written as files of numbers."""
FOLLOWS = 0.8
"""Numbers that take less than this as a series, of what they take as categories, follow those before them."""
MAX_PLAIN = 2**31
LZMA = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
FASTER = [{"id": lzma.FILTER_LZMA2, "preset": 6}]
"""Tried too, since it is shorter for some texts; both are read alike."""


class Form(NamedTuple):
    """How the cells of a file are written.

    Attributes
    ----------
    delimiter, line_end : str
    last : bool
        Whether the last line has an end.
    raw : bool, default False
        Whether quotes are parts of cells: some programs quote all text, or all names.
    """

    delimiter: str
    line_end: str
    last: bool
    raw: bool = False


def of_text_table(payload: bytes) -> bool:
    """Whether the header of a file says that it holds a text table."""
    return len(payload) > 1 and payload[1] == TEXT_TABLE


def packed(content: bytes) -> bytes:
    """Return the content of a CSV file, compressed, without any loss.

    Raises
    ------
    InputError
        It is empty.
    """
    if not content:
        raise InputError("the file is empty")
    table = parsed(content)
    head = FIXED.pack(VERSION, TEXT_TABLE, len(content), zlib.crc32(content), len(table[1]) if table else 0)
    plain = min((Chunk(CONTENT, _squeezed(content)), Chunk(OTHERWISE, bz2.compress(content))), key=_length)
    if table is None:
        return written([Chunk(HEAD, head), plain])
    chunks = list(_chunks(*table))
    shorter = sum(map(_length, chunks)) < _length(plain)
    return written([Chunk(HEAD, head), *(chunks if shorter else [plain])])


def _length(chunk: Chunk) -> int:
    return len(chunk.payload)


def parsed(content: bytes) -> tuple[Form, list[list[str]]] | None:
    """Return the form and the columns of cells; None where these do not give every byte back."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    line_end = next((end for end in LINE_ENDS if end in text), "\n")
    first = text.partition(line_end)[0]
    for raw in (False, True):
        form = Form(max(DELIMITERS, key=first.count), line_end, text.endswith(line_end), raw)
        rows = _rows(text, form)
        if rows and rows[0] and all(len(row) == len(rows[0]) for row in rows):
            columns = [list(column) for column in zip(*rows, strict=True)]
            if text_of(form, columns) == text:
                return form, columns
    return None


def _rows(text: str, form: Form) -> list[list[str]]:
    if form.raw:
        return _raw_rows(text.removesuffix(form.line_end), form)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter, strict=True))
    except csv.Error:
        return []


def _raw_rows(text: str, form: Form) -> list[list[str]]:
    """Return the cells of lines, each with the quotes around it; none if there is something between them."""
    delimiter, line_end = re.escape(form.delimiter), re.escape(form.line_end)
    cell = re.compile(
        rf'("(?:[^"]|"")*+"|[^"{delimiter}{line_end}][^{delimiter}{line_end}]*|)({delimiter}|{line_end}|\Z)'
    )
    rows: list[list[str]] = [[]]
    match = cell.match(text)
    while match:
        rows[-1].append(match[1])
        if not match[2]:
            return rows
        if match[2] == form.line_end:
            rows.append([])
        match = cell.match(text, match.end())
    return []


def name_of(form: Form, cell: str) -> str:
    """Return the name of a column, without the quotes around it."""
    quoted = form.raw and len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"') if quoted else cell


def text_of(form: Form, columns: Sequence[Sequence[str]]) -> str:
    """Return the text of columns of cells."""
    if form.raw:
        return form.line_end.join(map(form.delimiter.join, zip(*columns, strict=True))) + form.line_end * form.last
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=form.delimiter, lineterminator=form.line_end).writerows(zip(*columns, strict=True))
    text = stream.getvalue()
    return text if form.last else text.removesuffix(form.line_end)


def _squeezed(content: bytes) -> bytes:
    return min((lzma.compress(content, lzma.FORMAT_RAW, filters=filters) for filters in (LZMA, FASTER)), key=len)


def _whole(content: bytes) -> bytes:
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=LZMA).decompress(content, MAX_PLAIN)


# -- to chunks ---------------------------------------------------------------------------------------------------


def _chunks(form: Form, cells: list[list[str]]) -> Sequence[Chunk]:
    """Return the chunks of a table; the first line is that of the names."""
    names, columns = [column[0] for column in cells], [_suited(column[1:]) for column in cells]
    order = sorted(range(len(columns)), key=lambda at: (columns[at].kind != "categories", len(columns[at].words)))
    coder, known, details = (
        constriction().stream.queue.RangeEncoder(),
        list[np.ndarray](),
        list[dict[str, Any]](),
    )
    series = []
    for at in order:
        column = columns[at]
        one: dict[str, Any] = {"column": at, "kind": column.kind, "words": len(column.words)}
        one |= {name: value for name, value in (("decimals", column.decimals), ("form", column.form)) if value}
        edges = edges_of(column.values) if column.kind == "integers" else None
        alone = numbers.packed(column.values) if column.kind in SERIES_KINDS else b""
        if edges is not None and _bytes(column.values, edges) < len(alone):
            one["edges"], column = edges.tolist(), column._replace(kind="classes")
        if column.kind in ("categories", "classes"):
            one |= _put(column, edges, known, coder)
        elif column.kind != "text":
            series.append(alone)
            one["series"] = len(alone)
        details.append(one)
    words = [word for at in order for word in columns[at].words]
    others = [row for at in order for row in np.diff(columns[at].others, prepend=0).tolist()]
    described = {
        "form": form if form.raw else form[:3],
        "names": names,
        "columns": details,
        "rows": len(cells[0]) - 1,
        "others": others,
    }
    return [
        Chunk(COLUMNS, zlib.compress(json.dumps(described, separators=(",", ":")).encode(), 9)),
        Chunk(WORDS, _squeezed(json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode())),
        Chunk(SYMBOLS, np.asarray(coder.get_compressed()).astype("<u4").tobytes()),
        *(Chunk(SERIES, one) for one in series),
    ]


def _suited(cells: Sequence[str]) -> Column:
    """Return a column of cells: few different numbers as categories, unless they follow those before them."""
    column = column_of(cells)
    if column.kind != "categories":
        return column
    series = numbers_of(cells)
    if series is None or len(series.words):
        return column
    counts = np.bincount(column.values)
    entropy = -(counts * np.log2(counts.clip(1) / len(cells))).sum() / 8
    return series if len(numbers.packed(series.values)) < FOLLOWS * entropy else column


def _bytes(values: np.ndarray, edges: np.ndarray) -> float:
    """Return about what numbers take by their classes."""
    classes = classes_of(values, edges)
    counts, widths = np.bincount(classes, minlength=len(edges) - 1), np.diff(edges)
    bits = -np.log2(counts[classes] / len(values)).sum() + np.log2(widths[classes]).sum()
    return float(bits) / 8 + 6 * len(edges)


def _put(column: Column, edges: np.ndarray | None, known: list[np.ndarray], coder: Any) -> dict[str, Any]:
    """Write categories, or classes and what is left in them; return what a reader must know."""
    values = column.values if edges is None or column.kind == "categories" else classes_of(column.values, edges)
    symbols = int(values.max(initial=0)) + 1
    parents = chosen_parents(values, symbols, known)
    coded(symbols, contexts_of([known[at] for at in parents], len(values)), len(values), Writer(values, coder))
    if column.kind == "classes" and edges is not None:
        for at, (low, high) in enumerate(itertools.pairwise(edges)):
            rest = column.values[values == at] - low
            for part, model in uniform_of(int(high - low)):
                coder.encode((rest // part.above % part.size).astype(np.int32), model)
    known.append(values)
    return {"symbols": symbols, "parents": parents}


# -- and back ----------------------------------------------------------------------------------------------------


def unpacked(chunks: Sequence[Chunk], name: str = "the file") -> bytes:
    """Return the content of a CSV file.

    Raises
    ------
    DamagedFileError, NewerFileError
    """
    length, crc, _ = _head(chunks[0].payload, name)
    by_type = {chunk.type: chunk.payload for chunk in chunks}
    try:
        if CONTENT in by_type:
            content = _whole(by_type[CONTENT])
        elif OTHERWISE in by_type:
            content = bz2.BZ2Decompressor().decompress(by_type[OTHERWISE], MAX_PLAIN)
        else:
            content = _of_chunks(chunks, by_type, length)
    except UNREADABLE as error:
        raise DamagedFileError(f"{name} is damaged: its table cannot be read ({error})") from error
    if len(content) != length or zlib.crc32(content) != crc:
        raise DamagedFileError(f"{name} is damaged: its table is not the one that was written")
    return content


def size(payload: bytes, name: str = "the file") -> int:
    """Return how many bytes the CSV file has, as the header of its file says."""
    return _head(payload, name)[0]


def about(payload: bytes, name: str = "the file") -> dict[str, Any]:
    """Return what the header of a file says."""
    length, _, columns = _head(payload, name)
    return {"holds": "a table", "bytes of the table": length, "columns": columns}


def _head(payload: bytes, name: str) -> tuple[int, int, int]:
    """Return the length of a table in bytes, its checksum, and its columns."""
    if payload[0] > VERSION:
        raise NewerFileError(
            f"{name} is of version {payload[0]} of the format, and this isthmus reads up to {VERSION}: update isthmus"
        )
    if len(payload) != FIXED.size:
        raise DamagedFileError(f"{name} is damaged: its header is that of no table")
    _, _, length, crc, columns = FIXED.unpack(payload)
    return length, crc, columns


def _of_chunks(chunks: Sequence[Chunk], by_type: dict[bytes, bytes], length: int) -> bytes:
    described = json.loads(zlib.decompress(by_type[COLUMNS]))
    words, others = iter(json.loads(_whole(by_type[WORDS]))), iter(described["others"])
    coder = constriction().stream.queue.RangeDecoder(np.frombuffer(by_type[SYMBOLS], "<u4").astype(np.uint32))
    series = (chunk.payload for chunk in chunks if chunk.type == SERIES)
    _check_described(described, length)
    rows, known, columns = described["rows"], list[np.ndarray](), dict[int, list[str]]()
    for one in described["columns"]:
        if "symbols" in one:
            values = _taken(one, rows, known, coder)
        else:
            values = numbers.unpacked(read(next(series))) if "series" in one else NONE
        some = [next(words) for _ in range(one["words"])]
        count = 0 if one["kind"] in ("categories", "text") else len(some)
        if one["kind"] in SERIES_KINDS and len(values) != rows:
            raise ValueError(f"{len(values):,} numbers for {rows:,} rows")
        rows_of_others = np.cumsum([next(others) for _ in range(count)], dtype=np.int64)
        written_with = one.get("decimals", 0), one.get("form", "")
        columns[one["column"]] = cells_of(Column(one["kind"], values, some, rows_of_others, *written_with))
    form = Form(*described["form"])
    cells = [[name, *columns[at]] for at, name in enumerate(described["names"])]
    if sum(sum(map(len, column)) for column in cells) > length:
        raise ValueError(f"its cells have more than {length:,} bytes")
    return text_of(form, cells).encode()


def _check_described(described: dict[str, Any], length: int) -> None:
    """Refuse a table that cannot be, before its columns are read: it would take any memory."""
    rows, columns = described["rows"], described["columns"]
    if not 0 <= rows < length or rows * len(columns) > length:
        raise ValueError(f"{rows:,} rows of {len(columns):,} columns in {length:,} bytes")
    for one in columns:
        if one.get("symbols", 0) > max(rows, 1) or not 0 <= one.get("decimals", 0) <= LONGEST:
            raise ValueError(f"column {one['column']} cannot be one of {rows:,} rows")


def _taken(one: dict[str, Any], rows: int, known: list[np.ndarray], coder: Any) -> np.ndarray:
    """Return the values of a column."""
    contexts = contexts_of([known[at] for at in one["parents"]], rows)
    classes = coded(one["symbols"], contexts, rows, Reader(coder))
    known.append(classes)
    if "edges" not in one:
        return classes
    edges, values = np.array(one["edges"], np.int64), np.zeros(rows, np.int64)
    for at, (low, high) in enumerate(itertools.pairwise(edges)):
        members = np.flatnonzero(classes == at)
        rest = np.zeros(len(members), np.int64)
        for part, model in uniform_of(int(high - low)):
            rest += decoded(coder, model, len(members)).astype(np.int64) * part.above
        values[members] = low + rest
    return values
