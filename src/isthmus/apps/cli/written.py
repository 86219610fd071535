"""What commands write: rows, to a file of the kind that its name says."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from isthmus.apps.cli.output import figure, show
from isthmus.apps.cli.rows import joined

DRAWN = 400
"""Pictures on a sheet, at most."""

SIDE = 48
"""Pixels that a picture on a sheet is enlarged to, about, where it is smaller."""


def write(
    path: str, pieces: Sequence[Any], as_json: bool, columns: Sequence[str] | None = None, strip: bool = False
) -> None:
    """Write pieces of rows to a file as one, and say so; `strip`: pictures in a .png stand in one line."""
    from isthmus.data.io import files

    rows = joined(pieces)
    drawn = sheet(path, rows, strip) if path.lower().endswith(".png") and len(rows) > 1 else rows
    files.write(path, drawn, columns=columns)
    shape = [len(rows), *rows.shape[1:]]
    show(
        {"output": path, "shape": shape},
        f"{path}: {figure(shape[0])} rows of {' x '.join(map(str, shape[1:]))}",
        as_json,
    )


def sheet(path: str, pictures: Any, strip: bool) -> Any:
    """Return pictures as they are drawn side by side: not too many, small ones enlarged."""
    if len(pictures) > DRAWN:
        warnings.warn(
            f"{path!r} shows the first {DRAWN} of {len(pictures):,}: choose with --rows START:STOP", stacklevel=2
        )
    if getattr(pictures, "ndim", 2) < 3:
        return pictures  # the writer says what can be drawn
    import numpy as np

    factor = max(1, SIDE // pictures.shape[1])
    enlarged = np.asarray(pictures[:DRAWN]).repeat(factor, axis=1).repeat(factor, axis=2)
    return np.concatenate(list(enlarged), axis=1)[None] if strip else enlarged
