"""Rows that were read, and those that are picked out of them: ``--rows 0:16``, ``--from 3``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from isthmus.apps.cli.command import Failure
from isthmus.support.errors import TooFewRowsError, counted


@dataclass(frozen=True)
class Rows:
    """Rows that were read: X, labels where there are any, and where they come from.

    Attributes
    ----------
    names : tuple of str
        Of the images of a folder.
    notes : tuple of str
        What was converted.
    label : str or None
        The column of labels.
    reading : Reading or None
        How a table was read.
    files : int
        How many files they come from.
    left_out : int
        How many images could not be read.
    """

    X: Any
    y: Any
    name: str
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    label: str | None = None
    reading: Any = None
    files: int = 1
    left_out: int = 0


def columns_of(X: Any) -> list[str]:
    """Return the names of the columns of a table or a stream; nothing where it has none."""
    import narwhals as nw

    return list(getattr(nw.from_native(X, eager_only=True, pass_through=True), "columns", ()))


@contextmanager
def enough(name: str, left_out: int = 0, picked: str = "", unit: str = "row") -> Iterator[None]:
    """Say of which file there are too few rows, where what runs inside the block finds too few.

    `left_out` is how many images could not be read, `picked` the options that picked rows, `unit` what a row is.
    """
    try:
        yield
    except TooFewRowsError as error:
        why = f", since {left_out:,} could not be read and were left out" if left_out else ""
        count, purpose = counted(error.rows, unit), error.purpose.replace("each row", f"each {unit}")
        said = f"{picked} picks {count} of {name!r}" if picked else f"{name!r} holds {count}{why}"
        raise Failure(f"{said}: {purpose} needs at least {error.needed}") from error


class Span(click.ParamType):
    """``START:STOP``, as Python slices have it; either may be left out."""

    name = "START:STOP"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what stands for the value in the help."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the two numbers."""
        if isinstance(value, slice):
            return value
        start, colon, stop = str(value).partition(":")
        if not colon or not all(part.isdigit() or not part for part in (start, stop)):
            self.fail(f"{value!r} is no {self.name}, such as 0:16", param, ctx)
        return slice(int(start or 0), int(stop) if stop else None)


def cut(X: Any, span: slice, flag: str = "--rows") -> Any:
    """Return the rows of a span; of a stream, only as much is read as is needed.

    Raises
    ------
    Failure
        There are none.
    """
    first, last, _ = span.indices(len(X))
    if first >= last:
        asked = f"{span.start}:{'' if span.stop is None else span.stop}"
        raise Failure(f"{flag} {asked} picks no row: the data has {len(X)}, numbered from 0")
    from isthmus.data.sources.in_memory import cut_pieces
    from isthmus.data.tables.rows import joined

    return joined(list(cut_pieces(X, first, last)))


def row(X: Any, number: int, flag: str) -> Any:
    """Return one row: of an array without the axis of rows, of a DataFrame as a frame.

    Raises
    ------
    Failure
        There is no such row.
    """
    if not 0 <= number < len(X):
        raise Failure(f"{flag} {number}: the data has {counted(len(X), 'row')}, numbered from 0")
    one = cut(X, slice(number, number + 1), flag)
    return one[0] if hasattr(one, "ndim") and not columns_of(one) else one
