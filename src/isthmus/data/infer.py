"""Inferring the kind of data of the user's X, and the float type of outputs. A kind is imported when it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

import narwhals as nw
import numpy as np

from isthmus.core.data import Data, Rows
from isthmus.core.part import kind_and_name, resolve
from isthmus.data.audio.sounds import are_sounds
from isthmus.data.sources.in_memory import is_stream
from isthmus.support.errors import InputError

if TYPE_CHECKING:
    from isthmus.data.tables.conditions import Condition

KINDS = {"table": "tables.table", "images": "images.images", "signals": "signals.signals", "audio": "audio.audio"}
"""The kinds of data that ``data=`` and model files may name, and their modules."""


def choose_data(
    data: str | Data | None, X: Rows, table_scale: str | None = None, frame_scale: str | None = None
) -> Data:
    """Return an unfitted Data for X: `data`, else audio for sounds, images for 3 or 4 axes and a table otherwise.

    A table that does not say how it is scaled is scaled by `frame_scale`, if that is not None and its columns have
    names, else by `table_scale`.
    """
    resolved = _inferred(X) if data is None else cast(Data, resolve("data", data))
    if are_sounds(X) and not resolved.audible:
        raise InputError(
            f"X holds recordings, which are not read as {kind_and_name(resolved)[1]!r}: leave out what is about other "
            "data, such as data= or --crop"
        )
    if resolved.windowed is not None and is_stream(X):
        raise InputError("a signal cannot be streamed, since windows would be cut: read the whole file first")
    named = is_stream(X) or nw.dependencies.is_into_dataframe(X)
    return resolved.with_scale(frame_scale if named and frame_scale is not None else table_scale)


def _inferred(X: Rows) -> Data:
    if are_sounds(X):
        return _new("audio")
    return _new("images" if axes(X) in (3, 4) else "table")


def _new(kind: str) -> Data:
    import_module(f"isthmus.data.{KINDS[kind]}")
    return cast(Data, resolve("data", kind))


@cache
def load_all() -> None:
    """Import all kinds of data once, with waveforms and conditions, so that they are registered as parts."""
    for module in (*KINDS.values(), "audio.waveforms", "tables.conditions"):
        import_module(f"isthmus.data.{module}")


def choose_condition(names: str | Sequence[str] | None) -> Condition | None:
    """Return an unfitted Condition; None if there are no names."""
    if names is None:
        return None
    from isthmus.data.tables.conditions import Condition

    return Condition(names)


def axes(X: Rows) -> int:
    """Return the number of axes of X as an array; for a list of images, which may differ in size, one more than theirs.

    Examples
    --------
    >>> import numpy as np
    >>> axes(np.zeros((2, 5))), axes([np.zeros((4, 5, 3)), np.zeros((6, 5, 3))]), axes([[1, 2], [3, 4]])
    (2, 4, 2)
    """
    if isinstance(X, list | tuple) and len(X):
        return 1 + int(getattr(X[0], "ndim", np.ndim(X[0])))
    return int(getattr(X, "ndim", 2))


def float_type(X: Rows) -> str:
    """Return the float type of outputs: float32 if X is float32 or pixels, else float64."""
    first = X[0] if isinstance(X, list | tuple) and len(X) else X
    name = str(getattr(first, "dtype", "float64")).removeprefix("torch.")
    pixels = axes(X) > 2 and name != "float64"
    return "float32" if pixels or name == "float32" else "float64"
