"""Columns of text cells: as categories, as numbers whose text is told by their value, or as they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

MAX_CATEGORIES, REPEATED = 1024, 8
"""Different cells of a column of categories, and how often each comes at least, on the mean."""
LONGEST = 18
"""Digits of a whole number."""
SEEN = 1000
"""Cells that tell how many digits there are behind the point."""
MOSTLY = 0.9
"""Fraction of the cells of a column of numbers that are such."""

TIME = re.compile(r"\d{4}-\d\d-\d\d(?:([ T])(\d\d:\d\d)(:\d\d)?(\.\d{3}|\.\d{6}|\.\d{9})?(Z)?)?")
UNITS = ("D", "m", "s", "ms", "us", "ns")
"""Of times."""


class Column(NamedTuple):
    """A column of cells.

    Attributes
    ----------
    kind : {"categories", "times", "integers", "floats", "text"}
    values : ndarray
        int64 indices in `words`, or numbers; with the one before where the cell is no such number.
    words : list of str
        The categories in order, or the cells that are no numbers, or all cells.
    others : int64 ndarray
        The rows of cells that are no numbers.
    decimals : int, default 0
        Digits behind the point, which whole numbers are written with: 1250 and two of them are 12.50.
    form : str, default ""
        Of times: their unit, a space, what stands between date and time, and what ends them.
    """

    kind: str
    values: np.ndarray
    words: list[str]
    others: np.ndarray
    decimals: int = 0
    form: str = ""


NONE = np.zeros(0, np.int64)


def column_of(cells: Sequence[str]) -> Column:
    """Return a column of cells in the form that says the most of it."""
    different = set(cells)
    if len(different) <= MAX_CATEGORIES and len(different) * REPEATED <= len(cells):
        words = sorted(different, key=_in_order)
        indices = {word: index for index, word in enumerate(words)}
        return Column("categories", np.array([indices[cell] for cell in cells], np.int64), words, NONE)
    return times_of(cells) or numbers_of(cells) or Column("text", NONE, list(cells), NONE)


def times_of(cells: Sequence[str]) -> Column | None:
    """Return a column of times as ISO 8601 writes them; None where a cell is none, or is written otherwise."""
    matched = TIME.fullmatch(cells[0]) if cells else None
    if matched is None:
        return None
    between, minutes, seconds, fraction, zone = (part or "" for part in matched.groups())
    unit = UNITS[bool(minutes) + bool(seconds) + -(-max(len(fraction) - 1, 0) // 3)]
    form = f"{unit} {between}{zone}"
    try:
        values = np.array([cell.removesuffix("Z").replace(" ", "T") for cell in cells], f"M8[{unit}]").view(np.int64)
    except ValueError:
        return None
    column = Column("times", values, [], NONE, form=form)
    return column if cells_of(column) == list(cells) else None


def numbers_of(cells: Sequence[str]) -> Column | None:
    """Return a column of numbers; None where many cells hold none."""
    decimals = decimals_of(cells)
    kinds = (("integers", partial(whole, decimals=decimals), np.int64), ("floats", _float, np.float64))
    for kind, parsed, dtype in kinds:
        values = [parsed(cell) for cell in cells]
        others = np.array([row for row, value in enumerate(values) if value is None], np.int64)
        if len(others) <= (1 - MOSTLY) * len(cells):
            digits = decimals if kind == "integers" else 0
            return Column(kind, _filled(values, dtype), [cells[row] for row in others], others, digits)
    return None


def cells_of(column: Column) -> list[str]:
    """Return the cells of a column."""
    if column.kind == "categories":
        return [column.words[index] for index in column.values]
    if column.kind == "text":
        return column.words
    if column.kind == "times":
        unit, _, ends = column.form.partition(" ")
        texts = np.datetime_as_string(column.values.view(f"M8[{unit}]")).tolist()
        return [text.replace("T", ends[:1]) + ends[1:] for text in texts]
    cells = [written(value, column.decimals) for value in column.values.tolist()]
    for row, word in zip(column.others, column.words, strict=True):
        cells[row] = word
    return cells


def decimals_of(cells: Sequence[str]) -> int:
    """Return how many digits behind the point are the commonest among cells that have any."""
    counts = Counter(len(cell) - 1 - cell.find(".") for cell in cells[:SEEN] if "." in cell)
    return min(counts.most_common(1)[0][0], LONGEST) if counts else 0


def written(value: int | float, decimals: int = 0) -> str:
    """Return how a number is written; a whole one with so many digits behind the point."""
    if not decimals:
        return str(value)
    digits = str(abs(int(value))).zfill(decimals + 1)
    return f"{'-' if value < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def whole(cell: str, decimals: int = 0) -> int | None:
    """Return the whole number that is written so; None if there is none, or it is written otherwise."""
    before, point, behind = cell.removeprefix("-").partition(".")
    digits = before + behind
    if bool(point) != (decimals > 0) or len(behind) != decimals or not 0 < len(digits) <= LONGEST:
        return None
    if not (digits.isascii() and digits.isdigit()):
        return None
    value = -int(digits) if cell.startswith("-") else int(digits)
    return value if written(value, decimals) == cell else None


def _in_order(word: str) -> tuple[bool, float, str]:
    """Return what categories are sorted by: numbers by their value, before others."""
    value = _float(word) if whole(word) is None else whole(word)
    return (value is None, 0.0 if value is None else float(value), word)


def _float(cell: str) -> float | None:
    """Return the float that is written so."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if str(value) == cell and np.isfinite(value) else None


def _filled(values: Sequence[int | float | None], dtype: type) -> np.ndarray:
    """Return numbers with those before them where there are none."""
    last: int | float = next((value for value in values if value is not None), 0)
    filled = []
    for value in values:
        last = last if value is None else value
        filled.append(last)
    return np.array(filled, dtype)
