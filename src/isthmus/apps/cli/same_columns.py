"""Whether columns of the same name hold the same in several files."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import Any

from isthmus.apps.cli.command import Failure
from isthmus.apps.cli.rows import Rows, columns_of

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


def check_columns(parts: Sequence[Rows]) -> None:
    """Refuse tables of which a column holds something else in each, or was read in another way.

    Raises
    ------
    Failure
        It names both files, the column, and the option that decides.
    """
    from isthmus.data.sources.in_memory import is_stream

    if not all(columns_of(part.X) and not is_stream(part.X) for part in parts):
        return
    for name in map(str, parts[0].X.columns):
        _check_dates(name, parts)
        _check_kind(name, parts)
    _check_decimal(parts)


def _check_kind(name: str, parts: Sequence[Rows]) -> None:
    kinds = [(part, kind) for part in parts if (kind := _kind(part.X[name])) is not None]
    for part, kind in kinds[1:]:
        one, known = kinds[0]
        if kind != known:
            texts = [there.X[name].dropna().iloc[0] for there, what in ((one, known), (part, kind)) if what == "text"]
            such = f", such as {texts[0]!r}" if texts else ""
            gaps = f"--missing {quote(str(texts[0]))} takes such cells as gaps, " if texts else ""
            raise Failure(
                f"column {name!r} holds {known} in {one.name!r}, but {kind} in {part.name!r}{such}: --text "
                f"{quote(name)} reads it as text in all files, {gaps}--drop {quote(name)} leaves it out"
            )


def _kind(column: Any) -> str | None:
    """Return what a column holds; None if it is empty."""
    from pandas.api.types import infer_dtype

    if column.isna().all():
        return None
    kind = infer_dtype(column, skipna=True)
    return KINDS.get(kind, kind)


def _check_dates(name: str, parts: Sequence[Rows]) -> None:
    formats = [(part, part.reading.dates[name]) for part in parts if name in part.reading.dates]
    for part, form in formats[1:]:
        one, known = formats[0]
        if form != known:
            raise Failure(
                f"column {name!r} holds dates of the format {known} in {one.name!r}, but {form} in {part.name!r}: "
                f"write them in one format, which --dates {quote(f'{name}={known}')} can name, or leave the column out "
                f"with --drop {quote(name)}"
            )


def _check_decimal(parts: Sequence[Rows]) -> None:
    """Refuse a decimal comma after points that were read as decimal ones, but may separate thousands."""
    at = next((at for at, part in enumerate(parts) if part.reading.decimal == ","), 0)
    for part in parts[:at]:
        for name in map(str, part.X.columns):
            if _may_be_thousands(part.X[name]):
                raise Failure(
                    f"column {name!r} was read with a decimal point in {part.name!r}, but {parts[at].name!r} has a "
                    "decimal comma: give --decimal , if all have it, or write all with the same mark"
                )


def _may_be_thousands(column: Any) -> bool:
    """Tell whether numbers have fractions, but none of more than three digits."""
    cells = column.dropna()
    return bool(cells.dtype.kind == "f" and (cells % 1 != 0).any() and (abs(cells - cells.round(3)) < 1e-9).all())
