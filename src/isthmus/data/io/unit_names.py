"""What can be named as the unit of a column."""

import re

from isthmus.data.tables.numerals import CURRENCIES

PERCENT, NONE = "%", "none"

UNITS = (PERCENT, *CURRENCIES, NONE)
"""The names of units, beside physical ones; `NONE` stands for numbers without one."""

PHYSICAL = "(?![A-Z][0-9]+$)[A-Za-zµμΩ°′″][A-Za-zµμΩ°²³·*^/0-9]{0,9}"
"""What a physical unit looks like; currencies look the same, quarters such as Q1 do not."""


def is_unit(text: str) -> bool:
    """Tell whether text can be a physical unit.

    Examples
    --------
    >>> [is_unit(text) for text in ("kg", "°C", "l/min", "m²", "EUR", "none", "63 kg", "", "Q1")]
    [True, True, True, True, False, False, False, False, False]
    """
    return text not in UNITS and re.fullmatch(PHYSICAL, text) is not None


def is_known(unit: str) -> bool:
    """Tell whether text is a unit: a percent sign, a currency, a physical one, or `NONE`."""
    return unit in UNITS or is_unit(unit)
