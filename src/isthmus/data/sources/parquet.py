"""Parquet files larger than memory, read piece by piece, shuffled by row group and within a buffer."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, count
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Data, join, rows, take
from isthmus.core.records import Batch
from isthmus.data.sources.memory import moved, on
from isthmus.data.sources.order import EPOCH, SAMPLE, SPLIT, check_split, permutation, steps, validation_rows
from isthmus.data.sources.shards import Shard
from isthmus.data.sources.streams import ahead, regroup, take_turns
from isthmus.support.errors import InputError, extra, unknown

PIECE = 4 * 2**20
"""Bytes of decoded rows read at a time from one row group."""

SHUFFLE_BUFFER = 96 * 2**20
"""Bytes of decoded rows that are shuffled together."""

LANES = 4
"""Row groups read in turn, so that the buffer mixes them; fewer if their open pages would be too large."""

OPEN = 256 * 2**20
"""Bytes that the open pages of all lanes may take."""

PAGE = 2 * 2**20
"""Bytes of the open page of one column, compressed and decompressed, as most writers size them."""

SAMPLED = 16
"""Maximum number of row groups that a sample is taken from."""

FETCHED = 2**16
"""Bytes of a column read from the file at a time."""


class Piece(NamedTuple):
    """Neighbouring rows of one row group.

    Attributes
    ----------
    number : int
        Index among all pieces.
    group : int
        Index among the row groups of all files.
    first : int
        Index of its first row in the row group.
    rows : int
    """

    number: int
    group: int
    first: int
    rows: int


class ParquetStream:
    """The rows of a Parquet file, or of all Parquet files of a folder, without loading them into memory.

    Parameters
    ----------
    path : str or Path
        A file, or a folder of ``*.parquet`` files with the same columns.
    leave_out : sequence of str, default ()
        Columns not to read, such as the labels.
    shuffle_buffer : int, default 96 MiB
        Bytes of decoded rows that are shuffled together.
    order : sequence of str, default ()
        All columns, in the order to yield them in; default: that of the file.
    convert : callable, optional
        Returns a piece, an Arrow table, with its cells converted, from it and the number of its first row.

    Raises
    ------
    InputError
        A file is not a Parquet file, files differ in their columns, or there are no rows or columns.

    Attributes
    ----------
    columns : list of str
        Names of the columns to read, without an index written by pandas.
    shape : tuple of int
        The numbers of rows and columns.
    """

    def __init__(
        self,
        path: str | Path,
        leave_out: Sequence[str] = (),
        shuffle_buffer: int = SHUFFLE_BUFFER,
        order: Sequence[str] = (),
        convert: Callable[[Any, int], Any] | None = None,
    ) -> None:
        parquet = extra("pyarrow.parquet", "tables")
        self._path, self._left_out, self._shuffle_buffer = Path(path), list(leave_out), shuffle_buffer
        self._order, self._convert = list(order), convert
        self._files = parquet_files(self._path)
        self._metadata = []
        for file in self._files:
            with reading(file):
                self._metadata.append(parquet.read_metadata(file))
        self.columns = self._columns(leave_out)
        self._groups = [(f, g) for f, metadata in enumerate(self._metadata) for g in range(metadata.num_row_groups)]
        sizes = (self._metadata[f].row_group(g).num_rows for f, g in self._groups)
        self._starts = [0, *accumulate(sizes)]
        n: int = sum(metadata.num_rows for metadata in self._metadata)
        if not n or not self.columns:
            raise InputError(
                f"{str(path)!r} has {n} rows and {len(self.columns)} columns; at least one of each is needed"
            )
        self.shape = (n, len(self.columns))
        self.bytes = self._row_bytes() * n
        self.piece_rows = max(1, min(65_536, PIECE // self._row_bytes()))
        self.buffer_rows = max(1, shuffle_buffer // self._row_bytes())
        self.lanes = self._lanes()
        self.pieces = list(self._cut())
        self._last = {pieces[-1].number for pieces in self.groups() if pieces}

    def __len__(self) -> int:
        return self.shape[0]

    def without(self, columns: Sequence[str]) -> ParquetStream:
        """Return a stream of the same rows without some more columns."""
        order = [name for name in self._order if name not in columns]
        return ParquetStream(self._path, [*self._left_out, *columns], self._shuffle_buffer, order, self._convert)

    def in_order(self, names: Sequence[str]) -> ParquetStream:
        """Return a stream of the same rows with their columns in the order of `names`, which are the same columns."""
        return ParquetStream(self._path, self._left_out, self._shuffle_buffer, names, self._convert)

    def converted(self, convert: Callable[[Any, int], Any]) -> ParquetStream:
        """Return a stream of the same rows whose cells are converted piece by piece."""
        return ParquetStream(self._path, self._left_out, self._shuffle_buffer, self._order, convert)

    def _columns(self, leave_out: Sequence[str]) -> list[str]:
        schema = self._metadata[0].schema.to_arrow_schema()
        for file, metadata in zip(self._files, self._metadata, strict=True):
            if not metadata.schema.to_arrow_schema().equals(schema):
                raise InputError(f"{str(file)!r} has other columns or types than {str(self._files[0])!r}")
        for name in leave_out:
            if name not in schema.names:
                raise InputError(unknown("column", name, schema.names))
        index = (schema.pandas_metadata or {}).get("index_columns", [])
        columns = [name for name in schema.names if name not in leave_out and name not in index]
        check_flat(schema, columns, self._files[0])
        return self._order or columns

    def _row_bytes(self) -> int:
        size: int = sum(m.row_group(g).total_byte_size for m in self._metadata for g in range(m.num_row_groups))
        return max(8 * len(self.columns), size // self.shape[0])

    def _lanes(self) -> int:
        largest: int = max(self._metadata[f].row_group(g).total_byte_size for f, g in self._groups)
        return max(1, min(LANES, OPEN // max(1, min(2 * largest, PAGE * len(self.columns)))))

    def _cut(self) -> Iterator[Piece]:
        number = 0
        for group, (f, g) in enumerate(self._groups):
            n = self._metadata[f].row_group(g).num_rows
            for first in range(0, n, self.piece_rows):
                yield Piece(number, group, first, min(self.piece_rows, n - first))
                number += 1

    def groups(self) -> list[list[Piece]]:
        """Return the pieces of each row group."""
        groups: list[list[Piece]] = [[] for _ in self._groups]
        for piece in self.pieces:
            groups[piece.group].append(piece)
        return groups

    def chunks(self) -> Iterator[Any]:
        """Yield all rows as Arrow tables, in the order of the file."""
        return (table for _, table in self.read(self.pieces))

    def read(self, plan: Iterable[Piece]) -> Iterator[tuple[Piece, Any]]:
        """Yield pieces and their rows as Arrow tables; the pieces of one row group must be in order."""
        pool = extra("pyarrow", "tables").default_memory_pool()
        readers: dict[int, Iterator[tuple[int, Any]]] = {}
        for piece in plan:
            if piece.group not in readers:
                readers[piece.group] = self._group(piece.group)
            table = next((t for first, t in readers[piece.group] if first == piece.first), None)
            if table is None or len(table) != piece.rows:
                raise InputError(f"{self._file(piece.group)!r} was changed while it was read: start again")
            if self._convert is not None:
                table = self._convert(table, self._starts[piece.group] + piece.first)
            yield piece, table
            del table
            if piece.number in self._last:
                del readers[piece.group]
            pool.release_unused()

    def _file(self, group: int) -> str:
        return str(self._files[self._groups[group][0]])

    def _group(self, group: int) -> Iterator[tuple[int, Any]]:
        """Yield the rows of a row group, `piece_rows` at a time, each with the index of its first row."""
        arrow, parquet = extra("pyarrow", "tables"), extra("pyarrow.parquet", "tables")
        f, g = self._groups[group]
        file = parquet.ParquetFile(
            self._files[f], metadata=self._metadata[f], buffer_size=FETCHED, pre_buffer=False, memory_map=False
        )
        with reading(self._files[f]), file:
            batches = file.iter_batches(self.piece_rows, row_groups=[g], columns=self.columns)
            tables = (arrow.Table.from_batches([batch]).select(self.columns) for batch in batches)
            exact = regroup(tables, self.piece_rows, len, arrow.concat_tables, lambda t, a, b: t.slice(a, b - a))
            yield from zip(count(step=self.piece_rows), exact, strict=False)

    def source(
        self,
        data: Data,
        *,
        batch_size: int,
        validation_fraction: float = 0.0,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> ParquetSource:
        """Return a source of batches of these rows; see `ParquetSource`."""
        return ParquetSource(self, data, batch_size, validation_fraction, seed, device)

    def signature(self) -> str:
        """Return a hash of the footers of all files: schema, statistics, sizes and offsets of their columns."""
        digest = hashlib.sha256(repr(self.columns).encode())
        for file, metadata in zip(self._files, self._metadata, strict=True):
            with file.open("rb") as stream:
                stream.seek(-(metadata.serialized_size + 8), 2)
                digest.update(stream.read())
        return digest.hexdigest()


class ParquetSource:
    """A source of the rows of a `ParquetStream`, in bounded memory.

    The order of row groups is a function of (seed, epoch), and several are read in turn; their training rows are
    shuffled within a buffer of `buffer_rows` rows. Validation rows are chosen at random in every piece. A later start
    skips everything before its buffer without decoding it, except in the row groups where it begins.

    Parameters
    ----------
    stream : ParquetStream
    data : Data
        Fitted; turns tables into columns, and these into batches.
    batch_size : int
    validation_fraction : float in [0, 1)
    seed : int
    device : str or torch.device
        The device of the batches.

    Raises
    ------
    InputError
        A setting is out of range.

    Attributes
    ----------
    rows : int
        The number of rows, including those for validation.
    """

    def __init__(
        self,
        stream: ParquetStream,
        data: Data,
        batch_size: int,
        validation_fraction: float = 0.0,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        self.rows = len(stream)
        self._stream, self._read, self._data, self._device = stream, data.read, on(data, device), torch.device(device)
        self._seed = seed
        validation = validation_rows(self.rows, validation_fraction)
        steps(self.rows, batch_size)
        self._batch_size = int(batch_size)
        self._validation = [
            b * validation // self.rows - a * validation // self.rows for a, b in _spans(p.rows for p in stream.pieces)
        ]
        self._buffer_batches = max(1, stream.buffer_rows // self._batch_size)
        self._settings = (batch_size, validation_fraction, seed, self._buffer_batches, stream.piece_rows)
        self._warn_of_huge_groups()

    def _warn_of_huge_groups(self) -> None:
        groups = len(self._stream.groups())
        if groups < LANES and self.rows > 2 * self._stream.buffer_rows:
            warnings.warn(
                f"these {self.rows} rows are in {groups} row group(s), so they are shuffled only among about "
                f"{self._stream.buffer_rows} neighbours; if they are sorted, write them again in random order, or with "
                "smaller row groups: df.to_parquet(path, row_group_size=100_000)",
                stacklevel=4,
            )

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of a split, from batch number `start` on."""
        first, skip = divmod(start, self._buffer_batches)
        size = self._buffer_batches * self._batch_size
        windows = regroup(self._pieces(check_split(split), epoch, first * size), size, rows, join, _cut)
        for number, window in enumerate(ahead(windows), first):
            for index in self._order(split, epoch, number, rows(window)).split(self._batch_size)[skip:]:
                yield self._batch(take(window, index))
            skip = 0

    def steps(self, split: str) -> int:
        """Return the number of batches of a split per epoch; 0 if the split is empty."""
        validation = sum(self._validation)
        return steps(validation if check_split(split) == "validation" else self.rows - validation, self._batch_size)

    def sample(self, rows: int) -> Batch:
        """Return one batch of at most `rows` training rows from at most 16 row groups, the same on each call.

        There are at most `buffer_rows` rows, so that memory use stays bounded.
        """
        rows = min(rows, self._stream.buffer_rows)
        groups = self._stream.groups()
        picked = permutation(len(groups), self._seed, SAMPLE)[:SAMPLED].sort().values.tolist()
        plan = [piece for group in picked for piece in groups[group]]
        fraction = min(1.0, rows / max(1, sum(self._count("train", piece) for piece in plan)))
        tables = []
        for piece, table in self._stream.read(plan):
            chosen = self._chosen("train", piece)
            order = permutation(len(chosen), self._seed, SAMPLE, piece.number).numpy()
            tables.append(table.take(chosen[order[: int(np.ceil(fraction * len(chosen)))]]))
        table = extra("pyarrow", "tables").concat_tables(tables, promote_options="permissive")
        return self._batch(self._read(table.take(permutation(len(table), self._seed, SAMPLE)[:rows].numpy())))

    def fingerprint(self) -> str:
        """Return a short string that changes with the files, the order and the batch size."""
        return hashlib.sha256(repr((self._stream.signature(), *self._settings)).encode()).hexdigest()[:16]

    def shard(self, rank: int, world: int) -> Shard:
        """Return the part of each batch that one of several processes trains on.

        Each process reads the whole file.
        """
        return Shard(self, rank, world)

    def _batch(self, columns: Columns) -> Batch:
        return self._data.batch(moved(columns, self._device))

    def _order(self, split: str, epoch: int, window: int, n: int) -> Tensor:
        return permutation(n, self._seed, EPOCH, epoch, window) if split == "train" else torch.arange(n)

    def _plan(self, split: str, epoch: int) -> list[Piece]:
        """Return the pieces in reading order."""
        groups = self._stream.groups()
        if split == "validation":
            return [piece for group in groups for piece in group]
        shuffled = permutation(len(groups), self._seed, EPOCH, epoch).tolist()
        return list(take_turns((groups[group] for group in shuffled), self._stream.lanes))

    def _pieces(self, split: str, epoch: int, skip: int) -> Iterator[Columns]:
        """Yield the rows of a split in reading order, without the first `skip`."""
        plan = [piece for piece in self._plan(split, epoch) if self._count(split, piece)]
        ends = list(accumulate(self._count(split, piece) for piece in plan))
        begun = int(np.searchsorted(ends, skip, side="right"))
        skip -= ends[begun - 1] if begun else 0
        for piece, table in self._stream.read(plan[begun:]):
            yield self._read(table.take(self._chosen(split, piece)[skip:]))
            skip = 0

    def _count(self, split: str, piece: Piece) -> int:
        validation = self._validation[piece.number]
        return validation if split == "validation" else piece.rows - validation

    def _chosen(self, split: str, piece: Piece) -> np.ndarray:
        """Return the indices of the rows of a piece that belong to a split, ascending."""
        validation = self._validation[piece.number]
        order = permutation(piece.rows, self._seed, SPLIT, piece.number)
        return (order[:validation] if split == "validation" else order[validation:]).sort().values.numpy()


def _spans(lengths: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each of some lengths laid end to end."""
    begin = 0
    for length in lengths:
        yield begin, begin + length
        begin += length


def _cut(columns: Columns, first: int, last: int) -> Columns:
    """Return some rows as copies, so that the memory of the others can be freed."""
    return {name: tensor[first:last].clone() for name, tensor in columns.items()}


def check_flat(schema: Any, columns: Iterable[str], path: Path) -> None:
    """Raise an error if a column holds lists or structures.

    Parameters
    ----------
    schema : pyarrow.Schema
    columns : iterable of str
        Those that are read.
    path : Path
        For the message.

    Raises
    ------
    InputError
        The message names the column and its type.
    """
    types = extra("pyarrow.types", "tables")
    for name in columns:
        kind = schema.field(name).type
        if types.is_nested(kind):
            raise not_flat(f"{str(path)!r}", name, f"the type {kind}")


def not_flat(where: str, name: str, what: str) -> InputError:
    """Return the error for a column that holds lists or structures; `what` says which."""
    return InputError(
        f"{where}, column {name!r}: {what} is no single value; make a column of each part, or leave it out (--drop "
        f"{quote(name)})"
    )


def parquet_files(path: Path) -> list[Path]:
    """Return the Parquet files of a folder, sorted by name; or the file itself."""
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"the folder {str(path)!r} holds no *.parquet files")
    return files


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn the errors of pyarrow for a broken or missing file into an InputError that names the file."""
    arrow = extra("pyarrow", "tables")
    try:
        yield
    except (OSError, arrow.ArrowInvalid) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}") from error
