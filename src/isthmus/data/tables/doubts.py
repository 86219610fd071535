"""Doubts: what a user should know of the columns of a table before a model learns from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from shlex import quote

import numpy as np

from isthmus.core.data import MANY
from isthmus.data.tables.categories import Categories
from isthmus.data.tables.dates import like_day, like_month, like_time
from isthmus.data.tables.numerals import like_abbreviated, like_number
from isthmus.data.tables.schema import Schema
from isthmus.data.tables.sentinels import Sentinel, warnings_of
from isthmus.support.errors import ColumnWarning, DataWarning, listed

LOOKED_AT = 1000
"""Distinct values of a column of text that are looked at."""

CHOSEN = ("category", "Categorical", "Enum")
"""Types with which a user says that a column holds categories."""

LEAVE_OUT = "leave them out (--drop {names}; in Python X.drop(columns=[...]))"

SHAPES: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("numbers", like_number, "--missing TEXT takes other cells for gaps; in Python pandas.to_numeric(X[column])"),
    ("dates", like_day, "--dates COLUMN=FORMAT; in Python pandas.to_datetime(X[column])"),
    (
        "months",
        like_month,
        "--dates COLUMN=%Y-%m or 'COLUMN=%b %Y', as they are written; in Python pandas.to_datetime(X[column], "
        "format='%Y-%m')",
    ),
    (
        "times of day",
        like_time,
        "--dates COLUMN=%H:%M or COLUMN=%H:%M:%S, as they are written; in Python pandas.to_datetime(X[column], "
        "format='%H:%M')",
    ),
    ("abbreviated numbers", like_abbreviated, "write them in full, such as 8500 in place of 8.5k"),
)
"""What text may look like, and how it is converted."""


def doubts(
    schema: Schema,
    counted: Mapping[int, Categories],
    rising: np.ndarray,
    sentinels: Mapping[int, Sentinel],
    without: Sequence[int] = (),
) -> Iterator[DataWarning]:
    """Yield a warning for each kind of doubt, with the columns that it concerns.

    Parameters
    ----------
    schema : Schema
    counted : dict
        What was counted of each column of categories, by its index.
    rising : ndarray of bool
        Whether each number of a column was larger than that before it.
    sentinels : dict
        The numbers that may stand for missing cells, by the index of their column.
    without : sequence of int, default ()
        The index of the first row without any value, and how many there are; empty if there are none.
    """
    if empty := [schema.name(index) for index in schema.indices("empty")]:
        yield DataWarning(f"the columns {empty} are empty: they are ignored, and come back empty")
    if without and len(schema.kinds) > 1:
        first, count = without
        said = f"row {first} has no value" if count == 1 else f"{count:,} rows have no value, the first is row {first}"
        yield DataWarning(f"{said}; such rows teach nothing: leave them out (in pandas: dropna(how='all'))")
    yield from _joined(schema, counted)
    if schema.names is None:
        return
    texts = {index: column for index, column in counted.items() if schema.dtype(index)[0].split(":")[0] not in CHOSEN}
    looks = [(index, _looks(schema, index, column)) for index, column in texts.items()]
    for what, _, remedy in SHAPES:
        if named := [said for _, (kind, said) in looks if kind == what]:
            yield ColumnWarning(
                f"text that looks like {what} is taken for categories: {listed(named)}; convert it ({remedy})"
            )
    if schema.rows < MANY:
        return
    joined = {index for index, rare in zip(schema.indices("category"), schema.joined, strict=True) if rare}
    words = [index for index, (kind, _) in looks if not kind and index not in joined]
    identifying = {index: _identifies(schema, index, counted[index]) for index in words}
    yield from _to_leave_out(schema, "columns of text have a value of their own in most rows", identifying)
    yield from _to_leave_out(schema, "columns number the rows", dict(_row_numbers(schema, rising)))
    yield from warnings_of({index: str(schema.name(index)) for index in sentinels}, sentinels)
    constant = f"columns have one value in all {schema.rows:,} rows, from which nothing can be learnt"
    yield from _to_leave_out(schema, constant, dict(_constant(schema)))


def _to_leave_out(schema: Schema, what: str, details: Mapping[int, str]) -> Iterator[ColumnWarning]:
    """Yield a warning that names columns, if there are any."""
    named = {index: detail for index, detail in details.items() if detail}
    if named:
        columns = listed(f"{schema.name(index)!r} ({detail})" for index, detail in named.items())
        names = quote(",".join(str(schema.name(index)) for index in islice(named, 3))) + (
            ",…" if len(named) > 3 else ""
        )
        yield ColumnWarning(f"these {what}: {columns}; {LEAVE_OUT.format(names=names)}")


def _joined(schema: Schema, counted: Mapping[int, Categories]) -> Iterator[DataWarning]:
    """Yield a warning for each column whose rare categories are joined."""
    for at, (index, joined) in enumerate(zip(schema.indices("category"), schema.joined, strict=True)):
        if joined:
            kept, name = len(schema.categories[at]), schema.name(index)
            distinct = f"{'more than ' if counted[index].forgotten else ''}{kept + joined:,}"
            fraction = 1 - sum(schema.counts[at]) / (schema.rows - schema.missing[index])
            yield DataWarning(
                f"column {name!r} has {distinct} distinct values: the {kept:,} most frequent are kept, and the others, "
                f"{fraction:.0%} of its cells, are joined as one; leave the column out if it identifies rows or is "
                f"free text (--drop {quote(str(name))}; in Python X.drop(columns=[{name!r}])), or raise the limit "
                "(--max-categories; in Python data=Table(max_categories=...))"
            )


def _looks(schema: Schema, index: int, column: Categories) -> tuple[str, str]:
    """Return what most cells of a column look like, "" for words; and which fraction does, with examples."""
    seen = {value: max(n, 1) for value, n in islice(column.counts.items(), LOOKED_AT) if isinstance(value, str)}
    if _are_codes(seen):
        return "codes", ""
    for what, like, _ in SHAPES:
        alike = {value: None for value in seen if like(value)}
        fraction = sum(seen[value] for value in alike) / max(sum(seen.values()), 1)
        if fraction > 0.5:
            rest = next((f", but not {value!r}" for value in seen if value not in alike), "")
            return what, f"{schema.name(index)!r} ({fraction:.0%} of its cells, such as {next(iter(alike))!r}{rest})"
    return "", ""


def _are_codes(texts: Iterable[str]) -> bool:
    """Tell whether texts are digits of one length, some with zeros in front, as postal codes are: no numbers."""
    texts = [*texts]
    same = len({*map(len, texts)}) == 1 and all(text.isascii() and text.isdigit() for text in texts)
    return same and len(texts[0]) > 2 and any(text[0] == "0" for text in texts)


def _identifies(schema: Schema, index: int, column: Categories) -> str:
    """Say how many distinct values a column has, if they are more than half of its rows; else ""."""
    distinct = len(column.counts)
    example = next(iter(column.counts), "")
    return f"{distinct:,} in {schema.rows:,} rows, such as {example!r}" if 2 * distinct > schema.rows else ""


def _row_numbers(schema: Schema, rising: np.ndarray) -> Iterator[tuple[int, str]]:
    """Yield the integer columns that number the rows: they rise, with few numbers left out, or are a shuffled range."""
    n = schema.rows
    numbers = zip(schema.numbers, schema.lows, schema.highs, schema.mean, schema.deviation, strict=True)
    for index, low, high, mean, deviation in numbers:
        expected = [(high + low) / 2, (n * n - 1) / 12]  # of each number of a range once
        numbered = high - low == n - 1 and np.allclose([mean, deviation**2], expected)
        numbered |= bool(rising[index]) and high - low < 2 * n
        if numbered and schema.kinds[index] == "integer" and not schema.missing[index]:
            yield index, f"{low:.0f} to {high:.0f}"


def _constant(schema: Schema) -> Iterable[tuple[int, str]]:
    """Yield the columns without gaps that hold one value, and this value."""
    for index, low, high in zip(schema.numbers, schema.lows, schema.highs, strict=True):
        if low == high and not schema.missing[index] and schema.kinds[index] != "empty":
            yield index, f"{low:g}"
    for index, known in zip(schema.indices("category"), schema.categories, strict=True):
        if len(known) == 1 and not schema.missing[index]:
            yield index, repr(known[0])
