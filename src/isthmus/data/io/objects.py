"""Tables of Python objects, as spreadsheets and JSON give them: their columns become numbers, dates and text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.data.io.convert import Context, Conversion, Dates, Odd, Open, decide
from isthmus.data.io.reading import Notes, Reading
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
    dates: dict[str, str] = {}
    for name in reading.chosen(frame.columns, path):
        cells = frame[name]
        plain = name not in reading.text and _kind(cells) in PLAIN
        try:
            conversion = decide(name, cells.infer_objects() if plain else _texts(cells, _unmistakable), context)
            done = conversion.closed(name) if isinstance(conversion, Open) else conversion
            written = partial(_written, mark=done.decimal or ".")
            columns[name] = done(cells.infer_objects() if plain else _texts(cells, written), context)
        except Odd as odd:
            cell = cells.iloc[odd.row]
            why = odd.why.replace(repr(_unmistakable(cell)), repr(str(cell)))
            raise InputError(f"{str(path)!r}, {where(odd.row)}, column {odd.column!r}: {why}") from odd
        dates |= _format(done)
    return extra("pandas", "tables").DataFrame(columns), replace(reading, dates=dates)


def _format(conversion: Conversion) -> dict[str, str]:
    return {conversion.name: conversion.form} if isinstance(conversion, Dates) else {}


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
