"""Columns of text that are not text: what they hold is decided on the first rows, and then converted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from isthmus.data.io.dialect import say_codes
from isthmus.data.io.distinct import Distinct, chunks_of, texts_of
from isthmus.data.io.measures import Measured, is_unit, measured, unit_of
from isthmus.data.io.reading import Notes, Reading
from isthmus.data.io.units import NONE, Cell, cells_of_units, check_named, clash, doubtful, joined, unlike
from isthmus.data.tables.dates import ISO, candidates, disguised, parse, parse_chunks, written_as
from isthmus.data.tables.numerals import Bare, Numerals, bare, can_be_numbers, numerals
from isthmus.support.errors import InputError, extra, listed

if TYPE_CHECKING:
    import pandas

NEARLY_ALL = 0.9
"""Fraction of numbers or dates from which on other cells are an error."""

MAJORITY = 0.5
"""Fraction of numbers or dates from which on a column is not taken for text without a word."""

MEASURED = 20
"""Distinct numbers from which on a column holds measurements, not categories."""

DIGITS = 18
"""Digits of the longest whole number that is exact."""


class Odd(Exception):
    """A cell that does not fit its column: the row in the piece, and what is wrong."""

    def __init__(self, row: int, column: str, why: str) -> None:
        super().__init__(why)
        self.row, self.column, self.why = row, column, why


@dataclass(frozen=True)
class Open:
    """A column that the rows so far do not decide.

    Attributes
    ----------
    error : InputError or None
        What to raise if no other row decides it.
    markers : bool
        Whether it has markers of missing cells.
    gaps : bool
        Whether it has no text, as a model knows: if markers are all there is, they are gaps.
    kinds : frozenset of str, or None
        Arrow types that hold its texts without a loss, for a column that is carried along; None: it is not.
    """

    error: InputError | None = None
    markers: bool = False
    gaps: bool = False
    kinds: frozenset[str] | None = None

    def joined(self, other: Open) -> Open:
        """Return what is known after another piece."""
        kinds = None if self.kinds is None or other.kinds is None else self.kinds & other.kinds
        return Open(self.error or other.error, self.markers or other.markers, self.gaps or other.gaps, kinds)

    def closed(self, name: str) -> Conversion:
        """Return what the column holds if there is no other piece.

        Raises
        ------
        InputError
            It can be read in two ways.
        """
        if self.error is not None:
            raise self.error
        if self.kinds is not None:
            return Exact(name, *self.kinds) if self.kinds else Text(name)
        if self.markers:
            return Gaps(name) if self.gaps else Text(name)
        return AsRead(name)


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
        The unit of numbers, one of `units.UNITS`.
    form : str or None
        The format of dates.
    """

    decimal: str | None = None
    unit: str | None = None
    form: str | None = None


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

    def __init__(self, name: str, seen: Seen | None = None) -> None:
        self.name, self.seen = name, seen or Seen()

    def closed(self, name: str) -> Conversion:
        """Return itself: other pieces change nothing, as they do where a column is `Open`."""
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

    text = True

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
    """Truth values, and numbers that are not converted."""

    def __call__(self, column: pandas.Series, context: Context) -> pandas.Series:
        if _is_text(column):
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

    def __call__(self, column: pandas.Series, context: Context) -> pandas.Series:
        pandas = extra("pandas", "tables")
        if not _is_text(column):
            self._look_at(column, context)
            return column
        original = Distinct.of(column)
        one = measured(original, self.seen.unit)
        cells, taken = one.cells, bare(one.cells.texts)
        parsed = self._parsed(cells, taken, context)
        odd = ~parsed.known & ~cells.gaps
        if odd.any():
            row, text = cells.first(odd)
            raise Odd(
                row, self.name, f"{text!r} is no number, as all cells before are; {context.remedy(self.name, text)}"
            )
        _refuse_infinity(self.name, parsed.values[cells.codes], cells.codes >= 0)
        for cell in cells_of_units(original, taken, parsed, one.unit):
            self._meet(cell, context)
        _say_gaps(self.name, cells, "numbers", context.notes)
        _say_numbers(self.name, original, taken, parsed, self.seen, context.notes)
        values = cells.spread(np.where(cells.gaps, np.nan, parsed.values))
        if parsed.whole.all() and not np.isnan(values).any():
            return pandas.Series(values.astype(np.int64), index=column.index, name=column.name)
        return pandas.Series(values, index=column.index, name=column.name)

    def _look_at(self, column: pandas.Series, context: Context) -> None:
        """Look at a piece that pandas read as numbers."""
        if column.dtype.kind in "bO" and (present := column.notna().to_numpy()).any():
            row = int(np.argmax(present))
            raise Odd(row, self.name, f"{str(column.iloc[row])!r} is no number; {context.remedy(self.name)}")
        if column.dtype.kind == "f":
            _refuse_infinity(self.name, column.to_numpy())
        if self.seen.unit != NONE:
            nonzero = column.notna().to_numpy() & (column.to_numpy() != 0)
            row = int(np.argmax(nonzero))
            if nonzero.any():
                self._meet(Cell(NONE, row, str(column.iloc[row])), context)

    def _meet(self, cell: Cell, context: Context) -> None:
        """Compare the unit of a cell with that of those before, in this file and in earlier ones; remember it."""
        named, earlier = context.reading.units.get(self.name), context.reading.before or Reading()
        before = None if named else earlier.units.get(self.name)
        if (why := clash(self.seen.unit, cell, named)) is not None:
            raise Odd(cell.row, self.name, f"{why}; {context.remedy(self.name)}")
        if (why := unlike(self.name, before, cell.unit, f"{cell.text!r} is", earlier.origin)) is not None:
            raise Odd(cell.row, self.name, why)
        if (assumed := doubtful(self.name, before, cell, earlier.origin)) is not None:
            context.notes.add(assumed, about=("unit", self.name))
        self.seen.unit = joined(self.seen.unit or before, cell.unit)

    def _parsed(self, cells: Distinct, taken: Bare, context: Context) -> Numerals:
        if self.seen.decimal is not None:
            return numerals(taken.texts, self.seen.decimal)
        best = _mark(self.name, cells, taken, context)
        if best.doubt is not None:
            raise best.doubt
        self.seen.decimal = best.mark if best.parsed.marked else None
        return best.parsed


def _refuse_infinity(name: str, values: np.ndarray, present: np.ndarray | bool = True) -> None:
    """Raise an error if there is an infinite number."""
    infinite = np.isinf(values) & present
    if infinite.any():
        row = int(np.argmax(infinite))
        why = "put a finite number there, or leave the cell empty (--missing, with its text, takes it as a gap)"
        raise Odd(row, name, f"{values[row]} is no finite number: {why}")


class Dates(Conversion):
    """Dates of one format."""

    text, spaced = True, False

    def __init__(self, name: str, form: str) -> None:
        super().__init__(name, Seen(form=form))
        self.form = form

    def __call__(self, column: pandas.Series, context: Context) -> pandas.Series:
        pandas = extra("pandas", "tables")
        if (quick := parse_chunks(chunks_of(column), self.form)) is not None:
            return pandas.Series(quick, index=column.index, name=column.name, copy=False)
        cells = Distinct.of(column)
        dates = parse(cells.texts, self.form)
        odd = dates.isna().to_numpy() & ~cells.gaps
        if odd.any():
            row, text = cells.first(odd)
            raise Odd(
                row, self.name, f"{text!r} is no date of the format {self.form}; {context.remedy(self.name, text)}"
            )
        _say_gaps(self.name, cells, "dates", context.notes)
        every = pandas.concat([dates, pandas.Series([pandas.NaT], dtype=dates.dtype)], ignore_index=True)
        taken = every.iloc[cells.codes].set_axis(column.index)
        return taken.rename(column.name)


def recognised(conversions: Iterable[Conversion], reading: Reading) -> dict[str, Any]:
    """Return the formats of dates and the units of numbers of some columns, as fields of a `Reading`."""
    seen = {one.name: one.seen for one in conversions}
    units = {name: reading.units.get(name, column.unit) for name, column in seen.items()}
    return {
        "dates": {name: column.form for name, column in seen.items() if column.form is not None},
        "units": {name: unit for name, unit in units.items() if unit is not None},
    }


def decide(name: str, column: pandas.Series, context: Context) -> Conversion | Open:
    """Return what a column holds, from the rows of one piece.

    Raises
    ------
    Odd
        Nearly all cells are numbers or dates, but some are not; or a format that was named does not fit.
    """
    reading, before = context.reading, context.reading.before or Reading()
    check_named(name, reading)
    if name in (*reading.text, *(() if name in reading.numbers else before.text)):
        return Text(name)
    if name in reading.dates:
        return Dates(name, reading.dates[name])
    if column.isna().all():
        return Open()
    if _beyond_int64(column) and name not in reading.numbers:
        context.notes.add(f"column {name!r}: whole numbers of more than {DIGITS} digits are read as text")
        return Text(name)
    if not _is_text(column):
        bools = column.dtype.kind == "b" or column.dtype == object
        if bools or name in reading.unchanged:
            return AsRead(name)
        _say_disguised(name, column.to_numpy(np.float64, na_value=np.nan), context)
        return Numbers(name)
    if name in reading.unchanged:
        return Text(name)
    cells = Distinct.of(column)
    if cells.gaps.all():
        return Open(markers=True, gaps=name in (*reading.numbers, *reading.no_text))
    hint = before.dates.get(name)
    if hint is not None and _fit(cells, hint)[~cells.gaps].all():
        return Dates(name, hint)
    decided = _numbers(name, cells, context) or _dates(name, cells, context)
    if decided is None and hint is not None:
        row, text = cells.first(~_fit(cells, hint) & ~cells.gaps)
        why = f"is no date of the format {hint}, which the column had in {before.origin}"
        raise Odd(row, name, f"{text!r} {why}; {context.remedy(name, text)}")
    return decided or Text(name)


def _beyond_int64(column: pandas.Series) -> bool:
    """Tell whether pandas read whole numbers that an int64 cannot hold."""
    types = extra("pandas.api.types", "tables")
    return column.dtype.kind == "u" or bool(
        column.dtype == object and types.infer_dtype(column, skipna=True) == "integer"
    )


def _is_text(column: pandas.Series) -> bool:
    if column.dtype.kind in "biufcmM":
        return False
    types = extra("pandas.api.types", "tables")
    return bool(types.infer_dtype(column, skipna=True) == "string")


# -- numbers ---------------------------------------------------------------------------------------------------------


def _numbers(name: str, cells: Distinct, context: Context) -> Conversion | Open | None:
    """Return what a column is that holds numbers, more or less; None if most of its cells are none."""
    must, present = name in context.reading.numbers, max(1, cells.weight(~cells.gaps))
    cells = _alike(name, measured(cells), context)
    if not must and cells.weight(~cells.gaps & ~can_be_numbers(cells.texts)) >= (1 - MAJORITY) * present:
        return None
    taken = bare(cells.texts)
    best = _mark(name, cells, taken, context)
    parsed = best.parsed
    fraction = cells.weight(parsed.known & ~cells.gaps) / present
    if fraction <= MAJORITY and not must:
        return None
    if (code := _code(cells)) is not None and not must:
        say_codes(name, code, context.notes)
        return Text(name)
    if _too_long(cells, parsed) and not must:
        context.notes.add(f"column {name!r}: whole numbers of more than {DIGITS} digits are read as text")
        return Text(name)
    odd = ~parsed.known & ~cells.gaps
    if odd.any():
        distinct = len(np.unique(parsed.values[parsed.known]))
        if must or _stray(cells, odd, fraction, distinct):
            row, text = cells.first(odd)
            known = f"while {_percent(fraction)} of the cells are numbers"
            why = "in a column that a model knows as numbers" if must else known
            raise Odd(row, name, f"{text!r} is no number, {why}; {context.remedy(name, text)}")
        return _mixed(name, cells, odd, fraction, "numbers", context)
    if best.doubt is not None:
        return Open(best.doubt)
    _say_disguised(name, cells.spread(np.where(cells.gaps, np.nan, parsed.values)), context)
    return Numbers(name, Seen(best.mark if parsed.marked else None))


def _alike(name: str, one: Measured, context: Context) -> Distinct:
    """Return the cells of a column without its unit.

    Raises
    ------
    Odd
        Units are mixed.
    """
    if one.mixed:
        row, text = one.cells.first(_shows(one.cells, one.mixed[1]))
        why = f"{text!r} is in {one.mixed[1]}, but other cells are in {one.mixed[0]}: write all in one unit"
        raise Odd(row, name, f"{why}; {context.remedy(name)}")
    return one.cells


def _shows(cells: Distinct, unit: str | None) -> np.ndarray:
    """Return which texts show a physical unit."""
    if not is_unit(unit or ""):
        return np.zeros(len(cells.texts), dtype=bool)
    return np.array([unit_of(text) == unit for text in cells.texts.to_pylist()], dtype=bool)


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


def _mark(name: str, cells: Distinct, taken: Bare, context: Context) -> Marked:
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


def _code(cells: Distinct) -> str | None:
    """Return a code with zeros in front if all texts are digits of one length, three or more."""
    texts: list[str] = cells.some(~cells.gaps).to_pylist()
    same = len(set(map(len, texts))) == 1 and len(texts[0]) > 2 and all(t.isascii() and t.isdigit() for t in texts)
    return next((text for text in texts if same and text[0] == "0" and text.strip("0")), None)


def _too_long(cells: Distinct, parsed: Numerals) -> bool:
    """Tell whether there are whole numbers that a float or an int64 cannot hold exactly."""
    whole = parsed.whole & (np.abs(np.nan_to_num(parsed.values)) >= 10.0**DIGITS)
    return bool(whole.any())


def _stray(cells: Distinct, odd: np.ndarray, fraction: float, distinct: int) -> bool:
    """Tell whether cells that are no numbers are mistakes, not categories."""
    return fraction >= NEARLY_ALL or cells.weight(odd) == 1 or (odd.sum() == 1 and distinct >= MEASURED)


def _mixed(name: str, cells: Distinct, odd: np.ndarray, fraction: float, what: str, context: Context) -> Conversion:
    """Say that a column is text although most of its cells are not."""
    text = cells.first(odd)[1]
    gaps = f"--missing {_quoted(text)} takes such cells as gaps, " if odd.sum() == 1 else ""
    context.notes.add(
        f"column {name!r}: {_percent(fraction)} of the cells are {what}, others are not, such as {text!r}: read as "
        f"text ({gaps}--drop {_quoted(name)} leaves it out)"
    )
    return Text(name)


# -- dates -----------------------------------------------------------------------------------------------------------


def _dates(name: str, cells: Distinct, context: Context) -> Conversion | Open | None:
    """Return what a column is that holds dates, more or less; None if most of its cells are none."""
    formats = candidates(cells.some(~cells.gaps))
    if not formats:
        return None
    fits = {form: _fit(cells, form) & ~cells.gaps for form in formats}
    _refuse_impossible(name, cells, written_as(cells.texts, formats), np.any([*fits.values()], axis=0), context)
    best = max(formats, key=lambda form: cells.weight(fits[form]))
    fraction = cells.weight(fits[best]) / cells.weight(~cells.gaps)
    if fraction <= MAJORITY:
        return None
    odd = ~fits[best] & ~cells.gaps
    if odd.any():
        row, text = cells.first(odd)
        if _stray(cells, odd, fraction, int(fits[best].sum())):
            why = f"{_percent(fraction)} of the cells are dates of the format {best}"
            raise Odd(row, name, f"{text!r} is no date, while {why}; {context.remedy(name, text)}")
        return _mixed(name, cells, odd, fraction, f"dates of the format {best}", context)
    full = [form for form in formats if fits[form][~cells.gaps].all()]
    if len(full) > 1:
        options = " or ".join(f"--dates {_quoted(f'{name}={form}')}" for form in full)
        text = cells.first(~cells.gaps)[1]
        return Open(
            InputError(
                f"{context.path!r}, column {name!r}: dates such as {text!r} can be read in two ways: give {options}"
            )
        )
    context.notes.add(f"column {name!r}: dates, read as {'ISO 8601' if best == ISO else best}")
    return Dates(name, best)


def _refuse_impossible(name: str, cells: Distinct, written: np.ndarray, fits: np.ndarray, context: Context) -> None:
    """Raise an error if all cells are written as dates, but some days or times do not exist."""
    impossible = written & ~fits & ~cells.gaps
    if impossible.any() and (written | cells.gaps).all():
        row, text = cells.first(impossible)
        raise Odd(row, name, f"{text!r} is no date: there is no such day or time; {context.remedy(name, text)}")


def _fit(cells: Distinct, form: str) -> np.ndarray:
    return np.asarray(parse(cells.texts, form).notna())


# -- what is said ----------------------------------------------------------------------------------------------------


def _percent(fraction: float) -> str:
    """Return a fraction in words, never 100 % unless it is all."""
    return f"{min(99, round(100 * fraction)) if fraction < 1 else 100} %"


def _quoted(text: str) -> str:
    """Return a word as a shell takes it."""
    from shlex import quote

    return quote(text)


def remedy(name: str, text: str | None = None, needed: bool = False) -> str:
    """Return what helps where a cell does not fit its column: options, those that a column may have that is needed."""
    column = _quoted(name)
    gaps = "" if text is None else f"--missing {_quoted(text)} takes such cells as gaps"
    if needed:
        return f"correct {'it' if text is None else 'it, or '}{gaps}"
    return f"{gaps}{', ' if gaps else ''}--text {column} reads the column as text, --drop {column} leaves it out"


def _say_gaps(name: str, cells: Distinct, what: str, notes: Notes) -> None:
    if not cells.gaps.any():
        return
    fraction = cells.weight(~cells.gaps) / max(1, cells.weight(np.ones(len(cells.texts), bool)))
    markers = listed(map(repr, cells.some(cells.gaps).to_pylist()), 3)
    text = f"column {name!r}: {_percent(fraction)} of the cells are {what}, the others are {markers}: taken as gaps"
    notes.add(text, about=("gaps", name))


def _say_disguised(name: str, numbers: np.ndarray, context: Context) -> None:
    """Say that a column of numbers seems to hold dates, unless a model knows it as numbers."""
    if name in context.reading.numbers or (form := disguised(numbers, name)) is None:
        return
    number = f"{numbers[np.isfinite(numbers)][0]:.15g}"
    date = parse(extra("pyarrow", "tables").array([number]), form)[0]
    context.notes.add(
        f"column {name!r}: {number} may stand for the date {date}, but is read as a number: "
        f"--dates {_quoted(f'{name}={form}')} reads the column as dates",
        about=("disguised", name),
    )


def _say_numbers(name: str, cells: Distinct, taken: Bare, parsed: Numerals, seen: Seen, notes: Notes) -> None:
    """Say what was converted, with an example."""
    physical = _shows(cells, seen.unit)
    fraction = parsed.known & ~parsed.whole & ~parsed.grouped & ~taken.currency & ~taken.percent
    kinds: Sequence[tuple[str, np.ndarray]] = (
        (f"numbers in {seen.unit}", parsed.known & physical),
        ("percentages", taken.percent & parsed.known),
        ("numbers with a currency", taken.currency & parsed.known),
        ("thousands separators", parsed.grouped & ~taken.currency & ~taken.percent & ~physical),
        ("decimal comma", fraction & ~physical if seen.decimal == "," else np.zeros_like(fraction)),
    )
    for what, mask in kinds:
        if mask.any():
            row, text = cells.first(mask)
            value = f"{parsed.values[cells.codes[row]]:.15g}"
            about = what if what == "decimal comma" else (what, name)
            notes.add(f"column {name!r}: {what}, {text!r} is read as {value}", about=about)
