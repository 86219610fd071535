"""Conditions: labels or columns that are given to encoder and decoder, and not rebuilt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from isthmus.core.part import part
from isthmus.data.tables.table import Table
from isthmus.support.errors import InputError, unknown


@part("data/condition")
class Condition:
    """What stands beside x: the labels ``y``, or some columns of a DataFrame.

    Parameters
    ----------
    names : str or sequence of str
        ``"y"`` for the labels passed to ``fit``, else names of columns.
    table : Table or None
        How they are encoded; fitted by `learn`.
    """

    def __init__(self, names: str | Sequence[str], table: Table | None = None) -> None:
        self.names, self.table = names, Table() if table is None else table

    @property
    def label(self) -> str:
        """``"y"``, or the names of the columns."""
        return self.names if isinstance(self.names, str) else ", ".join(map(str, self.names))

    @property
    def columns(self) -> int:
        """How many of the user's columns are given."""
        return 0 if self.names == "y" else len(self.table.feature_names())

    @property
    def width(self) -> int:
        """Numbers given for each row."""
        return self.table.shape[0]

    def split(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return X without the given columns, and what is given."""
        if self.names == "y":
            return X, None if y is None else _labels(y)
        import narwhals as nw

        chosen = [self.names] if isinstance(self.names, str) else list(self.names)
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if not isinstance(frame, nw.DataFrame):
            raise InputError(f"condition={self.names!r} names columns, but X has no names: give 'y' or a DataFrame")
        for name in chosen:
            if name not in frame.columns:
                raise InputError(unknown("column in condition", name, frame.columns))
        return frame.drop(chosen).to_native(), frame.select(chosen).to_native()

    def learn(self, given: Any) -> Condition:
        """Return a fitted copy.

        Raises
        ------
        InputError
            Labels were asked for, but none were given.
        """
        if given is None:
            raise InputError("condition='y' needs labels: call fit(X, y)")
        return Condition(self.names, self.table.learn([given]))

    def merge(self, other: Condition) -> Condition:
        """Return what `learn` would return for the rows of both."""
        return Condition(self.names, self.table.merge(other.table))

    def encode(self, given: Any, rows: int) -> dict[str, Tensor]:
        """Return the columns that carry the condition of `rows` rows; one given row serves all.

        Raises
        ------
        InputError
            Nothing is given, or not as many rows as needed.
        """
        if given is None:
            raise InputError(f"this model was trained with condition={self.names!r}: give condition= for each row")
        x = self.table.batch(self.table.read(given)).x
        if len(x) not in (1, rows):
            raise InputError(f"condition has {len(x)} rows, but {rows} are needed (or one for all)")
        return {"condition:given": x.expand(rows, -1).contiguous()}

    def read(self, given: Any) -> Any:
        """Turn what a caller gives (labels, or a frame of columns) into what `encode` takes."""
        return _labels(given) if self.names == "y" and given is not None else given


def _labels(y: Any) -> np.ndarray:
    """Return labels as one column; whole numbers, booleans and texts are categories."""
    column = np.asarray(y).reshape(-1, 1)
    return column.astype(str).astype(object) if column.dtype.kind in "OUSbiu" else column
