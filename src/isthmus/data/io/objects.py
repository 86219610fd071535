"""Tables of Python objects, as spreadsheets and JSON give them: their columns become numbers, dates and text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.data.io.conversions import Context, Conversion, Odd, recognised
from isthmus.data.io.decide import decide
from isthmus.data.io.reading import Notes, Reading
from isthmus.data.tables.numerals import number_of
from isthmus.support.errors import InputError, extra

if TYPE_CHECKING:
    import pandas

PLAIN = ("boolean", "integer", "floating", "mixed-integer-float", "datetime", "datetime64", "date", "decimal", "empty")
"""What cells are called by pandas where they need no conversion."""


def converted(
    frame: pandas.DataFrame, reading: Reading, path: Path, where: Callable[[int], str], notes: Notes
) -> tuple[pandas.DataFrame, Reading]:
    """Return a table whose columns are what they hold, and how it was read.

    Parameters
    ----------
    frame : DataFrame
        Of Python objects.
    reading : Reading
    path : Path
        For messages.
    where : callable
        Says for the number of a row where it stands in the file.
    notes : Notes
        Gets what was converted.

    Raises
    ------
    InputError
        A cell does not fit its column.
    """
    mark = reading.decimal or (reading.before.decimal if reading.before else None)
    context, columns = Context(reading, str(path), mark, notes), {}
    conversions: list[Conversion] = []
    for name in reading.chosen(frame.columns, path):
        cells = frame[name] if name in reading.unchanged else _without(frame[name], reading.gaps)
        plain = name not in (*reading.text, *_counts(cells, name, reading)) and _kind(cells) in PLAIN
        try:
            first = cells.infer_objects() if plain else _texts(cells, _unmistakable)
            done = decide(name, first, context).closed(name)
            written = partial(_written, mark=done.seen.decimal or ".")
            columns[name] = done(cells.infer_objects() if plain else _texts(cells, written), context)
        except Odd as odd:
            cell = cells.iloc[odd.row]
            why = odd.why.replace(repr(_unmistakable(cell)), repr(str(cell)))
            raise InputError(f"{str(path)!r}, {where(odd.row)}, column {odd.column!r}: {why}") from odd
        conversions.append(done)
    return extra("pandas", "tables").DataFrame(columns), replace(reading, **recognised(path, conversions, reading))


def _without(column: pandas.Series, gaps: Sequence[str]) -> pandas.Series:
    """Return a column whose numbers are missing where texts that stand for gaps are these numbers."""
    numbers = [number for gap in gaps if (number := number_of(gap)) is not None]
    return column.mask(column.isin(numbers)) if numbers and _kind(column) != "boolean" else column


def _counts(column: pandas.Series, name: str, reading: Reading) -> tuple[str, ...]:
    """Return the name of a column of numbers that are dates, as options or the rows before say; else nothing."""
    dates = reading.merged().dates
    return (name,) if name in dates and _kind(column) in ("integer", "floating", "mixed-integer-float") else ()


def _kind(column: pandas.Series) -> str:
    """Return what pandas calls the cells of a column."""
    return str(extra("pandas.api.types", "tables").infer_dtype(column, skipna=True))


def _texts(column: pandas.Series, written: Callable[[object], str]) -> pandas.Series:
    """Return a column with cells of several kinds as text."""
    return column.map(written, na_action="ignore").astype(object)


def _unmistakable(cell: object) -> str:
    """Return a cell as text; a fraction without a decimal mark, so that it is the same number under each."""
    if not isinstance(cell, float) or not isfinite(cell):
        return str(cell)
    sign, digits, exponent = Decimal(repr(float(cell))).as_tuple()
    return f"{'-' * sign}{''.join(map(str, digits))}e{exponent}"


def _written(cell: object, mark: str) -> str:
    return str(cell).replace(".", mark) if isinstance(cell, float) else str(cell)
