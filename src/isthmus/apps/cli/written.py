"""What commands write: rows, to a file of the kind that its name says."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.output import show
from isthmus.apps.cli.rows import columns_of
from isthmus.support.errors import counted

if TYPE_CHECKING:
    from isthmus.data.io.reading import Reading

DRAWN = 400
"""Images on a sheet, at most."""

SIDE = 48
"""Pixels that an image on a sheet is enlarged to, about, where it is smaller."""


def write(
    path: str,
    pieces: Sequence[Any],
    as_json: bool,
    columns: Sequence[str] | None = None,
    strip: bool = False,
    names: Sequence[str] = (),
) -> None:
    """Write pieces of rows to a file as one, and say so.

    Parameters
    ----------
    path : str
    pieces : sequence of rows
    as_json : bool
    columns : sequence of str, optional
        Names for the columns of an array in a table.
    strip : bool, default False
        Images in a .png stand in one line.
    names : sequence of str
        Of images in a folder; empty: their numbers.
    """
    from isthmus.data.io import files
    from isthmus.data.tables.rows import joined

    rows = joined(pieces)
    drawn = sheet(path, rows, strip) if path.lower().endswith(".png") and len(rows) > 1 else rows
    files.write(path, drawn, columns=columns, names=names)
    shape = common_shape(rows)
    of = " x ".join("any" if side is None else str(side) for side in shape[1:])
    show({"output": path, "shape": shape}, f"{path}: {counted(len(rows), 'row')} of {of}", as_json)


def as_read(output: str, made: Any, like: Any, reading: Reading | None) -> Any:
    """Return rows as they are written: in a .csv file, dates have the format of the rows that they are like."""
    return pieces_as_read(output, reading)(made, like)


def pieces_as_read(output: str, reading: Reading | None, rows: int | None = None) -> Callable[[Any, Any], Any]:
    """Return what does the same as `as_read` for pieces of a number of rows; each column has one format in all."""
    from isthmus.data.io.dated import Forms, with_text
    from isthmus.data.io.tabular import to_arrow

    forms = Forms(reading.dates if reading else {}, rows)

    def as_written(made: Any, like: Any) -> Any:
        if not (output.lower().endswith(".csv") and columns_of(made)):
            return made
        return with_text(to_arrow(made), forms.of(to_arrow(like)))

    return as_written


def common_shape(rows: Any) -> list[int | None]:
    """Return the shape of rows, None along an axis in which they differ.

    Examples
    --------
    >>> import numpy as np
    >>> common_shape([np.zeros((4, 5)), np.zeros((6, 5))])
    [2, None, 5]
    """
    if hasattr(rows, "shape"):
        return [len(rows), *rows.shape[1:]]
    axes = zip(*(row.shape for row in rows), strict=True)
    return [len(rows), *(sides[0] if len(set(sides)) == 1 else None for sides in axes)]


def sheet(path: str, images: Any, strip: bool) -> Any:
    """Return images as they are drawn side by side: not too many, small ones enlarged."""
    if len(images) > DRAWN:
        warnings.warn(
            f"{path!r} shows the first {DRAWN} of {len(images):,}: choose with --rows START:STOP", stacklevel=2
        )
    if getattr(images, "ndim", 2) < 3:
        return images  # the writer says what can be drawn
    import numpy as np

    factor = max(1, SIDE // images.shape[1])
    enlarged = np.asarray(images[:DRAWN]).repeat(factor, axis=1).repeat(factor, axis=2)
    return np.concatenate(list(enlarged), axis=1)[None] if strip else enlarged
