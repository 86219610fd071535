"""CSV files larger than memory, read piece by piece."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from isthmus.core.data import Data, Source
from isthmus.data.io import files
from isthmus.data.io.tabular import csv_errors, dialect
from isthmus.support.errors import InputError, extra

SUFFIXES = (".csv", ".csv.gz", ".tsv")
PIECE_ROWS = 50_000
COUNTED = 2**22
"""Bytes read at a time when counting lines."""


class CSVStream:
    """The rows of a CSV file, gzipped or not, without loading them into memory.

    Parameters
    ----------
    path : str or Path
    text : collection of str, default ()
        Columns to read as text whatever they hold: a piece may hold only numbers where others hold words.
    rows : int, default 50,000
        Rows per piece.

    Attributes
    ----------
    columns : list of str
        The column names.

    Raises
    ------
    InputError
        The file is not a regular table, or has no rows.
    """

    def __init__(self, path: str | Path, text: Collection[str] = (), rows: int = PIECE_ROWS) -> None:
        self._path, self._rows = Path(path), rows
        pandas = extra("pandas", "tables")
        with csv_errors(self._path):
            self._settings = dialect(self._path)
            head = pandas.read_csv(self._path, nrows=1, **self._settings)
        if not len(head):
            raise InputError(f"{str(path)!r} holds no rows")
        self.columns = list(map(str, head.columns))
        self._settings["dtype"] = {name: object for name in text if name in head.columns}

    def __len__(self) -> int:
        """Return the number of lines without the header: the number of rows if no cell has a line break."""
        open_file: Any = gzip.open if self._path.suffix == ".gz" else open
        with csv_errors(self._path), open_file(self._path, "rb") as stream:
            count, last = 0, b"\n"
            while block := stream.read(COUNTED):
                count, last = count + block.count(b"\n"), block
        return count + (not last.endswith(b"\n")) - (self._settings["header"] == 0)

    def chunks(self) -> Iterator[Any]:
        """Yield all rows as pandas DataFrames, in the order of the file."""
        pandas = extra("pandas", "tables")
        settings = {"low_memory": False, "chunksize": self._rows, **self._settings}
        with csv_errors(self._path), pandas.read_csv(self._path, **settings) as pieces:
            yield from pieces

    def source(self, data: Data, **settings: Any) -> Source:
        """Raise an error: training needs rows that can be read in any order.

        Raises
        ------
        InputError
            Always; the message names the remedy.
        """
        raise InputError(
            f"{str(self._path)!r} cannot be trained on piece by piece: read it, or write it as Parquet, which can"
        )


def text_columns(data: Data) -> list[str]:
    """Return the columns of a fitted table whose categories are all text."""
    schema = getattr(data, "schema", None)
    if schema is None or schema.names is None:
        return []
    pairs = zip(schema.indices("category"), schema.categories, strict=True)
    return [str(schema.name(index)) for index, known in pairs if all(isinstance(one, str) for one in known)]


def open_rows(path: str, text: Collection[str] = (), keep: Collection[str] = ()) -> Any:
    """Return the rows of a file for a single pass: a stream if its kind can be streamed, with any label column kept.

    Parameters
    ----------
    path : str
        As `isthmus.data.io.files.read` accepts it.
    text : collection of str, default ()
        Columns of a CSV file to read as text whatever they hold.
    keep : collection of str, default ()
        Columns that are wanted; if they include the labels of a named table, these are a column of it.
    """
    file = Path(path).expanduser()
    if file.is_file() and file.name.lower().endswith(SUFFIXES):
        return CSVStream(file, text)
    return files.read(path, budget=0).with_labels(keep)
