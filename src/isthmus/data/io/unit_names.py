"""What can be named as the unit of a column."""

from isthmus.data.tables.numerals import CURRENCIES

PERCENT, NONE = "%", "none"

UNITS = (PERCENT, *CURRENCIES, NONE)
"""The names of units; `NONE` stands for numbers without one."""
