"""Tables in files: CSV, Parquet and Feather."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import narwhals as nw
import numpy as np

from isthmus.core.data import Rows
from isthmus.data.io.csv_stream import CSVStream
from isthmus.data.io.dataset import Dataset
from isthmus.data.io.dated import Forms, with_text
from isthmus.data.io.header import default_names
from isthmus.data.io.reading import Reading
from isthmus.data.io.typed_text import TypedText, is_text
from isthmus.data.io.units import typed_units
from isthmus.data.sources.parquet import ParquetStream, check_flat, parquet_files
from isthmus.data.sources.parquet import reading as arrow_errors
from isthmus.data.tables.rows import column, in_order
from isthmus.support.errors import InputError, extra, unknown

if TYPE_CHECKING:
    import pandas
    import pyarrow


AT_ONCE = 2**22
"""Bytes of a CSV file from which on it is parsed at once where possible."""


def read_csv(path: Path, label: str | None = None, reading: Reading | None = None) -> Dataset:
    """Read a CSV file, gzipped or not, into a pandas DataFrame, as `CSVStream` does."""
    how = (reading or Reading()).also([label])
    stream, frame = _at_once(path, how) or _by_pieces(path, how)
    return replace(split(frame, label, path), notes=tuple(stream.notes), reading=stream.reading)


def _at_once(path: Path, reading: Reading) -> tuple[CSVStream, pandas.DataFrame] | None:
    """Return a large file parsed at once, with how it is read; None where that leaves a doubt, or is no faster."""
    if path.stat().st_size < AT_ONCE:
        return None
    try:
        stream = CSVStream(path, reading, glanced=True)
        return stream, stream.whole()
    except InputError:  # read line by line, it is said which one it is about
        return None


def _by_pieces(path: Path, reading: Reading) -> tuple[CSVStream, pandas.DataFrame]:
    stream = CSVStream(path, reading)
    return stream, stream.frame()


def read_parquet(path: Path, label: str | None = None, budget: int = 0, reading: Reading | None = None) -> Dataset:
    """Read a Parquet file, or a folder of them, as a pandas DataFrame; as a `ParquetStream` if that takes too much.

    Parameters
    ----------
    path : Path
    label : str or None
        The label column.
    budget : int
        Bytes of memory that the DataFrame may take.
    reading : Reading, optional
        Which columns to read.
    """
    pandas, parquet = extra("pandas", "tables"), extra("pyarrow.parquet", "tables")
    reading = (reading or Reading()).also([label])
    with arrow_errors(path):
        schema = parquet.read_schema(parquet_files(path)[0])
    columns = _stored(schema)
    chosen = [name for name in reading.chosen(columns, path) if name != label]
    texts = _texts(path, reading, schema, chosen)
    stream = ParquetStream(path, leave_out=[name for name in columns if name not in chosen])
    convert = TypedText(str(path), schema, chosen, reading, _only(stream, texts).chunks() if texts else ())
    if 2 * stream.bytes <= budget:
        names = [*stream.columns, *([] if label is None else [label])]
        names = [name for name in schema.names if name in names or name not in columns]
        with arrow_errors(path):
            frame = pandas.concat([pandas.read_parquet(file, columns=names) for file in parquet_files(path)])
        if convert.columns:
            tables = [*_only(stream, convert.columns).chunks()]
            frame = _with(frame, convert.series(extra("pyarrow", "tables").concat_tables(tables)))
        return replace(split(frame, label, path), reading=convert.reading, notes=tuple(convert.notes))
    y = None
    if label is not None:
        with arrow_errors(path):
            y = np.concatenate([parquet.read_table(f, columns=[label])[label].to_numpy() for f in parquet_files(path)])
    if convert.changing:
        convert.survey(_only(stream, convert.changing).chunks())
    converted = stream.converted(convert.table) if convert.columns else stream
    return Dataset(converted, y, (), str(path), reading=convert.reading, notes=tuple(convert.notes))


def parquet_columns(path: Path, reading: Reading | None = None) -> list[str]:
    """Return the columns that would be read of a Parquet file, or of a folder of them."""
    return (reading or Reading()).chosen(ParquetStream(path).columns, path)


def _texts(path: Path, reading: Reading, schema: pyarrow.Schema, chosen: Sequence[str]) -> list[str]:
    """Return the columns that may be read as text; refuse options for which there are none."""
    asked = {*reading.text, *reading.merged().dates}
    texts = [name for name in chosen if is_text(schema.field(name).type) or name in asked]
    check_typed(path, reading, OF_TEXT if texts else (*OF_TEXT, "decimal"))
    return texts


def _only(stream: ParquetStream, names: Sequence[str]) -> ParquetStream:
    """Return a stream of some columns."""
    return stream.without([name for name in stream.columns if name not in names])


def _with(frame: pandas.DataFrame, columns: Mapping[str, pandas.Series]) -> pandas.DataFrame:
    """Return a frame with columns in place of those of these names."""
    return frame.assign(**{name: column.set_axis(frame.index) for name, column in columns.items()})


def _stored(schema: pyarrow.Schema) -> list[str]:
    """Return the columns of a file, without an index written by pandas."""
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return [name for name in schema.names if name not in index]


def read_feather(path: Path, label: str | None = None, reading: Reading | None = None) -> Dataset:
    """Read a Feather file into a pandas DataFrame."""
    reading = (reading or Reading()).also([label])
    with arrow_errors(path):
        table = extra("pyarrow.feather", "tables").read_table(path)
    columns = _stored(table.schema)
    chosen = reading.chosen(columns, path)
    check_flat(table.schema, chosen, path)
    own = [name for name in chosen if name != label]
    _texts(path, reading, table.schema, own)
    convert = TypedText(str(path), table.schema, own, reading, [table])
    left_out = [name for name in columns if name not in chosen]
    frame = _with(table.drop_columns(left_out).to_pandas(), convert.series(table))
    return replace(split(frame, label, path), reading=convert.reading, notes=tuple(convert.notes))


def typed(path: Path | str, reading: Reading, schema: pyarrow.Schema, chosen: Sequence[str]) -> Reading:
    """Return how a file or data set is read whose cells have types, with the units of its columns of numbers.

    Parameters
    ----------
    path : Path or str
    reading : Reading
    schema : Schema
        Of Arrow.
    chosen : sequence of str
        The columns that are read.
    """
    types = extra("pyarrow", "tables").types
    numeric = (types.is_integer, types.is_floating, types.is_decimal)
    numbers = [name for name in chosen if any(is_kind(schema.field(name).type) for is_kind in numeric)]
    return replace(reading, **typed_units(path, reading, [one for one in numbers if one not in reading.unchanged]))


OF_TEXT = ("encoding", "skip_rows", "header")
"""Options that apply to files of text only."""

OF_CELLS = ("decimal", "dates", "missing", "text")
"""Options that apply to cells of text."""


def check_typed(path: Path | str, reading: Reading, options: Sequence[str] = (*OF_TEXT, *OF_CELLS)) -> None:
    """Raise an error if some options, those about text, are set for a file or data set whose cells have types.

    Raises
    ------
    InputError
        Such an option was given.
    """
    for option, value in reading.asked(*options).items():
        raise InputError(f"{option}={value!r} does not apply to {str(path)!r}, whose cells have types: leave it out")


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


def plain_text(table: pyarrow.Table, forms: Forms | None = None) -> Any:
    """Return an Arrow table with categories decoded to their values, and dates as text, as CSV needs."""
    table = with_text(table, (forms or Forms()).of(table))
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


def split_columns(piece: Rows, names: Sequence[str], known: Sequence[Any] = ()) -> tuple[Any, Any]:
    """Return a piece without some columns, and these columns as an Arrow table; None if `names` is empty.

    Parameters
    ----------
    piece : DataFrame
    names : sequence of str
    known : sequence of str, default ()
        The columns of a model, in its order: the piece keeps them, and has them in this order.

    Raises
    ------
    InputError
        There is no such column.
    """
    if not names:
        return in_order(piece, known), None
    for name in names:
        column(piece, name)
    frame = nw.from_native(piece, eager_only=True)
    left = frame.drop(*(name for name in names if name not in known)).to_native()
    return in_order(left, known), to_arrow(frame.select(*names).to_native())


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
        raise InputError(f"an array of shape {array.shape} is not a table: write it to .npy, or images to .png")
    array = array.reshape(len(array), -1)
    names = default_names(array.shape[1]) if columns is None else list(map(str, columns))
    if len(names) != array.shape[1]:
        raise InputError(f"{len(names)} names for {array.shape[1]} columns; give one for each")
    arrow = extra("pyarrow", "tables")
    return arrow.Table.from_arrays([arrow.array(np.ascontiguousarray(column)) for column in array.T], names=names)
