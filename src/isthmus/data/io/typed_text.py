"""Text in files whose cells have types, Parquet and Feather: converted as the cells of a CSV file are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from isthmus.data.io.conversions import Context, Conversion, Odd, recognised
from isthmus.data.io.csv_stream import PIECE_ROWS
from isthmus.data.io.decide import Open, decide
from isthmus.data.io.reading import Notes, Reading
from isthmus.data.io.units import typed_units
from isthmus.data.sources.streams import regroup
from isthmus.data.tables.numerals import number_of
from isthmus.support.errors import InputError, extra

if TYPE_CHECKING:
    import pandas
    import pyarrow


class TypedText:
    """How the cells of a file are converted that have types: text as that of a CSV file, and what options name.

    Parameters
    ----------
    path : str
        For messages.
    schema : Schema
        Of Arrow.
    chosen : sequence of str
        The columns that are read.
    reading : Reading
    pieces : iterable of Table
        The rows in order: the first ones that tell decide what a column of text holds.

    Attributes
    ----------
    columns : list of str
        Those whose cells are converted.
    notes : list of str
        What was converted.
    reading : Reading
        How the file is read, with what was recognised in the rows that were converted so far.

    Raises
    ------
    InputError
        A cell does not fit its column, or an option does not suit the type of a column.
    """

    def __init__(
        self,
        path: str,
        schema: pyarrow.Schema,
        chosen: Sequence[str],
        reading: Reading,
        pieces: Iterable[pyarrow.Table],
    ) -> None:
        whole = reading.merged()
        carried = {*reading.unchanged} - {*reading.numbers, *whole.dates, *reading.text}
        kinds = {name: schema.field(name).type for name in chosen}
        _check_dates(path, reading, kinds)
        own = [name for name in chosen if name not in carried]
        named = {*reading.text, *(name for name in whole.dates if name in kinds and _is_number(kinds[name]))}
        self._texts = [name for name in own if name in named or is_text(kinds[name])]
        numbers = [name for name in own if name not in self._texts and _is_number(kinds[name])]
        self._missing = [number for gap in reading.gaps if (number := number_of(gap)) is not None]
        self.columns = [*self._texts, *(numbers if self._missing else [])]
        self.notes, self._path, self._numbers = Notes(), path, numbers
        mark = reading.decimal or (reading.before.decimal if reading.before else None)
        self._context = Context(reading, path, mark, self.notes)
        self._conversions = self._decided(pieces)

    @property
    def reading(self) -> Reading:
        """How the file is read, with what was recognised in the rows that were converted so far."""
        reading, texts = self._context.reading, self._conversions
        others = {name: unit for name, unit in reading.units.items() if name not in texts}
        own = {name: unit for name, unit in reading.units.items() if name in texts}
        typed = typed_units(self._path, replace(reading, units=others), self._numbers)
        recognised_texts = recognised(self._path, texts.values(), replace(reading, units=own))
        comma = any(one.seen.decimal == "," for one in texts.values())
        units, signs = ({**typed[name], **recognised_texts[name]} for name in ("units", "signs"))
        decimal = "," if comma else reading.decimal
        return replace(reading, decimal=decimal, dates=recognised_texts["dates"], units=units, signs=signs)

    def series(self, table: pyarrow.Table, first: int = 0) -> dict[str, pandas.Series]:
        """Return the columns of a piece that are converted; `first` is the number of its first row."""
        done = {name: self._converted(table, name, first) for name in self._texts}
        return done | {name: self._without(table[name]).to_pandas() for name in self.columns if name not in done}

    @property
    def changing(self) -> list[str]:
        """The columns of text that become something else."""
        return [name for name, one in self._conversions.items() if one.numeric or one.seen.form is not None]

    def survey(self, pieces: Iterable[pyarrow.Table]) -> None:
        """Convert all rows once, to know all that is to be said of them; pieces have the columns that change."""
        first = 0
        for piece in pieces:
            for name in self.changing:
                self._converted(piece, name, first)
            first += len(piece)

    def table(self, table: pyarrow.Table, first: int = 0) -> pyarrow.Table:
        """Return a piece with its columns converted."""
        arrow = extra("pyarrow", "tables")
        for name in (name for name in table.column_names if name in self.columns):
            cells = self._converted(table, name, first) if name in self._texts else None
            done = self._without(table[name]) if cells is None else arrow.array(cells, from_pandas=True)
            table = table.set_column(table.column_names.index(name), name, done)
        return table.replace_schema_metadata(None)  # which says of what types the cells were

    def _decided(self, pieces: Iterable[pyarrow.Table]) -> dict[str, Conversion]:
        """Return what each column of text holds."""
        undecided, decided, first = dict.fromkeys(self._texts, Open()), dict[str, Conversion](), 0
        for piece in _in_order(pieces) if undecided else ():
            for name in [*undecided]:
                with self._located(first):
                    one = decide(name, self._cells(piece[name]), self._context)
                if isinstance(one, Open):
                    undecided[name] = undecided[name].joined(one)
                else:
                    decided[name] = one
                    del undecided[name]
            first += len(piece)
            if not undecided:
                break
        return decided | {name: left.closed(name) for name, left in undecided.items()}

    def _converted(self, table: pyarrow.Table, name: str, first: int) -> pandas.Series:
        with self._located(first):
            return self._conversions[name](self._cells(table[name]), self._context)

    def _cells(self, column: pyarrow.ChunkedArray) -> pandas.Series:
        """Return the cells of a column as text, without those that options take for gaps."""
        arrow, compute = extra("pyarrow", "tables"), extra("pyarrow.compute", "tables")
        texts = self._without(column).cast(arrow.string())
        gaps = compute.is_in(texts, arrow.array(self._context.reading.gaps, arrow.string()))
        return compute.if_else(gaps, None, texts).to_pandas()

    def _without(self, column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
        """Return a column of numbers without those that options take for gaps; others unchanged."""
        if not (self._missing and _is_number(column.type)):
            return column
        arrow, compute = extra("pyarrow", "tables"), extra("pyarrow.compute", "tables")
        gaps = compute.is_in(column.cast(arrow.float64(), safe=False), arrow.array(self._missing, arrow.float64()))
        return compute.if_else(gaps, None, column)

    @contextmanager
    def _located(self, first: int) -> Iterator[None]:
        """Turn the error about a cell into one that says where it is."""
        try:
            yield
        except Odd as odd:
            raise InputError(f"{self._path!r}, row {first + odd.row}, column {odd.column!r}: {odd.why}") from odd


def _in_order(pieces: Iterable[pyarrow.Table]) -> Iterator[pyarrow.Table]:
    """Yield the rows in pieces of the length of those of a CSV file, so that these decide alike."""
    concat = extra("pyarrow", "tables").concat_tables
    return regroup(pieces, PIECE_ROWS, len, concat, lambda table, start, stop: table.slice(start, stop - start))


def is_text(kind: pyarrow.DataType) -> bool:
    """Tell whether a type of Arrow is text; what was written as categories is none."""
    types = extra("pyarrow", "tables").types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_number(kind: pyarrow.DataType) -> bool:
    types = extra("pyarrow", "tables").types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _check_dates(path: str, reading: Reading, kinds: dict[str, pyarrow.DataType]) -> None:
    """Raise an error if a format is named for cells that are neither text nor numbers."""
    for name, form in reading.dates.items():
        if name in kinds and not (is_text(kinds[name]) or _is_number(kinds[name])):
            raise InputError(
                f"{path!r}, column {name!r}: the format {form!r} does not apply, since its cells are of the type "
                f"{kinds[name]}: leave it out"
            )
