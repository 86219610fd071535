"""Columns of a table, as ``isthmus info DATA`` shows them: one per line, or similar ones together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.output import NOTHING, figure, table
from isthmus.support.errors import counted
from isthmus.support.lines import short

if TYPE_CHECKING:
    from isthmus.data.tables.profile import ColumnProfile

LIMIT = 40
"""Columns that are shown one by one, at most; and groups of columns."""

NAME, WIDTH = 22, 79
"""Characters of a name, and of a line."""


def columns_text(columns: Sequence[ColumnProfile], rows: int) -> str:
    """Return what is known of the columns as an aligned table."""
    if len(columns) <= LIMIT:
        return _table([_line(column, rows) for column in columns])
    groups = [list(group) for _, group in groupby(columns, key=_alike)]
    lines = [_line(group[0], rows) if len(group) == 1 else _group_line(group) for group in groups[:LIMIT]]
    more = sum(map(len, groups[LIMIT:]))
    rest = f"\n… and {counted(more, 'column')} more; --json has them all" if more else ""
    return _table(lines) + (rest or "\n--json has each column")


def _alike(column: ColumnProfile) -> tuple[str, bool]:
    """Return what neighbouring columns must have in common to be shown as one line."""
    return column.kind, bool(column.gaps)


def _table(lines: Sequence[dict[str, object]]) -> str:
    return "\n".join(short(line, WIDTH) for line in table(lines).splitlines())


def _line(column: ColumnProfile, rows: int) -> dict[str, object]:
    """Return the cells of the line of one column."""
    examples = ", ".join(map(_cell, column.examples))
    return {
        "column": short(figure(column.name), NAME),
        "kind": column.kind,
        "gaps": _gaps(column.gaps),
        "values": _values(column, rows - column.gaps),
        "such as": examples if column.kind != "category" else "",
    }


def _group_line(group: Sequence[ColumnProfile]) -> dict[str, object]:
    """Return the cells of the line of several columns of one kind."""
    half = (NAME - 3) // 2
    first, last = (short(figure(column.name), half) for column in (group[0], group[-1]))
    numbers = [bound for column in group for bound in (column.low, column.high) if isinstance(bound, (int, float))]
    values = f"{figure(min(numbers))} to {figure(max(numbers))}" if numbers else ""
    categories = [column.categories for column in group]
    if any(categories):
        values = f"{figure(min(categories))} to {figure(max(categories))} values"
    return {
        "column": f"{first} … {last}",
        "kind": f"{len(group)} {group[0].kind}",
        "gaps": _gaps(sum(column.gaps for column in group)),
        "values": values,
        "such as": "",
    }


def _gaps(count: int) -> str:
    return figure(count) if count else NOTHING


def _values(column: ColumnProfile, present: int) -> str:
    """Return the range of the cells of a column, or the most frequent ones."""
    if column.kind == "category":
        value, count = column.common[0]
        return f"{counted(column.categories, 'value')}, {_cell(value)} {count / present:.0%}"
    if column.kind == "boolean":
        return f"{column.mean:.0%} true"
    return "" if column.kind == "empty" else f"{_cell(column.low)} to {_cell(column.high)}"


def _cell(value: Any) -> str:
    """Return a cell as a person reads it, in few characters."""
    if isinstance(value, str):
        return short(figure(value.removesuffix(" 00:00:00").removesuffix("T00:00:00")), 19)
    return str(value) if isinstance(value, int) else figure(value)
