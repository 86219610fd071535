"""Whether columns of the same name hold the same in several files."""

from __future__ import annotations

from shlex import quote
from typing import Any

from isthmus.apps.cli.command import Failure
from isthmus.apps.cli.rows import Rows

KINDS = {
    "integer": "numbers",
    "floating": "numbers",
    "mixed-integer-float": "numbers",
    "decimal": "numbers",
    "boolean": "truth values",
    "datetime": "dates",
    "datetime64": "dates",
    "date": "dates",
    "string": "text",
    "categorical": "text",
}
"""What columns hold, by what pandas infers."""


def check_columns(one: Rows, other: Rows) -> None:
    """Refuse tables of which a column holds something else in each, or was read in another way.

    Raises
    ------
    Failure
        It names both files, the column, and the option that decides.
    """
    if not all(hasattr(part.X, "dtypes") for part in (one, other)):
        return
    for name in map(str, one.X.columns):
        _check_dates(name, one, other)
        _check_kind(name, one, other)
    _check_decimal(one, other)


def _check_kind(name: str, one: Rows, other: Rows) -> None:
    kinds = [_kind(part.X[name]) for part in (one, other)]
    if None not in kinds and kinds[0] != kinds[1]:
        raise Failure(
            f"column {name!r} holds {kinds[0]} in {one.name!r}, but {kinds[1]} in {other.name!r}: --text {quote(name)} "
            f"reads it as text in all files, --drop {quote(name)} leaves it out"
        )


def _kind(column: Any) -> str | None:
    """Return what a column holds; None if it is empty."""
    from pandas.api.types import infer_dtype

    if column.isna().all():
        return None
    kind = infer_dtype(column, skipna=True)
    return KINDS.get(kind, kind)


def _check_dates(name: str, one: Rows, other: Rows) -> None:
    forms = [part.reading.dates.get(name) for part in (one, other)]
    if None not in forms and forms[0] != forms[1]:
        raise Failure(
            f"column {name!r} holds dates of the format {forms[0]} in {one.name!r}, but {forms[1]} in {other.name!r}: "
            f"write them in one format, which --dates {quote(f'{name}={forms[0]}')} can name, or leave the column out "
            f"with --drop {quote(name)}"
        )


def _check_decimal(one: Rows, other: Rows) -> None:
    """Refuse a decimal comma after fractions that were read with a point: they may have been thousands."""
    if one.reading.decimal is not None or other.reading.decimal != ",":
        return
    for name in map(str, one.X.columns):
        column = one.X[name].dropna()
        if column.dtype.kind == "f" and (column % 1 != 0).any():
            raise Failure(
                f"column {name!r} was read with a decimal point in {one.name!r}, but {other.name!r} has a decimal "
                "comma: give --decimal , or write all files with the same mark"
            )
