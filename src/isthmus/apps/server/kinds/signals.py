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

    def read(self, form: str, given: Any) -> Rows:
        """Return the time steps of a document."""
        if form == "rows" and isinstance(given[0], list):
            return Rows(matrix(self.names, given), len(given), "lists")
        if form == "rows" and len(self.names) == 1 and not isinstance(given[0], dict):
            return Rows(column(self.names[0], "float", given)[:, None], len(given), "lists")
        columns = columns_of(given) if form == "rows" else given
        read = {
            name: column(name, "float" if name in self.names else "category", cells) for name, cells in columns.items()
        }
        return Rows(read, len(next(iter(read.values()))), "objects" if form == "rows" else "columns")

    def array(self, found: np.ndarray) -> Rows:
        """Return time steps that came as an array."""
        found = found[:, None] if found.ndim == 1 and len(self.names) == 1 else found
        if found.ndim != 2 or found.shape[1] != len(self.names) or not len(found):
            raise Refused(422, f"a signal of shape {found.shape}; expected (time steps, {len(self.names)})", "rows")
        return Rows(found.astype(np.float64), len(found), "array")

    def join(self, parts: Sequence[Values], framed: bool) -> Any:
        """Return the one signal as what an estimator takes."""
        return frame(parts[0], list(parts[0])) if isinstance(parts[0], dict) else parts[0]

    def answer(self, found: Any) -> Any:
        """Return time steps in the form in which they came."""
        listed = lists_of(found)
        return super().answer(found) if listed is None else listed

    def contributions(self, found: np.ndarray) -> Any:
        """Return a list for each channel; those of windows as they are."""
        return dict(zip(self.names, found.T.tolist(), strict=True)) if found.ndim == 2 else super().contributions(found)

    def inputs(self) -> list[dict[str, Any]]:
        """Return the tensor of the signal."""
        return [tensor("signal", "FP64", len(self.names))]

    def tensors(self, found: Any) -> list[np.ndarray]:
        """Return the channels side by side."""
        whole = np.array([found[name] for name in self.names], float).T if isinstance(found, dict) else found
        return super().tensors(whole)

    def forms(self, most: int) -> list[tuple[str, Schema]]:
        """Return the schema of time steps."""
        return [("rows", schemas.rows(schemas.array(NUMBER, (len(self.names),)), most))]
