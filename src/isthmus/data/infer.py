"""Which kind of data a user's X is, and in which precision its answers go back."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from isthmus.core.data import Data
from isthmus.core.part import resolve
from isthmus.data.images.images import Images
from isthmus.data.signals.signals import Signals
from isthmus.data.sources.in_memory import is_stream
from isthmus.data.tables.table import Table
from isthmus.support.errors import InputError

KINDS = (Table, Images, Signals)
"""What ``data=`` may name; a file is read by these names too."""


def choose_data(wanted: Any, X: Any, table_scale: str | None = None, frame_scale: str | None = None) -> Data:
    """Return an unfitted Data for X: the one wanteded for, else images for 3 or 4 axes and a table for the rest.

    A table is scaled by `frame_scale` where its columns have names and there is one, else by `table_scale`.
    """
    if wanted is not None:
        data: Data = resolve("data", wanted)
        if data.windowed is not None and is_stream(X):
            raise InputError("a signal is not read piece by piece, since windows would break: read the file first")
        return data
    if frame_scale is not None and (is_stream(X) or nw.dependencies.is_into_dataframe(X)):
        table_scale = frame_scale
    return Images() if axes(X) in (3, 4) else Table(scale=table_scale)


def axes(X: Any) -> int:
    """Return how many axes X has as an array; of a list of pictures, which may differ in size, one more than the first.

    Examples
    --------
    >>> import numpy as np
    >>> axes(np.zeros((2, 5))), axes([np.zeros((4, 5, 3)), np.zeros((6, 5, 3))]), axes([[1, 2], [3, 4]])
    (2, 4, 2)
    """
    if isinstance(X, list | tuple) and len(X):
        return 1 + int(getattr(X[0], "ndim", np.ndim(X[0])))
    return int(getattr(X, "ndim", 2))


def float_type(X: Any) -> str:
    """Return the float type that answers have: float32 for float32 and for pixels, else float64."""
    first = X[0] if isinstance(X, list | tuple) and len(X) else X
    name = str(getattr(first, "dtype", "float64")).removeprefix("torch.")
    pixels = axes(X) > 2 and name != "float64"
    return "float32" if pixels or name == "float32" else "float64"
