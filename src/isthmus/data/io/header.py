"""The first line of a table: the names of its columns, a row, or a title above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isclose
from statistics import median_low

from isthmus.data.io.distinct import MARKERS
from isthmus.data.io.reading import Notes, Reading
from isthmus.data.tables.dates import like_date
from isthmus.data.tables.numerals import like_number
from isthmus.support.errors import InputError, listed

LOOKED_AT = 200
"""Rows that the first line is compared with."""

RARELY = 0.1
"""Fraction of rows that may do what only a line of names is expected to do."""

YEARS = range(1900, 2101)


def default_names(n: int) -> list[str]:
    """Return the names of columns that have none."""
    return [f"column_{i}" for i in range(n)]


@dataclass(frozen=True)
class _Cell:
    """A cell of the first line, and those below it that are not missing."""

    text: str
    below: tuple[str, ...]

    @property
    def kind(self) -> str:
        return kind(self.text)

    @property
    def kind_below(self) -> str:
        """What most cells below are; "gap" if there are none."""
        kinds = [kind(text) for text in self.below]
        return next(
            (one for one in ("number", "date") if 2 * kinds.count(one) > len(kinds)), "text" if kinds else "gap"
        )


def kind(text: str) -> str:
    """Return what a cell looks like.

    Examples
    --------
    >>> [kind(text) for text in ("12.5 %", "31.05.2024", "n/a", "", "10.0.0.1")]
    ['number', 'date', 'gap', 'gap', 'text']
    """
    if not text or text.lower() in MARKERS:
        return "gap"
    return "number" if like_number(text) else "date" if like_date(text) else "text"


def names_columns(
    first: Sequence[str], rows: Sequence[Sequence[str]], reading: Reading, where: str, notes: Notes
) -> bool:
    """Tell whether the first line of a table names its columns; what can be doubted is said.

    Parameters
    ----------
    first : sequence of str
        Its cells.
    rows : sequence of sequences of str
        The lines below.
    reading : Reading
    where : str
        What the line is called in notes, such as ``"line 1"``.
    notes : Notes

    Raises
    ------
    InputError
        It can be the names or a row, and nothing decides which.
    """
    cells = [_Cell(text, _below(rows[:LOOKED_AT], at)) for at, text in enumerate(first)]
    if reading.header is not None or _mentions(first, reading):
        return reading.header is not False
    if (before := reading.merged().header) is not None:
        return before or _as_written(cells, where)
    doubt = _doubt(cells, rows[:LOOKED_AT])
    if doubt == "unclear":
        raise InputError(
            f"{where}, {listed(map(repr, first), 5)}, can be the names of the columns or a row: --header says that it "
            "names them, --no-header that it is a row"
        )
    if doubt == "row":
        called = "the column is called column_0" if len(first) == 1 else _called(len(first))
        notes.add(f"{where} is a row: {called} (--header if it names them)")
    if doubt == "names":
        notes.add(f"{where}, {listed(map(repr, first), 5)}, names the columns (--no-header if it is a row)")
    return doubt != "row"


def _called(n: int) -> str:
    return f"the columns are called column_0 to column_{n - 1}"


def _below(rows: Sequence[Sequence[str]], at: int) -> tuple[str, ...]:
    cells = (row[at].strip() for row in rows if at < len(row))
    return tuple(cell for cell in cells if kind(cell) != "gap")


def _mentions(first: Sequence[str], reading: Reading) -> bool:
    """Tell whether options or a model know a cell as the name of a column."""
    whole = reading.merged()
    known = (*whole.drop, *whole.only, *whole.text, *whole.dates, *reading.unchanged, *reading.numbers)
    return not {*first}.isdisjoint(known)


def _as_written(cells: Sequence[_Cell], where: str) -> bool:
    """Tell whether a line names columns of a table that had no names when a model learnt it.

    Raises
    ------
    InputError
        It does, by other names.
    """
    if [cell.text for cell in cells] == default_names(len(cells)):
        return True
    if not _valued(cells) and _over_values(cells):
        raise InputError(
            f"{where} seems to name the columns, but the rows before had no such line: --skip-rows leaves it out, "
            "--no-header reads it as a row"
        )
    return False


def _valued(cells: Sequence[_Cell]) -> list[_Cell]:
    return [cell for cell in cells if cell.kind in ("number", "date")]


def _over_values(cells: Sequence[_Cell]) -> bool:
    """Tell whether a text stands above numbers or dates."""
    return any(cell.kind == "text" and cell.kind_below in ("number", "date") for cell in cells)


def _doubt(cells: Sequence[_Cell], rows: Sequence[Sequence[str]]) -> str:
    """Return what the first line is: "names" and "row" if that is to be said, "unclear", or "" for usual names."""
    if _over_values(cells):
        return ""
    valued, texts = _valued(cells), [cell for cell in cells if cell.kind == "text"]
    again = sum(cell.text in cell.below for cell in texts)
    if not valued:
        return "row" if 2 * again > len(texts) else ""
    if again or len({cell.text for cell in valued}) < len(valued):
        return "row"
    if texts and 2 * sum(cell.kind_below not in (cell.kind, "gap") for cell in valued) > len(valued):
        return "names"
    return _of_numbers(cells, valued, rows, bool(texts))


def _of_numbers(cells: Sequence[_Cell], valued: Sequence[_Cell], rows: Sequence[Sequence[str]], texts: bool) -> str:
    """Return what a first line is of which many cells are numbers: names that rise as rows rarely do, or a row."""
    indices = [at for at, cell in enumerate(cells) if cell in valued]
    numbers = _numbers(cell.text for cell in valued)
    if numbers is None:
        return "row"
    if len(numbers) + texts > 1 and _are_years(numbers, valued):
        return "names"
    lines = [line for row in rows if (line := _numbers(row[at] for at in indices if at < len(row))) is not None]
    if _is_regular(numbers) and _rarely(map(_is_regular, lines)):
        return "names"
    rises = len(numbers) > 3 and _rises(numbers) and _rarely(map(_rises, lines))
    return "unclear" if rises else "row"


def _numbers(texts: Iterable[str]) -> list[float] | None:
    try:
        return [float(text) for text in texts]
    except ValueError:
        return None


def _rarely(answers: Iterable[bool]) -> bool:
    seen = [*answers]
    return sum(seen) <= RARELY * len(seen)


def _are_years(numbers: Sequence[float], valued: Sequence[_Cell]) -> bool:
    """Tell whether numbers are years, and those below them are none."""
    below = _numbers(text for cell in valued for text in cell.below)
    return below is not None and all(map(_is_year, numbers)) and _rarely(map(_is_year, below))


def _is_year(number: float) -> bool:
    return number in YEARS


def _rises(numbers: Sequence[float]) -> bool:
    return all(a < b for a, b in pairwise(numbers))


def _is_regular(numbers: Sequence[float]) -> bool:
    """Tell whether numbers count columns: they rise by equal steps; two of them are 0 and 1."""
    steps = [b - a for a, b in pairwise(numbers)]
    counted = len(numbers) > 2 or [*numbers] == [0, 1]
    return counted and steps[0] > 0 and all(isclose(step, steps[0], rel_tol=1e-6) for step in steps)


# -- titles ----------------------------------------------------------------------------------------------------------


def check_title(
    lines: Sequence[tuple[int, Sequence[str]]], reading: Reading, path: object, line: str, unit: str = "line"
) -> None:
    """Raise an error if the first lines are a title, padded with separators to the width of the table.

    Parameters
    ----------
    lines : sequence of (int, sequence of str)
        The number of each line, counted from 1, and its cells.
    reading : Reading
    path : object
        Of the file, for the message.
    line : str
        What the first line is called.
    unit : str, default "line"
        What a line of the file is called.

    Raises
    ------
    InputError
        The message names the line of the names, and the option.
    """
    at = 0 if reading.header is not None else _title([cells for _, cells in lines[:LOOKED_AT]])
    if at:
        number, names = lines[at]
        title = next(cell for cell in lines[0][1] if cell.strip())
        raise InputError(
            f"{str(path)!r}: {line}, {title!r}, seems to be a title, and {unit} {number} to name the columns, "
            f"{listed((repr(name) for name in names if name), 3)}: give --skip-rows {number - 1}, or --header if "
            f"{line} names them"
        )


def _title(records: Sequence[Sequence[str]]) -> int:
    """Return the number of records above the one with the names of the columns; 0 if the first seems to have them."""
    filled = [sum(bool(cell.strip()) for cell in cells) for cells in records]
    at = next((at for at, count in enumerate(filled) if count >= median_low(filled)), 0)
    if not at or not filled[0]:
        return 0
    alone = filled[0] == 1 and len(records[at]) > 2 and kind(next(filter(None, map(str.strip, records[0])))) == "text"
    below = [_Cell(text.strip(), _below(records[at + 1 :], index)) for index, text in enumerate(records[at])]
    return at if alone or (not _valued(below) and _over_values(below)) else 0
