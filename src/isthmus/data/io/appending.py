"""Writing tables piece by piece; the file is replaced only once it is complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.data.io.dated import Forms
from isthmus.data.io.tabular import plain_text, to_arrow
from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError, extra, unknown

if TYPE_CHECKING:
    import pyarrow


def _csv(path: Path, schema: pyarrow.Schema) -> Any:
    return extra("pyarrow.csv", "tables").CSVWriter(path, schema)


def _parquet(path: Path, schema: pyarrow.Schema) -> Any:
    return extra("pyarrow.parquet", "tables").ParquetWriter(path, schema)


def _feather(path: Path, schema: pyarrow.Schema) -> Any:
    return extra("pyarrow", "tables").ipc.new_file(path, schema)


OPENERS: dict[str, Callable[[Path, Any], Any]] = {".csv": _csv, ".parquet": _parquet, ".feather": _feather}


def check_appended(path: str | os.PathLike[str]) -> Path:
    """Return the path if tables of its kind can be written piece by piece.

    Raises
    ------
    InputError
        Its kind is unknown.
    """
    target = Path(path).expanduser()
    if target.suffix.lower() not in OPENERS:
        raise InputError(f"{str(path)!r}: {unknown('kind of table', target.suffix, OPENERS)}")
    return target


@contextmanager
def appending(path: str | os.PathLike[str], dates: Mapping[str, str] | None = None) -> Iterator[Callable[[Any], None]]:
    """Yield a function that appends a DataFrame, or a dict of columns, to a file.

    The file is replaced only when the block ends without an error; otherwise an earlier file stays unchanged.

    Parameters
    ----------
    path : str or PathLike
        ``.csv``, ``.parquet`` or ``.feather``.
    dates : mapping of str to str, optional
        The formats of columns of dates in a ``.csv`` file; others are written as ISO 8601.

    Raises
    ------
    InputError
        The path cannot be written, or a piece has other columns or types than the first one.
    """
    target = check_appended(path)
    with atomic(target) as temporary:
        pieces = _Pieces(path, temporary, target.suffix.lower(), dates or {})
        with pieces.stack:
            yield pieces.append
            pieces.end()


class _Pieces:
    """The pieces of a table, each written once the next one comes: only then it is clear that it is not all."""

    def __init__(self, path: object, temporary: Path, suffix: str, dates: Mapping[str, str]) -> None:
        self.stack = ExitStack()
        self._path, self._temporary, self._suffix = path, temporary, suffix
        self._waiting: pyarrow.Table | None = None
        self._dates, self._forms = dates, Forms(dates)
        self._writer: Any = None
        self._schema: pyarrow.Schema | None = None

    def append(self, X: Any) -> None:
        """Take another piece."""
        table = _arrow(X)
        if self._suffix != ".csv":
            return self._write(table)
        if self._waiting is None:
            self._waiting = table
            return None
        if self._writer is None:
            self._forms = Forms(self._dates, len(self._waiting) + len(table))
        self._write(plain_text(self._waiting, self._forms))
        self._waiting = table
        return None

    def end(self) -> None:
        """Write the last piece."""
        if self._waiting is not None:
            self._write(plain_text(self._waiting, self._forms))

    def _write(self, table: pyarrow.Table) -> None:
        if self._writer is None:
            self._schema = table.schema.remove_metadata()
            self._writer = self.stack.enter_context(OPENERS[self._suffix](self._temporary, self._schema))
        self._writer.write_table(_cast(table, self._schema, self._path))


def _arrow(X: Any) -> Any:
    return extra("pyarrow", "tables").table(X) if isinstance(X, dict) else to_arrow(X)


def _cast(table: pyarrow.Table, schema: pyarrow.Schema, path: object) -> Any:
    arrow = extra("pyarrow", "tables")
    try:
        return table.cast(schema)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError, ValueError) as error:
        raise InputError(f"cannot append to {str(path)!r}: {error}; convert each column to one type") from error
