"""Originals beside their reconstructions, as files: images, columns, lines."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from isthmus.apps.cli.command import Failure
from isthmus.apps.cli.rows import Rows, columns_of

SHEET = 60
"""Images on one sheet, at most."""


# -- images --------------------------------------------------------------------------------------------------------


def write_images(rows: Rows, reconstruction: Any, output: str, channels_first: bool) -> int:
    """Write images, their reconstructions and differences on a sheet, or a file for each into a folder."""
    from isthmus.apps.figures.beside import gain_of, image_sheet, triple
    from isthmus.data.io.files import file_names

    target, count = Path(output), len(rows.X)
    folder = target.is_dir() or not target.suffix
    if not folder and target.suffix.lower() not in (".png", ".svg"):
        raise Failure(f"--beside draws images: {output!r} should be a folder, or end with .png or .svg")
    if not folder and count > SHEET:
        warnings.warn(
            f"{output!r} shows the first {SHEET} of {count:,}: choose with --rows START:STOP, or name a folder",
            stacklevel=2,
        )
        count = SHEET
    names = rows.names or tuple(map(str, range(len(rows.X))))

    def pairs() -> Iterator[tuple[Any, Any]]:
        return (_unit_pair(rows.X[at], reconstruction[at], channels_first) for at in range(count))

    gain = gain_of(pairs())
    triples = (triple(name, a, b, gain) for name, (a, b) in zip(names, pairs(), strict=False))
    if not folder:
        image_sheet(list(triples), gain).save(target)
        return count
    for one, name in zip(triples, file_names(rows.names, count), strict=True):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image_sheet([one], gain, largest=math.inf).save(path)
    return count


def _unit_pair(original: Any, made: Any, channels_first: bool) -> tuple[Any, Any]:
    """Return an image and its reconstruction as floats in [0, 1], channels last."""
    import numpy as np

    original, made = (np.moveaxis(side, 0, -1) if channels_first else np.asarray(side) for side in (original, made))
    return original / (255 if original.dtype == np.uint8 else 1), made.astype(float)


# -- columns ---------------------------------------------------------------------------------------------------------


def write_columns(rows: Rows, reconstruction: Any, names: Sequence[str], output: str) -> int:
    """Write a table with the columns ``x``, ``x reconstructed`` and ``x difference`` for each that is reconstructed."""
    from isthmus.data.io import files
    from isthmus.data.io.dated import formats, with_text

    if not output.lower().endswith((".csv", ".parquet", ".feather")):
        raise Failure(f"--beside writes columns: {output!r} should end with .csv, .parquet or .feather")
    import pyarrow

    columns: dict[str, Any] = {}
    made = {name: cells for name, cells in _columns(reconstruction, names).items() if name in names}
    for name, cells in _columns(rows.X, names).items():
        columns[name] = cells
        if name in made:
            columns[f"{name} reconstructed"] = made[name]
            columns[f"{name} difference"] = difference(cells, made[name])
    table = pyarrow.table(columns)
    if output.lower().endswith(".csv"):
        forms = formats(table, rows.reading.dates if rows.reading else {})
        table = with_text(table, {**forms, **{f"{name} reconstructed": form for name, form in forms.items()}})
    files.write(output, table)
    return len(rows.X)


def _columns(X: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the columns of a table as arrays of Arrow."""
    from isthmus.data.io.tabular import to_arrow

    table = to_arrow(X, None if columns_of(X) else names)
    return dict(zip(table.column_names, table.columns, strict=True))


def difference(original: Any, made: Any) -> Any:
    """Return how a reconstructed column differs: numbers, seconds of dates, or whether a category is another one."""
    import pyarrow
    from pyarrow import compute

    kind = original.type
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind):
        return compute.subtract(made.cast(pyarrow.float64()), original.cast(pyarrow.float64()))
    if pyarrow.types.is_temporal(kind):
        apart = (side.cast(pyarrow.timestamp("us")).cast(pyarrow.int64()) for side in (made, original))
        return compute.divide(compute.subtract(*apart).cast(pyarrow.float64()), 1e6)
    texts = (side.cast(pyarrow.string()) for side in (made, original))
    return compute.not_equal(*texts)


# -- lines -----------------------------------------------------------------------------------------------------------


def draw_signal(rows: Rows, reconstruction: Any, names: Sequence[str], times: Any, output: str) -> int:
    """Draw a signal and its reconstruction as lines."""
    import numpy as np

    from isthmus.apps.figures.beside import signal_sheet

    original, made = (
        np.stack([np.asarray(columns[name], dtype=float) for name in names], axis=1)
        for columns in (_columns(rows.X, names), _columns(reconstruction, names))
    )
    signal_sheet(original, made, names, times, Path(rows.name).name).save(output)
    return len(original)
