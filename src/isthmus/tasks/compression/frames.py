"""DataFrames to files and back: every cell and every type, or numbers within a bound."""

from __future__ import annotations

import csv
import io
import json
import lzma
import struct
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from isthmus.support.errors import InputError, InputTypeError, extra
from isthmus.tasks.compression import text_tables
from isthmus.tasks.compression.bounded_cells import bounded
from isthmus.tasks.compression.chunks import Chunk, DamagedFileError, read, written
from isthmus.tasks.compression.header import HEAD, VERSION, NewerFileError

FRAME = 4
"""What a file holds: beside 1, an image, 2, numbers, and 3, a text table."""
FIXED = struct.Struct("<BBQI")
SCHEMA, CELLS, OTHERS = b"SCHM", b"CELL", b"ARRW"
CLASSES = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "Table"}
GAPS = ("", "\\N", "\x00", "\x00\x00")
"""How missing cells are written: as the first that no other cell of the column is."""


def of_frame(payload: bytes) -> bool:
    """Whether the header of a file says that it holds a DataFrame."""
    return len(payload) > 1 and payload[1] == FRAME


def is_frame(x: object) -> bool:
    """Whether something is a DataFrame of pandas or polars, or a table of pyarrow."""
    return library_of(x) is not None


def library_of(x: object) -> str | None:
    """Return the library of a DataFrame; None if it is none."""
    kind, module = type(x).__name__, type(x).__module__.partition(".")[0]
    return (
        module if (module, kind) in (("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table")) else None
    )


def packed(frame: Any, max_error: float | Mapping[str, float] | None = None) -> bytes:
    """Return a DataFrame as the content of a file.

    Parameters
    ----------
    frame : DataFrame of pandas or polars, or Table of pyarrow
    max_error : float, or dict of float, optional
        How far numbers with digits behind the point may be off; of all columns, or of some by name. None: not at all.

    Raises
    ------
    InputError
        It has no columns, two of one name, or a bound is wrong.
    InputTypeError
        A column has no type, such as objects of several kinds.
    """
    table, library = _arrow(frame)
    names = [str(name) for name in table.column_names]
    if not names or len(set(names)) < len(names):
        raise InputError(f"a DataFrame with columns {names}: expected some, each with a name of its own")
    ways = {name: _as_text(table[name]) for name in names}
    kept = [name for name in names if ways[name] is not None]
    described = {"library": library, "text": kept, "gaps": [_gap(ways[name]) for name in kept]}
    chunks = [
        Chunk(HEAD, FIXED.pack(VERSION, FRAME, table.num_rows, len(names))),
        Chunk(SCHEMA, zlib.compress(json.dumps(described).encode() + b"\n" + _schema(table), 9)),
    ]
    if kept and table.num_rows:
        columns = [
            [gap if cell is None else cell for cell in ways[name] or ()]
            for name, gap in zip(kept, described["gaps"], strict=True)
        ]
        content = _csv(kept, columns)
        chunks.append(Chunk(CELLS, text_tables.packed(content if max_error is None else bounded(content, max_error))))
    others = [name for name in names if name not in kept]
    if others:
        chunks.append(Chunk(OTHERS, lzma.compress(_stream(table.select(others)))))
    return written(chunks)


def unpacked(chunks: Sequence[Chunk], name: str = "the file") -> Any:
    """Return the DataFrame of a file, of the library that it was of.

    Raises
    ------
    DamagedFileError, NewerFileError
    """
    table, library = _read(chunks, name)
    return _LIBRARIES[library](table)


def table_of(chunks: Sequence[Chunk], name: str = "the file") -> Any:
    """Return the DataFrame of a file as a table of pyarrow.

    Raises
    ------
    DamagedFileError, NewerFileError
    """
    return _read(chunks, name)[0]


def _read(chunks: Sequence[Chunk], name: str) -> tuple[Any, str]:
    """Return a table of pyarrow, and the library of the DataFrame that it was."""
    rows, _ = _head(chunks[0].payload, name)
    by_type = {chunk.type: chunk.payload for chunk in chunks}
    arrow = extra("pyarrow", "tables")
    try:
        text, _, content = zlib.decompress(by_type[SCHEMA]).partition(b"\n")
        described = json.loads(text)
        schema = arrow.ipc.read_schema(arrow.py_buffer(content))
        known = {} if OTHERS not in by_type else _of_stream(lzma.decompress(by_type[OTHERS]))
        cells = _columns(by_type[CELLS], rows) if CELLS in by_type else [[] for _ in described["text"]]
        for column, gap, own in zip(described["text"], described["gaps"], cells, strict=True):
            known[column] = _of_text([None if cell == gap else cell for cell in own], schema.field(column).type)
        table = arrow.table([known[field.name] for field in schema], schema=schema)
        table.validate(full=True)
        if described["library"] not in _LIBRARIES:
            raise ValueError(f"of {described['library']!r}")
    except (*text_tables.UNREADABLE, arrow.ArrowException) as error:
        raise DamagedFileError(f"{name} is damaged: its DataFrame cannot be read ({error})") from error
    return table, described["library"]


def about(payload: bytes, name: str = "the file") -> dict[str, Any]:
    """Return what the header of a file says."""
    rows, columns = _head(payload, name)
    return {"holds": "a DataFrame", "rows": rows, "columns": columns}


def _head(payload: bytes, name: str) -> tuple[int, int]:
    """Return the numbers of rows and columns."""
    if payload[0] > VERSION:
        raise NewerFileError(
            f"{name} is of version {payload[0]} of the format, and this isthmus reads up to {VERSION}: update isthmus"
        )
    if len(payload) != FIXED.size:
        raise DamagedFileError(f"{name} is damaged: its header is that of no DataFrame")
    _, _, rows, columns = FIXED.unpack(payload)
    return rows, columns


def _arrow(frame: Any) -> tuple[Any, str]:
    """Return a DataFrame as a table of pyarrow, and its library."""
    arrow, library = extra("pyarrow", "tables"), library_of(frame)
    if library is None:
        raise InputTypeError(f"a {type(frame).__name__} is no DataFrame of pandas or polars, and no Table of pyarrow")
    try:
        if library == "pandas":
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # of names that would not come back
                return arrow.Table.from_pandas(frame), library
        return (frame.to_arrow() if library == "polars" else frame), library
    except (arrow.ArrowException, ValueError, UserWarning) as error:
        raise InputTypeError(
            f"the DataFrame cannot be written: {error}; columns are numbers, text, dates or categories"
        ) from error


def _as_text(column: Any) -> list[str | None] | None:
    """Return the cells of a column as text; None where they do not come back from it."""
    arrow = extra("pyarrow", "tables")
    try:
        text = column.cast(arrow.string()).to_pylist()
        return text if _of_text(text, column.type).equals(column.combine_chunks()) else None
    except arrow.ArrowException:
        return None


def _of_text(cells: Sequence[str | None], dtype: Any) -> Any:
    """Return cells as an array of a type."""
    arrow = extra("pyarrow", "tables")
    return arrow.array(cells, arrow.string()).cast(dtype)


def _gap(cells: Sequence[str | None] | None) -> str:
    """Return how missing cells of a column are written."""
    there = set(cells or ())
    longer = "\x00" * (1 + max((len(cell) for cell in there if cell), default=0))
    return next((gap for gap in GAPS if gap not in there), longer)


def _csv(names: Sequence[str], columns: Sequence[Sequence[str]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(zip(*columns, strict=True))
    return stream.getvalue().encode()


def _columns(content: bytes, rows: int) -> list[list[str]]:
    """Return the columns of cells of a text table."""
    text = text_tables.unpacked(read(content)).decode()
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
    if len(lines) != rows:
        raise ValueError(f"{len(lines):,} of {rows:,} rows")
    return [list(column) for column in zip(*lines, strict=True)]


def _schema(table: Any) -> bytes:
    content: bytes = table.schema.serialize().to_pybytes()
    return content


def _stream(table: Any) -> bytes:
    arrow = extra("pyarrow", "tables")
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _of_stream(content: bytes) -> dict[str, Any]:
    arrow = extra("pyarrow", "tables")
    with arrow.ipc.open_stream(content) as reader:
        table = reader.read_all()
    return {name: table[name] for name in table.column_names}


_LIBRARIES: dict[str, Callable[[Any], Any]] = {
    "pandas": lambda table: table.to_pandas(),
    "polars": lambda table: extra("polars", "tables").from_arrow(table),
    "pyarrow": lambda table: table,
}
