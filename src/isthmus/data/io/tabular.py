"""Tables in files: CSV, Parquet and Feather."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import narwhals as nw
import numpy as np

from isthmus.core.data import Rows
from isthmus.data.io.dataset import Dataset
from isthmus.data.sources.parquet import ParquetStream, parquet_files, reading
from isthmus.data.tables.rows import column
from isthmus.support.errors import InputError, extra, unknown

if TYPE_CHECKING:
    import pandas
    import pyarrow

SEPARATORS = ",;\t|"


def read_csv(path: Path, label: str | None = None) -> Dataset:
    """Read a CSV file, gzipped or not, into a pandas DataFrame.

    The separator is the most frequent of comma, semicolon, tab and bar in the first line. If all cells of that line
    are numbers, it is a row, and the columns are named ``column_0``, ``column_1`` … Empty cells, ``?`` and the markers
    that pandas knows (``NA``, ``NaN``, ``null`` …) are missing; so is an empty line in a file of one column.
    """
    pandas = extra("pandas", "tables")
    with csv_errors(path):
        frame = pandas.read_csv(path, low_memory=False, **dialect(path))
    return split(frame, label, path)


def dialect(path: Path) -> dict[str, Any]:
    """Return the options with which pandas reads a CSV file: separator, column names, markers of missing cells."""
    first = _first_line(path)
    separator = max(SEPARATORS, key=first.count)
    names = next(csv.reader([first], delimiter=separator), [])
    bare = bool(names) and all(map(_is_number, names))
    return {
        "sep": separator,
        "header": None if bare else 0,
        "names": column_names(len(names)) if bare else None,
        "na_values": ["?"],
        "skipinitialspace": True,
        "skip_blank_lines": len(names) > 1,
        "encoding": "utf-8-sig",
    }


def _first_line(path: Path) -> str:
    open_file = gzip.open if path.suffix == ".gz" else open
    with open_file(path, "rt", encoding="utf-8-sig") as stream:
        return next((line.strip("\r\n") for line in stream if line.strip()), "")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@contextmanager
def csv_errors(path: Path) -> Iterator[None]:
    """Turn the errors of pandas for a file that is not a regular table into an InputError that names the file."""
    errors = extra("pandas.errors", "tables")
    try:
        yield
    except errors.EmptyDataError as error:
        raise InputError(f"{str(path)!r} is empty") from error
    except errors.ParserError as error:
        raise InputError(
            f"{str(path)!r} is not a regular table: {error}; give all lines the same number of cells"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{str(path)!r} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}") from error


def read_parquet(path: Path, label: str | None = None, budget: int = 0) -> Dataset:
    """Read a Parquet file, or a folder of them, as a pandas DataFrame; as a `ParquetStream` if that takes too much.

    Parameters
    ----------
    path : Path
    label : str or None
        The label column.
    budget : int
        Bytes of memory that the DataFrame may take.
    """
    pandas, parquet = extra("pandas", "tables"), extra("pyarrow.parquet", "tables")
    stream = ParquetStream(path, leave_out=[] if label is None else [label])
    if 2 * stream.bytes <= budget:
        with reading(path):
            return split(pandas.concat([pandas.read_parquet(file) for file in parquet_files(path)]), label, path)
    y = None
    if label is not None:
        with reading(path):
            y = np.concatenate([parquet.read_table(f, columns=[label])[label].to_numpy() for f in parquet_files(path)])
    return Dataset(stream, y, (), str(path))


def read_feather(path: Path, label: str | None = None) -> Dataset:
    """Read a Feather file into a pandas DataFrame."""
    feather = extra("pyarrow.feather", "tables")
    with reading(path):
        return split(feather.read_feather(path), label, path)


def split(frame: pandas.DataFrame, label: str | None, path: Path) -> Dataset:
    """Return a Dataset of a DataFrame without its label column, and of the labels.

    Raises
    ------
    InputError
        There is no such column, or there are no rows.
    """
    if not len(frame):
        raise InputError(f"{str(path)!r} holds no rows")
    if label is None:
        return Dataset(frame, None, (), str(path))
    if label not in frame.columns:
        raise InputError(f"{str(path)!r}: {unknown('column', label, map(str, frame.columns))}")
    return Dataset(frame.drop(columns=label), frame[label].to_numpy(), (), str(path))


def write_csv(X: Any, columns: Sequence[str] | None, stream: BinaryIO) -> None:
    """Write a DataFrame, or an array of one or two axes, as CSV with a header."""
    extra("pyarrow.csv", "tables").write_csv(plain_text(to_arrow(X, columns)), stream)


def plain_text(table: pyarrow.Table) -> Any:
    """Return an Arrow table with categories decoded to their values, as CSV needs."""
    for i, field in enumerate(table.schema):
        if hasattr(field.type, "value_type"):
            table = table.set_column(i, field.name, table[i].cast(field.type.value_type))
    return table


def write_parquet(X: Any, columns: Sequence[str] | None, stream: BinaryIO) -> None:
    """Write a DataFrame, or an array of one or two axes, as Parquet."""
    extra("pyarrow.parquet", "tables").write_table(to_arrow(X, columns), stream)


def write_feather(X: Any, columns: Sequence[str] | None, stream: BinaryIO) -> None:
    """Write a DataFrame, or an array of one or two axes, as Feather."""
    extra("pyarrow.feather", "tables").write_feather(to_arrow(X, columns), stream)


def split_columns(piece: Rows, names: Sequence[str]) -> tuple[Any, Any]:
    """Return a piece without some columns, and these columns as an Arrow table; None if `names` is empty.

    Raises
    ------
    InputError
        There is no such column.
    """
    if not names:
        return piece, None
    for name in names:
        column(piece, name)
    frame = nw.from_native(piece, eager_only=True)
    return frame.drop(*names).to_native(), to_arrow(frame.select(*names).to_native())


def to_arrow(X: Any, columns: Sequence[str] | None = None) -> Any:
    """Return an Arrow table of a DataFrame of any library, or of an array of one or two axes.

    Parameters
    ----------
    X : DataFrame, ndarray or Tensor
    columns : sequence of str or None
        Column names for an array; None: ``column_0``, ``column_1`` …

    Raises
    ------
    InputError
        An array has more axes, the number of names differs from that of columns, or a column cannot be written.
    """
    arrow = extra("pyarrow", "tables")
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    try:
        if nw.dependencies.is_pandas_dataframe(X):
            return arrow.Table.from_pandas(X, preserve_index=False)
        return frame.to_arrow() if isinstance(frame, nw.DataFrame) else _table_of_array(np.asarray(X), columns)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, arrow.ArrowNotImplementedError) as error:
        raise InputError(f"this table cannot be written: {error}; convert each column to one type") from error


def _table_of_array(array: np.ndarray, columns: Sequence[str] | None) -> Any:
    if array.ndim not in (1, 2):
        raise InputError(f"an array of shape {array.shape} is not a table: write it to .npy, or pictures to .png")
    array = array.reshape(len(array), -1)
    names = column_names(array.shape[1]) if columns is None else list(map(str, columns))
    if len(names) != array.shape[1]:
        raise InputError(f"{len(names)} names for {array.shape[1]} columns; give one for each")
    arrow = extra("pyarrow", "tables")
    return arrow.Table.from_arrays([arrow.array(np.ascontiguousarray(column)) for column in array.T], names=names)


def column_names(n: int) -> list[str]:
    """Return default names for columns."""
    return [f"column_{i}" for i in range(n)]
