"""Signals in requests: the time steps of one signal at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from isthmus.apps.http.refusals import Refused
from isthmus.apps.server import schemas
from isthmus.apps.server.cells import column, matrix
from isthmus.apps.server.kinds.base import Requests, Rows, Values, columns_of, frame, lists_of, tensor
from isthmus.apps.server.schemas import NUMBER, Schema
from isthmus.data.signals.signals import Signals


class SignalRequests(Requests):
    """Time steps of a signal: one list or array of shape (time steps, channels), or named columns."""

    batched = False

    def __init__(self, data: Signals, fields: Sequence[Any], named: bool) -> None:
        self.names = list(map(str, data.channel_names()))

    def read(self, form: str, content: Any) -> Rows:
        """Return the time steps of a document."""
        if form == "rows" and isinstance(content[0], list):
            return Rows(matrix(self.names, content), len(content), "lists")
        if form == "rows" and len(self.names) == 1 and not isinstance(content[0], dict):
            return Rows(column(self.names[0], "float", content)[:, None], len(content), "lists")
        columns = columns_of(content) if form == "rows" else content
        read = {
            name: column(name, "float" if name in self.names else "category", cells) for name, cells in columns.items()
        }
        return Rows(read, len(next(iter(read.values()))), "objects" if form == "rows" else "columns")

    def array(self, values: np.ndarray) -> Rows:
        """Return time steps that came as an array."""
        values = values[:, None] if values.ndim == 1 and len(self.names) == 1 else values
        if values.ndim != 2 or values.shape[1] != len(self.names) or not len(values):
            raise Refused(422, f"a signal of shape {values.shape}; expected (time steps, {len(self.names)})", "rows")
        return Rows(values.astype(np.float64), len(values), "array")

    def join(self, parts: Sequence[Values], framed: bool) -> Any:
        """Return the one signal as what an estimator takes."""
        return frame(parts[0], list(parts[0])) if isinstance(parts[0], dict) else parts[0]

    def answer(self, rows: Any) -> Any:
        """Return time steps in the form in which they came."""
        listed = lists_of(rows)
        return super().answer(rows) if listed is None else listed

    def contributions(self, values: np.ndarray) -> Any:
        """Return a list for each channel; those of windows as they are."""
        return (
            dict(zip(self.names, values.T.tolist(), strict=True)) if values.ndim == 2 else super().contributions(values)
        )

    def inputs(self) -> list[dict[str, Any]]:
        """Return the tensor of the signal."""
        return [tensor("signal", "FP64", len(self.names))]

    def tensors(self, rows: Any) -> list[np.ndarray]:
        """Return the channels side by side."""
        whole = np.array([rows[name] for name in self.names], float).T if isinstance(rows, dict) else rows
        return super().tensors(whole)

    def forms(self, limit: int) -> list[tuple[str, Schema]]:
        """Return the schema of time steps."""
        return [("rows", schemas.rows(schemas.array(NUMBER, (len(self.names),)), limit))]
