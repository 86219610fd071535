"""Units: percent signs and currencies, which the numbers of a column have alike, here and in the rows before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from isthmus.data.io.measures import is_unit, unit_of
from isthmus.data.tables.numerals import CURRENCIES
from isthmus.support.errors import InputError, extra

if TYPE_CHECKING:
    from isthmus.data.io.distinct import Distinct
    from isthmus.data.io.reading import Reading
    from isthmus.data.tables.numerals import Bare, Numerals

PERCENT, NONE = "%", "none"

UNITS = (PERCENT, *CURRENCIES, NONE)
"""What can be named as the unit of a column, beside physical ones; `NONE` stands for numbers without one."""

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
"""The symbols of currencies that are also written in letters."""


@dataclass(frozen=True)
class Cell:
    """A cell that shows a unit: the row in its piece, and its text."""

    unit: str
    row: int
    text: str


def cells_of_units(cells: Distinct, taken: Bare, parsed: Numerals, physical: str = "") -> Iterator[Cell]:
    """Yield the first cell of each unit, `physical` among them; 0 is the same in all."""
    counted = parsed.known & ~cells.gaps & (parsed.values != 0)
    masks = {PERCENT: taken.percent & counted}
    if taken.currency.any():
        masks |= {symbol: _with(cells, symbol) & taken.currency & counted for symbol in CURRENCIES}
    if physical:
        written = np.array([unit_of(text) == physical for text in cells.texts.to_pylist()], dtype=bool)
        masks[physical] = written & counted
    masks[NONE] = counted & ~np.any([*masks.values(), taken.percent, taken.currency], axis=0)
    for unit, mask in masks.items():
        if mask.any():
            yield Cell(unit, *cells.first(mask))


def _with(cells: Distinct, symbol: str) -> np.ndarray:
    compute = extra("pyarrow.compute", "tables")
    return np.asarray(compute.match_substring(cells.texts, symbol).to_numpy(zero_copy_only=False), dtype=bool)


def joined(seen: str | None, unit: str) -> str:
    """Return the unit of a column with cells of two: amounts without a currency are of that of the others."""
    return seen if seen is not None and unit == NONE else unit


def clash(seen: str | None, cell: Cell, named: str | None = None) -> str | None:
    """Return why a cell does not fit a column with cells of a unit; None if it does, or the unit was named.

    Examples
    --------
    >>> clash("%", Cell("none", 3, "0.5"))
    "'0.5' has no percent sign, which other cells have"
    >>> clash("none", Cell("$", 3, "$5"))
    """
    if seen in (None, cell.unit):
        return None
    if PERCENT in (seen, cell.unit):
        if named is not None:
            return None
        none = ("a", "have not") if cell.unit == PERCENT else ("no", "have")
        return f"{cell.text!r} has {none[0]} percent sign, which other cells {none[1]}"
    if is_unit(str(seen)) and cell.unit == NONE and named is None:
        return f"{cell.text!r} has no unit, but other cells are in {seen}"
    if NONE in (seen, cell.unit):
        return None
    return f"{cell.text!r} is of another {'unit' if is_unit(cell.unit) else 'currency'} than cells with {seen}"


def unlike(name: str, before: str | None, unit: str, what: str, origin: str) -> str | None:
    """Return why cells do not fit the rows that were read before; None if they do.

    Parameters
    ----------
    name : str
        Of the column.
    before : str or None
        The unit that it had; None: nothing is known.
    unit : str
        The one that it has.
    what : str
        The cells and a verb, such as ``"'$5' is"``.
    origin : str
        Which rows these were.

    Examples
    --------
    >>> unlike("rate", "%", "none", "'0.125' is", "the first file")
    "'0.125' is without a unit, but the column was in % in the first file: give --units rate=% if its
    numbers mean the same here and there (12.5, not 0.125), else convert the column first"
    >>> unlike("price", "$", "USD", "'5 USD' is", "the first file")
    """
    if before is None or not _differ(before, unit) or (PERCENT not in (before, unit) and NONE in (before, unit)):
        return None
    fractions = " (12.5, not 0.125)" if PERCENT in (before, unit) else ""
    option = f"--units {quote(f'{name}={before}')}"
    return (
        f"{what} {_in(unit)}, but the column was {_in(before)} in {origin}: give {option} if its numbers "
        f"mean the same here and there{fractions}, else convert the column first"
    )


def doubtful(name: str, before: str | None, cell: Cell, origin: str) -> str | None:
    """Return what is assumed of amounts whose currency is named only here, or only in the rows before."""
    if before is None or PERCENT in (before, cell.unit) or (before == NONE) == (cell.unit == NONE):
        return None
    return (
        f"column {name!r}: {cell.text!r} is {_in(cell.unit)}, but the column was {_in(before)} in {origin}: "
        "taken as the same"
    )


def _differ(one: str, other: str) -> bool:
    return SYMBOLS.get(one, one) != SYMBOLS.get(other, other)


def _in(unit: str) -> str:
    return "without a unit" if unit == NONE else f"in {unit}"


def is_known(unit: str) -> bool:
    """Tell whether text is a unit: a percent sign, a currency, a physical one, or `NONE`."""
    return unit in UNITS or is_unit(unit)


def check_named(name: str, reading: Reading) -> None:
    """Raise an error if a unit that was named is not that of the rows before.

    Raises
    ------
    InputError
        It is another one.
    """
    earlier, unit = reading.before, reading.units.get(name)
    if earlier is None or unit is None or name not in earlier.units:
        return
    if _differ(earlier.units[name], unit):
        raise InputError(
            f"units={{{name!r}: {unit!r}}}: the column was {_in(earlier.units[name])} in {earlier.origin}: convert it, "
            f"and give --units {quote(f'{name}={earlier.units[name]}')}"
        )


def check_typed(path: object, reading: Reading) -> None:
    """Raise an error if columns were percentages before, and stand now in a file whose numbers have no signs.

    Raises
    ------
    InputError
        Nothing says that they are percentages again.
    """
    if (earlier := reading.before) is None:
        return
    for name, unit in earlier.units.items():
        check_named(name, reading)
        if unit == PERCENT and name not in reading.units:
            why = unlike(name, unit, NONE, "its numbers are", earlier.origin)
            raise InputError(f"{str(path)!r}, column {name!r}: {why}")
