"""Conditions: labels or columns that the encoder and decoder receive as inputs, and that are not reconstructed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from isthmus.core.data import Rows
from isthmus.core.part import part
from isthmus.data.tables.table import Table
from isthmus.support.errors import ColumnWarning, InputError, unknown


@part("data/condition")
class Condition:
    """The condition of each row: the labels ``y``, or some columns of a DataFrame.

    Parameters
    ----------
    names : str or sequence of str
        ``"y"`` for the labels passed to ``fit``, else column names.
    table : Table or None
        Encodes them; fitted by `learn`.
    """

    def __init__(self, names: str | Sequence[str], table: Table | None = None) -> None:
        self.names, self.table = names, Table() if table is None else table

    @property
    def label(self) -> str:
        """``"y"``, or the column names joined by commas."""
        return self.names if isinstance(self.names, str) else ", ".join(map(str, self.names))

    @property
    def columns(self) -> int:
        """Number of the user's columns that are the condition."""
        return 0 if self.names == "y" else len(self.table.feature_names())

    @property
    def width(self) -> int:
        """Width of the encoded condition."""
        return self.table.shape[0]

    def split(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return X without the columns of the condition, and the condition."""
        if self.names == "y":
            return X, None if y is None else _labels(y)
        import narwhals as nw

        chosen = [self.names] if isinstance(self.names, str) else list(self.names)
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if not isinstance(frame, nw.DataFrame):
            raise InputError(
                f"condition={self.names!r} names columns, but X has no column names: pass a DataFrame, or condition='y'"
            )
        for name in chosen:
            if name not in frame.columns:
                raise InputError(unknown("column in condition", name, frame.columns))
        return frame.drop(chosen).to_native(), frame.select(chosen).to_native()

    def learn(self, values: Rows) -> Condition:
        """Return a fitted copy.

        Raises
        ------
        InputError
            The condition is the labels, but `values` is None.
        """
        if values is None:
            raise InputError("condition='y' needs labels: call fit(X, y)")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ColumnWarning)  # labels are what the user says they are
            return Condition(self.names, self.table.learn([values]))

    def merge(self, other: Condition) -> Condition:
        """Return what `learn` would return for the rows of both."""
        return Condition(self.names, self.table.merge(other.table))

    def encode(self, values: Rows, rows: int) -> dict[str, Tensor]:
        """Return the condition of `rows` rows as columns; a single row is repeated for all.

        Raises
        ------
        InputError
            `values` is None, or has another number of rows.
        """
        if values is None:
            raise InputError(f"this model was trained with condition={self.names!r}: pass condition= with each row")
        x = self.table.batch(self.table.read(values)).x
        if len(x) not in (1, rows):
            raise InputError(f"condition has {len(x)} rows, but {rows} are needed (or one for all)")
        return {"condition:given": x.expand(rows, -1).contiguous()}

    def read(self, values: Rows) -> Any:
        """Return the condition that a caller passed (labels, or a DataFrame of columns) in the form `encode` takes."""
        return _labels(values) if self.names == "y" and values is not None else values


def _labels(y: Any) -> np.ndarray:
    """Return labels as one column; whole numbers, booleans and texts are categories."""
    column = np.asarray(y).reshape(-1, 1)
    return column.astype(str).astype(object) if column.dtype.kind in "OUSbiu" else column
