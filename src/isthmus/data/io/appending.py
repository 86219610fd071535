"""Writing tables piece by piece; the file is replaced only once it is complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
def appending(path: str | os.PathLike[str]) -> Iterator[Callable[[Any], None]]:
    """Yield a function that appends a DataFrame, or a dict of columns, to a file.

    The file is replaced only when the block ends without an error; otherwise an earlier file stays unchanged.

    Parameters
    ----------
    path : str or PathLike
        ``.csv``, ``.parquet`` or ``.feather``.

    Raises
    ------
    InputError
        The path cannot be written, or a piece has other columns or types than the first one.
    """
    target = check_appended(path)
    with atomic(target) as temporary, ExitStack() as stack:
        suffix, writer, schema = target.suffix.lower(), None, None

        def append(X: Any) -> None:
            nonlocal writer, schema
            table = _arrow(X) if suffix != ".csv" else plain_text(_arrow(X))
            if writer is None:
                schema = table.schema.remove_metadata()
                writer = stack.enter_context(OPENERS[suffix](temporary, schema))
            writer.write_table(_cast(table, schema, path))

        yield append


def _arrow(X: Any) -> Any:
    return extra("pyarrow", "tables").table(X) if isinstance(X, dict) else to_arrow(X)


def _cast(table: pyarrow.Table, schema: pyarrow.Schema, path: object) -> Any:
    arrow = extra("pyarrow", "tables")
    try:
        return table.cast(schema)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError, ValueError) as error:
        raise InputError(f"cannot append to {str(path)!r}: {error}; convert each column to one type") from error
