"""The columns beside codes in a table: which row each code belongs to, and its label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.command import Failure
from isthmus.apps.cli.inputs import check_there, known_columns, load, suited
from isthmus.apps.cli.rows import Rows, columns_of
from isthmus.apps.figures.figure import FORMATS
from isthmus.support.errors import unknown

if TYPE_CHECKING:
    from isthmus import Autoencoder


TABLES = (".csv", ".parquet", ".feather")
"""Endings of files that hold columns with names."""


WRITTEN = (".npy", *TABLES)
"""Endings of files that codes are written to."""
MAPS = tuple(FORMATS)
"""Endings of the file of a map."""


def check_output(output: str) -> None:
    """Refuse a file that can hold neither codes nor their map."""
    suffix = Path(output).suffix.lower()
    if suffix not in (*WRITTEN, *MAPS):
        raise Failure(
            f"{output!r}: {unknown('kind of output', suffix, WRITTEN)}; for a map of the codes {', '.join(MAPS)}"
        )


def check_kept(output: str, kept: Sequence[str]) -> None:
    """Refuse to keep columns where a file cannot hold them."""
    if kept and not output.lower().endswith(TABLES):
        raise Failure(f"--keep {kept[0]}: {output!r} cannot hold it beside the codes: give .csv, .parquet or .feather")


def kept_apart(path: str, read: Callable[..., Rows], kept: Sequence[str]) -> tuple[Autoencoder, Rows, Any]:
    """Return the model, the rows as it takes them, and the columns that are kept as an Arrow table."""
    from isthmus.data.io.tabular import split_columns
    from isthmus.data.sources.in_memory import pieces
    from isthmus.data.tables.rows import joined

    model = load(path)
    rows, known = read(model, *kept), known_columns(model)
    kept = [name for name in kept if name != rows.label or rows.y is None]  # labels are written anyway
    if not kept:
        return model, suited(model, path, rows), None
    if not columns_of(rows.X):
        raise Failure(f"--keep {kept[0]}: {rows.name!r} holds no table with named columns: leave it out")
    check_there(rows.name, columns_of(rows.X), kept)
    sides = [split_columns(piece, kept, known) for piece in pieces(rows.X)]
    import pyarrow

    apart = replace(rows, X=joined([seen for seen, _ in sides]))
    return model, suited(model, path, apart), pyarrow.concat_tables([beside for _, beside in sides])


def numbers_of(table: Any, names: Sequence[str]) -> Any:
    """Return the codes in what was read from a file: of a table that encode wrote, without the columns beside them."""
    if names and set(names) <= set(columns_of(table)):
        return table[list(names)]
    return table


def table_of(codes: Any, names: Sequence[str], rows: Rows, kept: Any) -> Any:
    """Return codes as an Arrow table: the files of images, the columns that are kept and the labels come first."""
    import pyarrow

    columns: dict[str, Any] = {"file": list(rows.names)} if rows.names else {}
    columns |= {} if kept is None else dict(zip(kept.column_names, kept.columns, strict=True))
    columns |= {} if rows.y is None else {rows.label or "label": rows.y}
    for name in names:
        if name in columns:
            raise Failure(f"the column {name!r} of {rows.name!r} is called as a number of the codes is: rename it")
    numbers = zip(names, codes.T, strict=True)
    return pyarrow.table({**columns, **{name: pyarrow.array(column.copy()) for name, column in numbers}})
