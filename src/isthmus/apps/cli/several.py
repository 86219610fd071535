"""Several files that are read as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.command import Failure
from isthmus.apps.cli.inputs import data_options, read
from isthmus.apps.cli.progress import while_reading
from isthmus.apps.cli.rows import Rows, columns_of, cut
from isthmus.apps.cli.same_columns import check_columns

if TYPE_CHECKING:
    from isthmus.data.images.head import Alpha
    from isthmus.data.io.reading import Reading

files_argument = click.argument("data", metavar="DATA...", nargs=-1, required=True)


def read_all(paths: tuple[str, ...], label: str | None = None, span: slice | None = None, **how: Any) -> Rows:
    """Read files whose rows are alike as one; a span counts over all of them.

    Raises
    ------
    Failure
        Their rows have other columns or sizes, or some have labels and others none.
    """
    if len(paths) == 1:
        return read(paths[0], label, span, **how)
    whole = _images(paths, label, **how) or _joined(paths, label, how)
    if span is None:
        return whole
    y = None if whole.y is None else whole.y[span]
    return replace(whole, X=cut(whole.X, span), y=y, names=whole.names[span])


def _images(
    paths: tuple[str, ...],
    label: str | None,
    reading: Reading,
    alpha: Alpha | None = None,
    skip_broken: bool = False,
) -> Rows | None:
    """Return files and folders of images or sounds as one folder would be read; None if there is something else."""
    from isthmus.data.io.files import read_images

    if (
        label is not None or reading.kept() or reading.asked("encoding", "skip_rows")
    ):  # which images do not have: the first file refuses it
        return None
    name = ", ".join(paths)
    with while_reading(name):
        loaded = read_images(paths, alpha=alpha, skip_broken=skip_broken)
    if loaded is None:
        return None
    whole = Rows(loaded.X, loaded.labels, name, loaded.names, reading=loaded.reading, files=len(paths))
    return replace(whole, left_out=loaded.left_out)


def _joined(paths: tuple[str, ...], label: str | None, how: dict[str, Any]) -> Rows:
    """Return the rows of several files as one."""
    from isthmus.data.tables.rows import in_order, joined

    parts = _each(paths, label, how)
    columns = columns_of(parts[0].X)
    X = joined([in_order(part.X, columns) for part in parts])
    y = _labels([part.y for part in parts if part.y is not None])
    names = tuple(f"{part.name}/{name}" for part in parts for name in part.names)
    notes = tuple(f"{part.name}: {note}" for part in parts for note in part.notes)
    return Rows(X, y, ", ".join(paths), names, notes, label, parts[-1].reading, len(paths))


def _each(paths: tuple[str, ...], label: str | None, how: dict[str, Any]) -> list[Rows]:
    """Return the rows of each file; what the ones before were read with decides what a file leaves open."""
    parts: list[Rows] = []
    for path in paths:
        parts.append(read(path, label, None, **how))
        _check_alike(parts[0], parts[-1])
        earlier = replace(
            parts[-1].reading.merged(), origin="the first file" if len(parts) == 1 else "the files before"
        )
        how = {**how, "reading": replace(how["reading"], before=earlier)}
    check_columns(parts)
    return parts


def _labels(labels: list[Any]) -> Any:
    import numpy as np

    return np.concatenate(labels) if labels else None


def _check_alike(one: Rows, other: Rows) -> None:
    """Refuse files whose rows cannot be joined."""
    from isthmus.data.sources.in_memory import is_stream

    for part in (one, other):
        if is_stream(part.X):
            raise Failure(
                f"{part.name!r} is too large to be joined with others in memory: put all files into one folder (of "
                "Parquet files, or of images), and name that"
            )
    columns = [columns_of(part.X) for part in (one, other)]
    strange = sorted(set(columns[0]) ^ set(columns[1]))
    if strange:
        name = strange[0]
        there, lacking = (one, other) if name in columns[0] else (other, one)
        raise Failure(
            f"{there.name!r} has the column {name!r}, but {lacking.name!r} has none: files that are trained on "
            "together have the same columns"
        )
    sizes = [getattr(part.X, "shape", (0,))[1:] for part in (one, other)]
    if not columns[0] and sizes[0] != sizes[1] and all(sizes):
        raise Failure(f"{one.name!r} holds rows of {_size(sizes[0])}, but {other.name!r} of {_size(sizes[1])}")
    if (one.y is None) != (other.y is None):
        there, lacking = (one, other) if other.y is None else (other, one)
        raise Failure(f"{there.name!r} has labels, but {lacking.name!r} has none: give files that are alike")


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


several_data_options: Callable[[Callable[..., Any]], Callable[..., Any]] = partial(
    data_options, argument=files_argument, reader=read_all
)
"""As `data_options`, for a command that takes several files."""
