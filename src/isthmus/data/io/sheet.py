"""Spreadsheets: the tables of .xlsx files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from isthmus.data.io.dataset import Dataset
from isthmus.data.io.dialect import LOOKED_AT, named, units
from isthmus.data.io.header import check_title, default_names, names_columns
from isthmus.data.io.objects import converted
from isthmus.data.io.reading import Notes, Reading
from isthmus.data.io.tabular import split
from isthmus.support.errors import InputError, extra, unknown

if TYPE_CHECKING:
    import pandas


def read_sheet(
    path: Path, label: str | None = None, part: str | None = None, reading: Reading | None = None
) -> Dataset:
    """Read a sheet of an .xlsx file into a pandas DataFrame.

    Parameters
    ----------
    path : Path
    label : str or None
        The label column.
    part : str or None
        The name of the sheet; None: the first one.
    reading : Reading, optional
        How to read it.
    """
    reading, notes = (reading or Reading()).also([label]), Notes()
    if reading.encoding:
        raise InputError(f"encoding={reading.encoding!r} does not apply to {str(path)!r}: leave it out")
    cells = _cells(path, part, notes).iloc[reading.skip_rows :]
    filled = cells.notna()
    cells = cells.loc[filled.any(axis=1), filled.any(axis=0)]
    if not len(cells):
        raise InputError(f"{str(path)!r} holds no rows")
    names, rows, header = _headed(cells, reading, path, notes)
    head = _texts(rows)
    if (said := units(names, head)) is not None:
        notes.add(f"row {rows.index[0] + 1} holds units, and is no row of the table: {said}")
        rows = rows.iloc[1:]
    numbers = [number + 1 for number in rows.index]
    frame = rows.set_axis(list(names), axis=1).reset_index(drop=True)
    frame, done = converted(_without_missing(frame, reading), reading, path, lambda row: f"row {numbers[row]}", notes)
    return replace(split(frame, label, path), notes=tuple(notes), reading=replace(done, header=header))


def _headed(
    cells: pandas.DataFrame, reading: Reading, path: Path, notes: Notes
) -> tuple[tuple[str, ...], pandas.DataFrame, bool | None]:
    """Return the names of the columns, the rows, and whether the first row of the sheet names the columns."""
    lines, numbers = _texts(cells), [number + 1 for number in cells.index]
    where = f"row {numbers[0]}"
    check_title(list(zip(numbers, lines, strict=False)), reading, path, where, "row")
    try:
        if names_columns(lines[0], lines[1:], reading, where, notes):
            return named(lines[0], notes), cells.iloc[1:], reading.header
    except InputError as error:
        raise InputError(f"{str(path)!r}: {error}") from error
    return tuple(default_names(len(lines[0]))), cells, False


def _texts(rows: pandas.DataFrame) -> list[list[str]]:
    """Return the first rows as text."""
    return [[_text(cell) for cell in row] for row in rows.head(LOOKED_AT).to_numpy()]


def _cells(path: Path, part: str | None, notes: Notes) -> pandas.DataFrame:
    """Return the cells of a sheet as Python objects, with the numbers of their rows."""
    pandas = extra("pandas", "tables")
    extra("openpyxl", "tables")
    try:
        with pandas.ExcelFile(path, engine="openpyxl") as book:
            sheets = list(map(str, book.sheet_names))
            if part is not None and part not in sheets:
                raise InputError(f"{str(path)!r}: {unknown('sheet', part, sheets)}")
            if part is None and len(sheets) > 1:
                others = ", ".join(repr(f"{path.name}:{name}") for name in sheets[1:4])
                notes.add(f"the sheet {sheets[0]!r} is read, the first of {len(sheets)}; others are read as {others}")
            return pandas.read_excel(book, part or sheets[0], header=None, dtype=object)
    except (OSError, BadZipFile, KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot read {str(path)!r}: {error}") from error


def _text(cell: Any) -> str:
    return "" if cell is None or cell != cell else str(cell).strip()


def _without_missing(frame: pandas.DataFrame, reading: Reading) -> pandas.DataFrame:
    """Return the cells without those that stand for missing values in every column."""
    return frame.replace(dict.fromkeys(["?", *reading.gaps])) if reading.gaps else frame
