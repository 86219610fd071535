"""CSV files, read piece by piece: what a column holds is decided once, for all pieces."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from isthmus.core.data import Data, Source
from isthmus.data.io.carried import carried
from isthmus.data.io.conversions import Context, Conversion, Odd, Text, recognised
from isthmus.data.io.decide import Open, decide
from isthmus.data.io.dialect import Dialect, dialect, encoding_of, open_text, say_codes, say_unnamed
from isthmus.data.io.distinct import GAPS, begins_with_space, first_padded
from isthmus.data.io.reading import Notes, Reading, Say
from isthmus.data.io.regular import (
    NotThisEncoding,
    Survey,
    check_encoding,
    check_first_row,
    count_one_by_one,
    fallback,
    line_of,
    records,
    single_bytes,
    survey,
)
from isthmus.support.errors import InputError, extra

if TYPE_CHECKING:
    import pandas

PIECE_ROWS = 50_000


class CSVStream:
    """The rows of a CSV file, gzipped or not, without loading them into memory.

    What `reading` leaves open is recognised: encoding, lines above the table, separator, decimal mark; numbers, dates
    and gaps in columns of text. The first piece decides that for all; a cell that contradicts it is an error.

    Parameters
    ----------
    path : str or Path
    reading : Reading, optional
        How to read it.
    rows : int, optional
        Rows per piece; None: 50,000.
    say : callable, optional
        Called with each sentence on what was converted.
    glanced : bool, default False
        Whether to leave out the pass over all lines that finds short ones, for `whole`.

    Attributes
    ----------
    columns : list of str
        The names of the columns that are read.
    notes : list of str
        What was converted so far.

    Raises
    ------
    InputError
        The file is not a regular table, or has no rows.
    """

    def __init__(
        self,
        path: str | Path,
        reading: Reading | None = None,
        rows: int | None = None,
        say: Say | None = None,
        glanced: bool = False,
    ) -> None:
        self._path, self._rows, self._reading = Path(path), rows or PIECE_ROWS, reading or Reading()
        self.notes = Notes(say)
        with csv_errors(self._path):
            self._dialect, self._seen = self._glanced() if glanced else self._surveyed()
        if not self._seen.rows:
            raise InputError(f"{str(path)!r} holds no rows")
        self.columns = self._chosen()
        self._context = Context(self._reading, str(path), self._dialect.mark, self.notes)
        self._carried = {*self._reading.unchanged} - {*self._reading.numbers, *self._reading.dates}
        self._lengths = dict(self._dialect.lengths)  # of columns that can be codes, until all their cells are known
        self._codes = {*self._dialect.codes}
        self._conversions: dict[str, Conversion] = {}
        self._plain: dict[str, Any] = {}  # the types of columns that pandas read as numbers

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._seen.rows

    @property
    def reading(self) -> Reading:
        """How the file is read, with what was recognised: the decimal mark, the formats of dates, and units."""
        conversions = self._decided().values()
        marks = {one.seen.decimal for one in conversions}
        decimal = "," if "," in (self._dialect.decimal, *marks) else self._reading.decimal
        text = tuple(dict.fromkeys([*self._reading.text, *(name for name in self.columns if name in self._codes)]))
        header = self._reading.header if self._dialect.named else False
        known = replace(self._reading, header=header, decimal=decimal, text=text)
        return replace(known, **recognised(self._path, conversions, self._reading))

    def chunks(self) -> Iterator[Any]:
        """Yield all rows as pandas DataFrames, in the order of the file."""
        first, conversions = 0, self._decided()
        with self._pieces(self.columns, [name for name, one in conversions.items() if one.text]) as pieces:
            for piece in pieces:
                yield self._converted(piece, first)
                first += len(piece)

    def frame(self) -> pandas.DataFrame:
        """Return all rows as one pandas DataFrame."""
        return extra("pandas", "tables").concat(list(self.chunks()), ignore_index=True)

    def whole(self) -> pandas.DataFrame:
        """Return all rows as one pandas DataFrame, parsed at once.

        Raises
        ------
        InputError
            A line may be short, or cells may have spaces in front: only another pass over the file can tell.
        """
        how, pandas, conversions = self._dialect, extra("pandas", "tables"), self._decided()
        types = self._plain | dict.fromkeys((n for n, one in conversions.items() if one.text), self._text)
        strict = [n for n, one in conversions.items() if not one.spaced or (n in self._plain and not one.text)]
        check_first_row(self._path, how)
        with csv_errors(self._path), self._source() as (source, above):
            try:
                frame = pandas.read_csv(
                    source,
                    skiprows=above,
                    encoding=how.encoding,
                    dtype={name: types.get(name, self._text) for name in how.names},
                    **self._options | {"na_values": self._gaps(strict)},
                )
            except (ValueError, OverflowError) as error:  # a number is none, or too long, or a whole one has a fraction
                raise InputError(f"{str(self._path)!r}: {error}") from error
        texts = [name for name in self.columns if frame[name].dtype == self._text]
        if frame[self.columns[-1]].isna().any():  # as the last cell of each short line is
            raise InputError(f"{str(self._path)!r}: lines can be short")
        if any(begins_with_space(frame[name]) for name, one in conversions.items() if one.spaced and name in texts):
            raise InputError(f"{str(self._path)!r}: there can be spaces after separators")
        return self._converted(frame, 0)

    @property
    def _options(self) -> dict[str, Any]:
        """How pandas reads the rows."""
        return {
            "sep": self._dialect.separator,
            "header": None,
            "names": list(self._dialect.names),
            "keep_default_na": False,
            "na_values": self._gaps(),
            "skipinitialspace": self._seen.spaced,
            "skip_blank_lines": len(self._dialect.names) > 1,
            "decimal": self._dialect.decimal,
        }

    def _gaps(self, strict: Collection[str] = ()) -> dict[str, list[str]]:
        """Return the cells that are missing, by column.

        In a strict column, where a cell of another kind is an error, those that begin as numbers do can be that too:
        each number that begins so would be looked up among them.
        """
        every = [*GAPS, *self._reading.gaps]
        some = [*(gap for gap in GAPS if not gap.startswith(("-", "1"))), *self._reading.gaps]
        return {n: [""] if n in self._carried else some if n in strict else every for n in self._dialect.names}

    @property
    def _text(self) -> Any:
        """The type of columns of text: as Arrow has them, they take half the time."""
        return extra("pandas", "tables").ArrowDtype(extra("pyarrow", "tables").string())

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

    def _glanced(self) -> tuple[Dialect, Survey]:
        """Return how the file is written; its lines are not looked at."""
        how = dialect(self._path, self._reading.encoding or encoding_of(self._path), self._reading, self.notes)
        if how.unnamed or len(self._reading.chosen(how.names, self._path)) < len(how.names):
            raise InputError("the parser sees long lines only where it reads all columns")
        if not single_bytes(self._path, how.encoding):
            raise InputError(f"{str(self._path)!r} has to be looked at line by line")
        return how, Survey(1, False)

    def _surveyed(self) -> tuple[Dialect, Survey]:
        """Return how the file is written, and what was seen of it."""
        encoding = self._reading.encoding or encoding_of(self._path)
        try:
            return self._survey(encoding)
        except NotThisEncoding as error:
            other = fallback(self._path, error, encoding)
            self.notes.add(
                f"line {error.line} is not UTF-8: the file is read as Windows-1252 (--encoding names another)"
            )
        try:
            return self._survey(other)
        except NotThisEncoding as error:
            return self._survey(fallback(self._path, error, other))

    def _survey(self, encoding: str) -> tuple[Dialect, Survey]:
        notes = Notes()
        try:
            how = dialect(self._path, encoding, self._reading, notes)
        except InputError:
            check_encoding(self._path, encoding)  # in another one its columns have other names
            raise
        seen = survey(self._path, how)
        if how.unnamed or len(self._reading.chosen(how.names, self._path)) < len(how.names):
            count_one_by_one(self._path, how, how.start)  # the parser sees long lines only where it reads all columns
        self.notes.adopt(notes)
        return how, seen

    def _chosen(self) -> list[str]:
        """Return the columns to read: without an empty one after the last, where all lines end in a separator."""
        how, reading = self._dialect, self._reading.merged()
        chosen = self._reading.chosen(how.names, self._path)
        if how.unnamed is None:
            return chosen
        asked = {*reading.only, *reading.text, *reading.dates, *reading.unchanged, *reading.numbers, *reading.no_text}
        others = [name for name in chosen if name != how.unnamed]
        if how.unnamed in chosen and others and how.unnamed not in asked and self._all_end():
            self.notes.add("each line ends in a separator: the empty column after it is left out")
            return others
        if how.unnamed in chosen and how.named:
            say_unnamed(len(how.names) - 1, how.unnamed, self.notes)
        return chosen

    def _all_end(self) -> bool:
        """Tell whether the last cell of each line is empty."""
        how = self._dialect
        return all(not cells[-1].strip() for _, cells in records(self._path, how, how.start))

    @contextmanager
    def _table(self) -> Iterator[IO[str]]:
        """Yield the file, opened where its first row begins."""
        with open_text(self._path, self._dialect.encoding) as stream:
            deque(islice(stream, self._dialect.start), maxlen=0)
            yield stream

    @contextmanager
    def _source(self) -> Iterator[tuple[Path | IO[str], int]]:
        """Yield what pandas can read the rows from, and how many lines to skip there.

        It is the path, since pandas parses only that with several threads; but a line above that opens a quote would
        have pandas skip more.
        """
        with open_text(self._path, self._dialect.encoding) as stream:
            above = list(islice(stream, self._dialect.start))
            odd = any(line.count('"') % 2 for line in above)
            yield (stream, 0) if odd else (self._path, len(above))

    @contextmanager
    def _pieces(self, columns: Sequence[str], text: Collection[str]) -> Iterator[Iterator[pandas.DataFrame]]:
        """Yield the pieces of some columns, as pandas reads them; some as Arrow text, which takes half the time."""
        how, pandas = self._dialect, extra("pandas", "tables")
        with (
            csv_errors(self._path, self._name_line),
            self._table() as stream,
            pandas.read_csv(
                stream,
                usecols=None if len(columns) == len(how.names) else list(columns),
                dtype=dict.fromkeys(text, self._text),
                low_memory=False,
                chunksize=self._rows,
                **self._options,
            ) as pieces,
        ):
            yield pieces

    # -- what columns hold -------------------------------------------------------------------------------------------

    def _decided(self) -> dict[str, Conversion]:
        """Return what each column holds; it is decided once."""
        if self._conversions:
            return self._conversions
        reading, before = self._reading, self._reading.before or Reading()
        texts = {*self._dialect.codes, *reading.text, *reading.dates, *before.text, *before.dates, *self._carried}
        forced = texts & {*self.columns}
        with self._pieces(self.columns, forced) as pieces:
            piece = next(pieces)
        self._plain = {name: piece[name].dtype for name in self.columns if piece[name].dtype.kind in "iufb"}
        self._look_for_codes(piece)
        decided = {name: self._decide(name, piece[name], 0) for name in self.columns}
        still_open = {name: one for name, one in decided.items() if isinstance(one, Open)}
        if len(piece) < self._rows:
            settled = {name: one.closed(name) for name, one in still_open.items()}
        else:
            settled = self._settled(still_open) if still_open else {}
        self._conversions = {name: one for name, one in decided.items() if not isinstance(one, Open)} | settled
        return self._conversions

    def _decide(self, name: str, column: pandas.Series, first: int) -> Conversion | Open:
        if name in self._codes:
            return Text(name)
        if name in self._carried - {*self._reading.text}:
            return carried(name, column)
        try:
            return decide(name, column, self._context)
        except Odd as odd:
            raise self._error(odd, first) from odd

    def _settled(self, undecided: dict[str, Open]) -> dict[str, Conversion]:
        """Return what those columns hold that the first piece does not decide."""
        settled: dict[str, Conversion] = {}
        first = self._rows
        with self._pieces(list(undecided), undecided) as pieces:
            for piece in islice(pieces, 1, None):
                for name in undecided.keys() - settled.keys():
                    decided = self._decide(name, piece[name], first)
                    if isinstance(decided, Open):
                        undecided[name] = undecided[name].joined(decided)
                    else:
                        settled[name] = decided
                first += len(piece)
                if len(settled) == len(undecided):
                    break
        return settled | {name: undecided[name].closed(name) for name in undecided.keys() - settled.keys()}

    def _converted(self, piece: pandas.DataFrame, first: int) -> pandas.DataFrame:
        """Return a piece whose columns are what they hold; `first` is the number of its first row."""
        for name in self.columns:
            column = piece[name]
            try:
                converted = self._conversions[name](column, self._context)
            except Odd as odd:
                raise self._error(odd, first) from odd
            if converted is not column:
                piece[name] = converted
        self._refuse_codes(self._shorter(piece))
        return piece

    def _shorter(self, piece: pandas.DataFrame) -> list[str]:
        """Return the columns of numbers with fewer digits than the first ones: codes with zeros in front, perhaps."""
        numbers = [name for name in self.columns if name in self._lengths and piece[name].dtype.kind in "iuf"]
        return [name for name in numbers if piece[name].min() < 10 ** (self._lengths[name] - 1)]

    def _look_for_codes(self, piece: pandas.DataFrame) -> None:
        """Find the columns of codes whose zeros come after the first lines, in the first piece."""
        if not (names := self._shorter(piece)):
            return
        with self._pieces(names, names) as pieces:
            texts = next(pieces)
        for name in names:
            if (padded := first_padded(texts[name], self._lengths[name])) is not None:
                self._codes.add(name)
                say_codes(name, padded[1], self.notes)

    def _refuse_codes(self, names: Sequence[str]) -> None:
        """Raise an error if columns that were taken for whole numbers hold codes with zeros in front."""
        if not names:
            return
        first = 0
        with self._pieces(names, names) as pieces:
            for piece in pieces:
                for name in names:
                    if (padded := first_padded(piece[name], self._lengths[name])) is not None:
                        remedy = self._context.remedy(name)
                        why = f"{padded[1]!r} has a zero in front, as codes have, and no cell before; {remedy}"
                        raise self._error(Odd(padded[0], name, why), first)
                first += len(piece)
        for name in names:
            del self._lengths[name]

    def _name_line(self) -> None:
        """Raise an error that names the first line with another number of cells, or the one where a quote is opened."""
        count_one_by_one(self._path, self._dialect, self._dialect.start)
        ((last, _),) = deque(records(self._path, self._dialect, self._dialect.start), maxlen=1)
        raise InputError(f"{str(self._path)!r}, line {last}: a quote is opened there, and not closed")

    def _error(self, odd: Odd, first: int) -> InputError:
        line = line_of(self._path, self._dialect, first + odd.row)
        return InputError(f"{str(self._path)!r}, line {line}, column {odd.column!r}: {odd.why}")


@contextmanager
def csv_errors(path: Path, name_line: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Turn the errors of pandas for a file that is not a regular table into an InputError that names the file.

    Parameters
    ----------
    path : Path
    name_line : callable
        Raises an error that says more, if it can.
    """
    errors = extra("pandas.errors", "tables")
    try:
        yield
    except errors.EmptyDataError as error:
        raise InputError(f"{str(path)!r} is empty") from error
    except errors.ParserError as error:
        name_line()
        raise InputError(
            f"{str(path)!r} is not a regular table: {error}; give all lines the same number of cells"
        ) from error
    except UnicodeError as error:
        raise InputError(
            f"{str(path)!r} is no text of the encoding that it seems to have ({error}): --encoding"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}") from error
