"""Physical units: texts such as ``17.5 °C`` and ``63 kg``, which are numbers where a column has one unit throughout."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from isthmus.data.io.distinct import Distinct
from isthmus.data.io.unit_names import PHYSICAL, is_unit
from isthmus.data.tables.numerals import like_number
from isthmus.support.errors import extra

_MEASURED = re.compile(
    rf"([+−-]?[0-9][0-9.,'’ \u00a0\u202f]*(?:[eE][+-]?[0-9]+)?|[+-]?[.,][0-9]+)\s*(?![eE][0-9])({PHYSICAL})"
)

LOOKED_AT = 200
"""Distinct texts that the unit of a column is recognised from."""

KNOWN = frozenset(
    (
        *("kg", "g", "mg", "µg", "t", "lb", "lbs", "oz", "m", "cm", "mm", "µm", "nm", "km", "ft", "in", "yd", "mi"),
        *("°C", "°F", "C", "F", "K", "l", "ml", "L", "mL", "dl", "gal"),
        *("bar", "mbar", "psi", "Pa", "hPa", "kPa", "MPa"),
        *("V", "mV", "kV", "A", "mA", "W", "kW", "MW", "Wh", "kWh", "MWh", "Hz", "kHz", "MHz", "GHz", "N", "kN", "J"),
        *("kJ", "s", "ms", "µs", "min", "h", "d", "rpm", "dB", "ppm", "km/h", "m/s", "mph", "l/min", "m²", "m³"),
        *("KB", "kB", "MB", "GB", "TB"),
    )
)
"""Units that are not to be mixed in a column; with others, such as letters of seats, mixed cells are categories."""


def unit_of(text: str) -> str:
    """Return the unit that follows a number; "" if text is not of this form.

    Examples
    --------
    >>> [unit_of(text) for text in ("17.5 °C", "63kg", "-1,234.5 m/s", "1e-3 mol", "5 EUR", "1e5", "Unit 5")]
    ['°C', 'kg', 'm/s', 'mol', '', '', '']
    """
    match = _MEASURED.fullmatch(text.strip())
    return match[2] if match and is_unit(match[2]) else ""


def shows(cells: Distinct, unit: str | None) -> np.ndarray:
    """Return which texts show a physical unit; none where it is no such unit."""
    if not is_unit(unit or ""):
        return np.zeros(len(cells.texts), dtype=bool)
    return np.array([unit_of(text) == unit for text in cells.texts.to_pylist()], dtype=bool)


@dataclass(frozen=True)
class Measured:
    """The texts of a column without its unit.

    Attributes
    ----------
    cells : Distinct
    unit : str
        "" if there is none.
    mixed : tuple of str
        Units that are mixed: none is that of the column.
    """

    cells: Distinct
    unit: str = ""
    mixed: tuple[str, ...] = ()


def measured(cells: Distinct, unit: str | None = None) -> Measured:
    """Return the texts of a column without its unit.

    Parameters
    ----------
    cells : Distinct
    unit : str or None
        That of earlier cells; None: the one that most texts show, if they show one only.
    """
    if unit is None:
        some: list[str] = cells.some(~cells.gaps)[:LOOKED_AT].to_pylist()
        units = Counter(filter(None, map(unit_of, some)))
        if 2 * units.total() <= len(some):
            return Measured(cells)
        if len(units) > 1:
            return Measured(cells, mixed=tuple(units) if {*units} <= KNOWN and max(map(len, units)) > 1 else ())
        (unit,) = units
        if unit not in KNOWN and any(map(like_number, some)):  # such as house numbers: 12, 12a
            return Measured(cells)
    return Measured(_without(cells, unit), unit) if is_unit(unit) else Measured(cells)


def _without(cells: Distinct, unit: str) -> Distinct:
    texts: list[str] = cells.texts.to_pylist()
    bare = [text[: -len(unit)].rstrip() if unit_of(text) == unit else text for text in texts]
    return replace(cells, texts=extra("pyarrow", "tables").array(bare, cells.texts.type))
