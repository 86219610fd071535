"""Conversions: what a column of text holds, and how its cells become that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from isthmus.data.io.distinct import Distinct, chunks_of, texts_of
from isthmus.data.io.measures import measured, shows
from isthmus.data.io.reading import Notes, Reading
from isthmus.data.io.unit_names import NONE, is_unit
from isthmus.data.io.units import (
    Cell,
    cells_of_units,
    check_numbers,
    clash,
    doubtful,
    joined,
    other_units,
    same,
    unlike,
)
from isthmus.data.tables.dates import ISO, parse, parse_chunks, with_offset
from isthmus.data.tables.numerals import Bare, Numerals, bare, negative, numerals
from isthmus.support.errors import InputError, extra, listed

if TYPE_CHECKING:
    import pandas

EXACT_DIGITS = 18
"""Digits of the longest whole number that is exact."""


MAX_INT64 = 2**63 - 1


TOO_LONG = "is too long for a whole number, and as a fraction it would be another one"


INFINITE = "is no finite number: put one there, or leave the cell empty (--missing, with its text, takes it as a gap)"
"""What is said of a cell that is infinite, or larger than any float."""


class Odd(Exception):
    """A cell that does not fit its column: the row in the piece, and what is wrong."""

    def __init__(self, row: int, column: str, why: str) -> None:
        super().__init__(why)
        self.row, self.column, self.why = row, column, why


@dataclass(frozen=True)
class Context:
    """What is known of a table beside the cells of a column.

    Attributes
    ----------
    reading : Reading
    path : str
    mark : str or None
        The decimal mark where the texts of a column do not tell.
    notes : Notes
    """

    reading: Reading
    path: str
    mark: str | None = None
    notes: Notes = field(default_factory=Notes)

    def remedy(self, name: str, text: str | None = None) -> str:
        """Return what helps where a cell does not fit a column; a model may need this as it was."""
        return remedy(name, text, name in (*self.reading.numbers, *self.reading.no_text))


@dataclass
class Seen:
    """What the cells of a column show, piece after piece; None: nothing so far.

    Attributes
    ----------
    decimal : str or None
        The decimal mark of numbers.
    unit : str or None
        The unit of numbers, one of `unit_names.UNITS` or a physical one.
    signs : set of str
        All units that numbers show.
    form : str or None
        The format of dates.
    zoned : bool or None
        Whether dates name their offset from UTC.
    """

    decimal: str | None = None
    unit: str | None = None
    signs: set[str] = field(default_factory=set)
    form: str | None = None
    zoned: bool | None = None


class Conversion(ABC):
    """What a column holds, and how its cells become that.

    Parameters
    ----------
    name : str
    seen : Seen, optional
        What its cells showed; it grows with each piece.
    """

    text: ClassVar[bool] = False
    """Whether pandas is to read the column as text, whatever it looks like."""
    spaced: ClassVar[bool] = True
    """Whether cells may begin with spaces, without an error."""

    numeric: bool = False
    """Whether cells are numbers, or can be: there is no other."""

    def __init__(self, name: str, seen: Seen | None = None) -> None:
        self.name, self.seen = name, seen or Seen()

    def closed(self, name: str) -> Conversion:
        """Return itself, as a column that is decided; one that is `Open` is decided here."""
        return self

    @abstractmethod
    def __call__(self, column: pandas.Series, context: Context) -> pandas.Series:
        """Return the cells of a piece.

        Raises
        ------
        Odd
            A cell is of another kind.
        """


class Text(Conversion):
    """Text stays text."""

    text = True

    def __call__(self, column: pandas.Series, context: Context) -> pandas.Series:
        return column.astype(extra("pandas", "tables").Series(["text"]).dtype)


class Gaps(Conversion):
    """Markers of missing cells, and nothing else."""

    text, numeric = True, True

    def __call__(self, column: pandas.Series, context: Context) -> pandas.Series:
        cells = Distinct.of(column)
        markers = listed(map(repr, cells.some(cells.gaps).to_pylist()), 3)
        context.notes.add(f"column {self.name!r}: all cells are {markers}: taken as gaps", about=("gaps", self.name))
        return extra("pandas", "tables").Series(np.nan, index=column.index, name=column.name)


class Exact(Conversion):
    """Cells whose text comes back from their type, an Arrow one."""

    text = True

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name)
        self.kind = kind

    def __call__(self, column: pandas.Series, context: Context) -> pandas.Series:
        done = texts_of(column).cast(self.kind).to_pandas()
        return extra("pandas", "tables").Series(done.to_numpy(), index=column.index, name=column.name)


class AsRead(Conversion):
    """Truth values, numbers that are not converted, and columns without a cell."""

    def __init__(self, name: str, empty: bool = False) -> None:
        super().__init__(name)
        self.numeric = empty

    def __call__(self, column: pandas.Series, context: Context) -> pandas.Series:
        if is_text(column):
            cells = Distinct.of(column)
            plain = np.array([text.lower() in ("true", "false") for text in cells.texts.to_pylist()], dtype=bool)
            row, text = cells.first(~plain)
            raise Odd(
                row,
                self.name,
                f"{text!r} stands where all rows before have none of its kind; {context.remedy(self.name)}",
            )
        return column


class Numbers(Conversion):
    """Numbers, as pandas reads them or as people write them."""

    numeric = True

    def __call__(self, column: pandas.Series, context: Context) -> pandas.Series:
        pandas = extra("pandas", "tables")
        if not is_text(column):
            self._look_at(column, context)
            return column
        original = Distinct.of(column)
        one = measured(original, next(filter(is_unit, self.seen.signs), self.seen.unit))
        cells, taken = one.cells, bare(one.cells.texts)
        parsed = self._parsed(cells, taken, context)
        odd = ~parsed.known & ~cells.gaps
        if odd.any():
            row, text = cells.first(odd)
            raise Odd(
                row, self.name, f"{text!r} is no number, as all cells before are; {context.remedy(self.name, text)}"
            )
        self._refuse(original, np.isinf(parsed.values), INFINITE)
        if self.name not in context.reading.numbers:
            self._refuse(original, too_long(parsed), f"{TOO_LONG}: {context.remedy(self.name)}")
        for cell in cells_of_units(original, taken, parsed, one.unit):
            self._meet(cell, context)
        _say_gaps(self.name, cells, "numbers", context.notes)
        _say_numbers(self.name, original, taken, parsed, self.seen, context.notes)
        values = cells.spread(np.where(cells.gaps, np.nan, parsed.values))
        if parsed.whole.all() and not np.isnan(values).any() and not too_long(parsed).any():
            return pandas.Series(values.astype(np.int64), index=column.index, name=column.name)
        return pandas.Series(values, index=column.index, name=column.name)

    def _look_at(self, column: pandas.Series, context: Context) -> None:
        """Look at a piece that pandas read as numbers."""
        if beyond_int64(column) and self.name not in context.reading.numbers:
            row = int(np.argmax([abs(cell) > MAX_INT64 for cell in column.fillna(0).tolist()]))
            raise Odd(row, self.name, f"{str(column.iloc[row])!r} {TOO_LONG}; {context.remedy(self.name)}")
        if column.dtype.kind in "bO" and not beyond_int64(column) and (present := column.notna().to_numpy()).any():
            row = int(np.argmax(present))
            raise Odd(row, self.name, f"{str(column.iloc[row])!r} is no number; {context.remedy(self.name)}")
        if column.dtype.kind == "f" and (infinite := np.isinf(column.to_numpy())).any():
            raise Odd(int(np.argmax(infinite)), self.name, f"the cell {INFINITE}")
        if self.seen.unit != NONE:
            nonzero = column.notna().to_numpy() & (column.to_numpy() != 0)
            row = int(np.argmax(nonzero))
            if nonzero.any():
                self._meet(Cell(NONE, row, str(column.iloc[row])), context)

    def _refuse(self, cells: Distinct, odd: np.ndarray, why: str) -> None:
        if odd.any() and cells.weight(odd):
            row, text = cells.first(odd)
            raise Odd(row, self.name, f"{text!r} {why}")

    def _meet(self, cell: Cell, context: Context) -> None:
        """Compare the unit of a cell with that of those before, in this file and in earlier ones; remember it."""
        earlier = context.reading.before or Reading()
        self.seen.signs.add(cell.unit)
        if self.name in context.reading.units:
            return
        before = earlier.units.get(self.name)
        if before is not None and any(same(cell.unit, one) for one in earlier.signs.get(self.name, ())):
            self.seen.unit = before
            return
        written = self.seen.unit if self.seen.unit in self.seen.signs else None
        if (why := clash(self.name, written, cell)) is not None:
            raise Odd(cell.row, self.name, f"{why}; {context.remedy(self.name)}")
        if (why := unlike(self.name, before, cell.unit, f"{cell.text!r} is", earlier.origin)) is not None:
            raise Odd(cell.row, self.name, why)
        if (assumed := doubtful(self.name, before, cell, earlier.origin)) is not None:
            context.notes.add(assumed, about=("unit", self.name))
        self.seen.unit = joined(self.seen.unit or before, cell.unit)

    def _parsed(self, cells: Distinct, taken: Bare, context: Context) -> Numerals:
        if self.seen.decimal is not None:
            return numerals(taken.texts, self.seen.decimal)
        best = mark_of(self.name, cells, taken, context)
        if best.doubt is not None:
            raise best.doubt
        self.seen.decimal = best.mark if best.parsed.marked else None
        return best.parsed


class Dates(Conversion):
    """Dates of one format."""

    text, spaced = True, False

    def __init__(self, name: str, form: str) -> None:
        super().__init__(name, Seen(form=form))
        self.form = form

    def __call__(self, column: pandas.Series, context: Context) -> pandas.Series:
        pandas = extra("pandas", "tables")
        if (quick := parse_chunks(chunks_of(column), self.form)) is not None:
            self._meet(~np.isnat(quick), False, column, context)
            return pandas.Series(quick, index=column.index, name=column.name, copy=False)
        cells = Distinct.of(column)
        dates = parse(cells.texts, self.form)
        odd = dates.isna().to_numpy() & ~cells.gaps
        if odd.any():
            row, text = cells.first(odd)
            raise Odd(
                row, self.name, f"{text!r} is no date of the format {self.form}; {context.remedy(self.name, text)}"
            )
        if self.form == ISO:
            zoned, masks = with_offset(cells.texts), dict[bool, np.ndarray]()
            for has, some in ((True, zoned), (False, ~zoned)):
                masks[has] = (some & ~cells.gaps)[cells.codes] & (cells.codes >= 0)
            for has in sorted(masks, key=lambda one: int(np.argmax(masks[one]))):
                self._meet(masks[has], has, column, context)
        _say_gaps(self.name, cells, "dates", context.notes)
        every = pandas.concat([dates, pandas.Series([pandas.NaT], dtype=dates.dtype)], ignore_index=True)
        taken = every.iloc[cells.codes].set_axis(column.index)
        return taken.rename(column.name)

    def _meet(self, rows: np.ndarray, zoned: bool, column: pandas.Series, context: Context) -> None:
        """Compare some rows, whose dates name their offset from UTC or do not, with those before; remember it."""
        if not rows.any():
            return
        if self.seen.zoned not in (None, zoned):
            row = int(np.argmax(rows))
            has, before = ("an", "without one") if zoned else ("no", "with one")
            why = (
                f"{str(column.iloc[row])!r} has {has} offset from UTC, while dates before are {before}: write all alike"
            )
            raise Odd(row, self.name, f"{why}; {context.remedy(self.name)}")
        self.seen.zoned = zoned


def recognised(path: object, conversions: Collection[Conversion], reading: Reading) -> dict[str, Any]:
    """Return the formats of dates and the units of numbers of some columns, as fields of a `Reading`.

    Raises
    ------
    InputError
        A unit is named for a column that holds no numbers.
    """
    check_numbers(path, reading, [one.name for one in conversions if one.numeric])
    seen = {one.name: one.seen for one in conversions}
    units = {name: reading.units.get(name, column.unit) for name, column in seen.items()}
    return {
        "dates": {name: column.form for name, column in seen.items() if column.form is not None},
        "units": {name: unit for name, unit in units.items() if unit is not None},
        "signs": other_units(reading, {name: column.signs for name, column in seen.items()}),
    }


def beyond_int64(column: pandas.Series) -> bool:
    """Tell whether pandas read whole numbers that an int64 cannot hold."""
    types = extra("pandas.api.types", "tables")
    return column.dtype.kind == "u" or bool(
        column.dtype == object and types.infer_dtype(column, skipna=True) == "integer"
    )


def is_text(column: pandas.Series) -> bool:
    """Tell whether pandas read a column as text."""
    if column.dtype.kind in "biufcmM":
        return False
    types = extra("pandas.api.types", "tables")
    return bool(types.infer_dtype(column, skipna=True) == "string")


@dataclass(frozen=True)
class Marked:
    """The decimal mark of a column, and its texts as numbers.

    Attributes
    ----------
    mark : str
    parsed : Numerals
    doubt : InputError or None
        What to raise if nothing else tells the mark: another one fits as well.
    """

    mark: str
    parsed: Numerals
    doubt: InputError | None = None


def mark_of(name: str, cells: Distinct, taken: Bare, context: Context) -> Marked:
    """Return the decimal mark that fits a column best."""
    marks = [context.reading.decimal] if context.reading.decimal else [".", ","]
    parsed = {mark: numerals(taken.texts, mark) for mark in marks}
    weights = {mark: cells.weight(parsed[mark].known & ~cells.gaps) for mark in marks}
    best = max(marks, key=lambda mark: weights[mark])
    fits = [mark for mark in marks if weights[mark] == weights[best]]
    if len(fits) == 1 or np.array_equal(parsed["."].values, parsed[","].values, equal_nan=True):
        return Marked(best, parsed[best])
    if context.mark is not None:
        return Marked(context.mark, parsed[context.mark])
    row, text = cells.first(parsed["."].values != parsed[","].values)
    point, comma = (f"{parsed[mark].values[cells.codes[row]]:.10g}" for mark in ".,")
    error = InputError(
        f"{context.path!r}, column {name!r}: {text!r} can be {point} or {comma}: give --decimal . or --decimal ,"
    )
    return Marked(best, parsed[best], error)


def too_long(parsed: Numerals) -> np.ndarray:
    """Tell which are whole numbers that a float or an int64 cannot hold exactly."""
    return np.asarray(parsed.whole & (np.abs(np.nan_to_num(parsed.values)) >= 10.0**EXACT_DIGITS))


def percent(fraction: float) -> str:
    """Return a fraction in words, never 100 % unless it is all."""
    return f"{min(99, round(100 * fraction)) if fraction < 1 else 100} %"


def remedy(name: str, text: str | None = None, needed: bool = False) -> str:
    """Return what helps where a cell does not fit its column: options, those that a column may have that is needed."""
    column = quote(name)
    gaps = "" if text is None else f"--missing {quote(text)} takes such cells as gaps"
    if needed:
        return f"correct {'it' if text is None else 'it, or '}{gaps}"
    return f"{gaps}{', ' if gaps else ''}--text {column} reads the column as text, --drop {column} leaves it out"


def _say_gaps(name: str, cells: Distinct, what: str, notes: Notes) -> None:
    if not cells.gaps.any():
        return
    fraction = cells.weight(~cells.gaps) / max(1, cells.weight(np.ones(len(cells.texts), bool)))
    markers = listed(map(repr, cells.some(cells.gaps).to_pylist()), 3)
    numbers = f"{percent(fraction)} of the cells are {what}, the others are {markers}: taken as gaps"
    text = f"column {name!r}: {numbers if fraction else f'cells {markers}: taken as gaps'}"  # of the first such piece
    notes.add(text, about=("gaps", name))


def _say_numbers(name: str, cells: Distinct, taken: Bare, parsed: Numerals, seen: Seen, notes: Notes) -> None:
    """Say what was converted, with an example."""
    physical = shows(cells, seen.unit)
    fraction = parsed.known & ~parsed.whole & ~parsed.grouped & ~taken.currency & ~taken.percent
    kinds: Sequence[tuple[str, np.ndarray]] = (
        (f"numbers in {seen.unit}", parsed.known & physical),
        ("percentages", taken.percent & parsed.known),
        ("numbers with a currency", taken.currency & parsed.known),
        ("negative numbers", parsed.known & negative(cells.texts) & ~taken.currency & ~taken.percent),
        ("thousands separators", parsed.grouped & ~taken.currency & ~taken.percent & ~physical),
        ("decimal comma", fraction & ~physical if seen.decimal == "," else np.zeros_like(fraction)),
    )
    for what, mask in kinds:
        if mask.any():
            row, text = cells.first(mask)
            value = f"{parsed.values[cells.codes[row]]:.15g}"
            about = what if what == "decimal comma" else (what, name)
            notes.add(f"column {name!r}: {what}, {text!r} is read as {value}", about=about)
