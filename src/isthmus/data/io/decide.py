"""What a column of text holds is decided on its first rows."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from isthmus.data.io.conversions import (
    EXACT_DIGITS,
    AsRead,
    Context,
    Conversion,
    Dates,
    Exact,
    Gaps,
    Numbers,
    Odd,
    Seen,
    Text,
    beyond_int64,
    is_text,
    mark_of,
    percent,
    too_long,
)
from isthmus.data.io.dialect import say_codes
from isthmus.data.io.distinct import Distinct
from isthmus.data.io.measures import Measured, measured, shows
from isthmus.data.io.reading import Reading
from isthmus.data.io.units import check_named
from isthmus.data.tables.dates import ISO, candidates, disguised, parse, written_as
from isthmus.data.tables.numerals import Bare, bare, can_be_numbers, negative
from isthmus.support.errors import InputError, extra

if TYPE_CHECKING:
    import pandas

NEARLY_ALL = 0.9
"""Fraction of numbers or dates from which on other cells are an error."""


MAJORITY = 0.5
"""Fraction of numbers or dates from which on a column is not taken for text without a word."""


MEASURED = 20
"""Distinct numbers from which on a column holds measurements, not categories."""


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
        """Return what the column holds if no piece follows.

        Raises
        ------
        InputError
            Its cells can be read in two ways, and none of them decides which.
        """
        if self.error is not None:
            raise self.error
        if self.kinds is not None:
            return Exact(name, *self.kinds) if self.kinds else Text(name)
        if self.markers:
            return Gaps(name) if self.gaps else Text(name)
        return AsRead(name, empty=True)


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
    if beyond_int64(column) and name not in reading.numbers:
        context.notes.add(f"column {name!r}: whole numbers of more than {EXACT_DIGITS} digits are read as text")
        return Text(name)
    if not is_text(column):
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


# -- numbers ---------------------------------------------------------------------------------------------------------


def _numbers(name: str, cells: Distinct, context: Context) -> Conversion | Open | None:
    """Return what a column is that holds numbers, more or less; None if most of its cells are none."""
    must, present = name in context.reading.numbers, max(1, cells.weight(~cells.gaps))
    cells = _alike(name, measured(cells), context)
    if not must and cells.weight(~cells.gaps & ~can_be_numbers(cells.texts)) >= (1 - MAJORITY) * present:
        return None
    taken = bare(cells.texts)
    if not must and _all_bracketed(cells, taken):
        return None
    best = mark_of(name, cells, taken, context)
    parsed = best.parsed
    fraction = cells.weight(parsed.known & ~cells.gaps) / present
    if fraction <= MAJORITY and not must:
        return None
    if (code := _code(cells)) is not None and not must:
        say_codes(name, code, context.notes)
        return Text(name)
    if too_long(parsed).any() and not must:
        context.notes.add(f"column {name!r}: whole numbers of more than {EXACT_DIGITS} digits are read as text")
        return Text(name)
    odd = ~parsed.known & ~cells.gaps
    if odd.any():
        distinct = len(np.unique(parsed.values[parsed.known]))
        if must or _stray(cells, odd, fraction, distinct):
            row, text = cells.first(odd)
            known = f"while {percent(fraction)} of the cells are numbers"
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
        row, text = one.cells.first(shows(one.cells, one.mixed[1]))
        why = f"{text!r} is in {one.mixed[1]}, but other cells are in {one.mixed[0]}: write all in one unit"
        raise Odd(row, name, f"{why}; {context.remedy(name)}")
    return one.cells


def _all_bracketed(cells: Distinct, taken: Bare) -> bool:
    """Tell whether all cells are numbers in brackets: years, notes or the like, not negative amounts among others."""
    return bool((negative(cells.texts) & ~taken.currency & ~taken.percent)[~cells.gaps].all())


def _code(cells: Distinct) -> str | None:
    """Return a code with zeros in front if all texts are digits of one length, three or more."""
    texts: list[str] = cells.some(~cells.gaps).to_pylist()
    same = len(set(map(len, texts))) == 1 and len(texts[0]) > 2 and all(t.isascii() and t.isdigit() for t in texts)
    return next((text for text in texts if same and text[0] == "0" and text.strip("0")), None)


def _stray(cells: Distinct, odd: np.ndarray, fraction: float, distinct: int) -> bool:
    """Tell whether cells that are no numbers are mistakes, not categories."""
    return fraction >= NEARLY_ALL or cells.weight(odd) == 1 or (odd.sum() == 1 and distinct >= MEASURED)


def _mixed(name: str, cells: Distinct, odd: np.ndarray, fraction: float, what: str, context: Context) -> Conversion:
    """Say that a column is text although most of its cells are not."""
    text = cells.first(odd)[1]
    gaps = f"--missing {quote(text)} takes such cells as gaps, " if odd.sum() == 1 else ""
    context.notes.add(
        f"column {name!r}: {percent(fraction)} of the cells are {what}, others are not, such as {text!r}: read as "
        f"text ({gaps}--drop {quote(name)} leaves it out)"
    )
    return Text(name)


def _say_disguised(name: str, numbers: np.ndarray, context: Context) -> None:
    """Say that a column of numbers seems to hold dates, unless a model knows it as numbers."""
    if name in context.reading.numbers or (form := disguised(numbers, name)) is None:
        return
    number = f"{numbers[np.isfinite(numbers)][0]:.15g}"
    date = parse(extra("pyarrow", "tables").array([number]), form)[0]
    context.notes.add(
        f"column {name!r}: {number} may stand for the date {date}, but is read as a number: "
        f"--dates {quote(f'{name}={form}')} reads the column as dates",
        about=("disguised", name),
    )


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
            why = f"{percent(fraction)} of the cells are dates of the format {best}"
            raise Odd(row, name, f"{text!r} is no date, while {why}; {context.remedy(name, text)}")
        return _mixed(name, cells, odd, fraction, f"dates of the format {best}", context)
    full = [form for form in formats if fits[form][~cells.gaps].all()]
    if len(full) > 1:
        options = " or ".join(f"--dates {quote(f'{name}={form}')}" for form in full)
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
