"""Tables of Python objects, as spreadsheets and JSON give them: their columns become numbers, dates and text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
        column = _texts(frame[name], name in reading.text, mark or ".")
        try:
            conversion = decide(name, column, context)
            done = conversion.closed(name) if isinstance(conversion, Open) else conversion
            columns[name] = done(column, context)
        except Odd as odd:
            raise InputError(f"{str(path)!r}, {where(odd.row)}, column {odd.column!r}: {odd.why}") from odd
        dates |= _format(done)
    return extra("pandas", "tables").DataFrame(columns), replace(reading, dates=dates)


def _format(conversion: Conversion) -> dict[str, str]:
    return {conversion.name: conversion.form} if isinstance(conversion, Dates) else {}


def _texts(column: pandas.Series, text: bool, mark: str) -> pandas.Series:
    """Return a column with a type of its own, or as text where its cells are of several kinds."""
    kind = extra("pandas.api.types", "tables").infer_dtype(column, skipna=True)
    if kind in PLAIN and not text:
        return column.infer_objects()

    def written(cell: object) -> str:
        return str(cell).replace(".", mark) if isinstance(cell, float) else str(cell)

    return column.map(written, na_action="ignore").astype(object)
