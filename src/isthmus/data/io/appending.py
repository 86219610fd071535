"""Tables that are written piece by piece, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from isthmus.data.io.tabular import plain_text, to_arrow
from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError, extra, unknown


def _csv(path: Path, schema: Any) -> Any:
    return extra("pyarrow.csv", "tables").CSVWriter(path, schema)


def _parquet(path: Path, schema: Any) -> Any:
    return extra("pyarrow.parquet", "tables").ParquetWriter(path, schema)


def _feather(path: Path, schema: Any) -> Any:
    return extra("pyarrow", "tables").ipc.new_file(path, schema)


OPENERS: dict[str, Callable[[Path, Any], Any]] = {".csv": _csv, ".parquet": _parquet, ".feather": _feather}


def check_appended(path: str | os.PathLike[str]) -> Path:
    """Return the path of a table that can be written piece by piece.

    Raises
    ------
    InputError
        It is of no kind that is known.
    """
    target = Path(path).expanduser()
    if target.suffix.lower() not in OPENERS:
        raise InputError(f"{str(path)!r}: {unknown('kind of table', target.suffix, OPENERS)}")
    return target


@contextmanager
def appending(path: str | os.PathLike[str]) -> Iterator[Callable[[Any], None]]:
    """Give a function that appends a DataFrame, or a dict of columns, to a file.

    The file takes its place once the block ends well; when the block fails, what stood there stays as it was.

    Parameters
    ----------
    path : str or PathLike
        ``.csv``, ``.parquet`` or ``.feather``.

    Raises
    ------
    InputError
        The path cannot be written, or a later piece has other columns or types than the first one.
    """
    target = check_appended(path)
    with atomic(target) as temporary, ExitStack() as opened:
        suffix, writer, schema = target.suffix.lower(), None, None

        def append(X: Any) -> None:
            nonlocal writer, schema
            table = _arrow(X) if suffix != ".csv" else plain_text(_arrow(X))
            if writer is None:
                schema = table.schema.remove_metadata()
                writer = opened.enter_context(OPENERS[suffix](temporary, schema))
            writer.write_table(_cast(table, schema, path))

        yield append


def _arrow(X: Any) -> Any:
    return extra("pyarrow", "tables").table(X) if isinstance(X, dict) else to_arrow(X)


def _cast(table: Any, schema: Any, path: Any) -> Any:
    arrow = extra("pyarrow", "tables")
    try:
        return table.cast(schema)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError, ValueError) as error:
        raise InputError(
            f"cannot append to {str(path)!r}: {error}; make the values of each column of one type"
        ) from error
