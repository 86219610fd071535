"""Units: signs, currencies and physical ones, which the numbers of a column have alike, here and in rows before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.data.io.measures import KNOWN, shows
from isthmus.data.io.unit_names import NONE, PERCENT, UNITS, is_unit
from isthmus.data.tables.numerals import CURRENCIES
from isthmus.support.errors import InputError, extra, unknown

if TYPE_CHECKING:
    from isthmus.data.io.distinct import Distinct
    from isthmus.data.io.reading import Reading
    from isthmus.data.tables.numerals import Bare, Numerals

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
        masks[physical] = shows(cells, physical) & counted
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


def clash(name: str, seen: str | None, cell: Cell) -> str | None:
    """Return why a cell does not fit a column with cells of a unit; None if it does.

    Examples
    --------
    >>> clash("rate", "%", Cell("none", 3, "0.5"))
    "'0.5' has no percent sign, which other cells have: --units rate=% says that all cells are in % (50, not 0.5)"
    >>> clash("price", "none", Cell("$", 3, "$5")), clash("price", "$", Cell("USD", 3, "5 USD"))
    (None, None)
    """
    if seen is None or same(seen, cell.unit):
        return None
    if PERCENT in (seen, cell.unit):
        none = ("a", "have not") if cell.unit == PERCENT else ("no", "have")
        says = f"--units {quote(f'{name}=%')} says that all cells are in % (50, not 0.5)"
        return f"{cell.text!r} has {none[0]} percent sign, which other cells {none[1]}: {says}"
    says = f"--units {quote(f'{name}={seen}')} says that all cells are in {seen}"
    if is_unit(seen) and cell.unit == NONE:
        return f"{cell.text!r} has no unit, but other cells are in {seen}: {says}"
    if NONE in (seen, cell.unit):
        return None
    return f"{cell.text!r} is of another {'unit' if is_unit(cell.unit) else 'currency'} than cells with {seen}: {says}"


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
    if before is None or same(before, unit) or (PERCENT not in (before, unit) and NONE in (before, unit)):
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


def same(one: str, other: str) -> bool:
    """Tell whether two units are one, perhaps in two spellings.

    Examples
    --------
    >>> same("$", "USD"), same("$", "EUR"), same("%", "none")
    (True, False, False)
    """
    return SYMBOLS.get(one, one) == SYMBOLS.get(other, other)


def _in(unit: str) -> str:
    return "without a unit" if unit == NONE else f"in {unit}"


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
    if not same(earlier.units[name], unit):
        raise InputError(
            f"units={{{name!r}: {unit!r}}}: the column was {_in(earlier.units[name])} in {earlier.origin}: convert it, "
            f"and give --units {quote(f'{name}={earlier.units[name]}')}"
        )


def typed_units(path: object, reading: Reading, numbers: Sequence[str]) -> dict[str, Any]:
    """Return the units of the columns of numbers of a file whose cells have types, as fields of a `Reading`.

    Parameters
    ----------
    path : object
        Of the file, for messages.
    reading : Reading
    numbers : sequence of str
        The columns of numbers that are read.

    Raises
    ------
    InputError
        A column was a percentage before, and nothing says that it is one again; or a unit is named for a column that
        holds no numbers.
    """
    check_numbers(path, reading, numbers)
    units = {**dict.fromkeys(numbers, NONE), **_assumed(path, reading, numbers), **reading.units}
    return {"units": units, "signs": other_units(reading, {name: {NONE} for name in numbers})}


def _assumed(path: object, reading: Reading, numbers: Sequence[str]) -> dict[str, str]:
    """Return the units of the columns whose numbers had one before although they showed none."""
    if (earlier := reading.before) is None:
        return {}
    for name in numbers:
        check_named(name, reading)
        known = name in reading.units or NONE in earlier.signs.get(name, ())
        if earlier.units.get(name) == PERCENT and not known:
            why = unlike(name, PERCENT, NONE, "its numbers are", earlier.origin)
            raise InputError(f"{str(path)!r}, column {name!r}: {why}")
    return {name: earlier.units[name] for name in numbers if NONE in earlier.signs.get(name, ())}


def check_numbers(path: object, reading: Reading, numbers: Collection[str]) -> None:
    """Raise an error if a unit is named for a column that holds no numbers."""
    for name, unit in reading.units.items():
        if name not in numbers:
            raise InputError(
                f"{str(path)!r}, column {name!r}: --units {quote(f'{name}={unit}')} does not apply, since the column "
                "holds no numbers that are read as such: leave it out"
            )


def other_units(reading: Reading, signs: Mapping[str, Collection[str]]) -> dict[str, tuple[str, ...]]:
    """Return which other units the cells show of columns whose unit was named.

    Raises
    ------
    InputError
        A physical unit was named that is not one of `KNOWN`, that no cell shows, and that rows before did not have.
    """
    for name, unit in reading.units.items():
        earlier = reading.before.units.get(name) if reading.before else None
        if is_unit(unit) and unit not in (*KNOWN, *signs.get(name, ()), earlier):
            raise InputError(
                f"column {name!r}, of which no cell is in {unit!r}: {unknown('unit', unit, sorted(KNOWN))}"
            )
    others = {name: [one for one in signs.get(name, ()) if one != unit] for name, unit in reading.units.items()}
    known = [*UNITS, *sorted({one for units in others.values() for one in units if is_unit(one)})]
    return {name: tuple(sorted(units, key=known.index)) for name, units in others.items() if units}
