"""Recordings in requests: samples at the rate of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from isthmus.apps.server import schemas
from isthmus.apps.server.kinds.base import Requests, Rows, array_rows, listed_rows, tensor
from isthmus.apps.server.schemas import PLAIN, Schema
from isthmus.data.audio.audio import Audio


class SoundRequests(Requests):
    """Recordings of any length, each request by itself, since they may be long."""

    together = False

    def __init__(self, data: Audio, fields: Sequence[Any], named: bool) -> None:
        [field] = data.fields()
        self.shape = tuple(field.shape)
        self.free = f"recordings of any length, at {data.seen_rate} samples a second"

    def read(self, form: str, rows: Any) -> Rows:
        """Return the recordings of a document."""
        return listed_rows("samples", self.shape, self.key, form, rows)

    def array(self, values: np.ndarray) -> Rows:
        """Return recordings that came as an array; a single one may come without its axis."""
        return array_rows("samples", self.shape, self.key, values)

    def answer(self, rows: Any) -> Any:
        """Return recordings that a model made: an array, or a list of them where they differ in length."""
        return rows

    def mapped(self, values: Any) -> Any:
        """Return a value of each element of their spectrograms."""
        return values

    def inputs(self) -> list[dict[str, Any]]:
        """Return the tensor of samples."""
        return [tensor("samples", "FP32", *self.shape)]

    def forms(self, limit: int) -> list[tuple[str, Schema]]:
        """Return the schema of recordings."""
        return [("rows", {**schemas.rows(schemas.array(PLAIN, self.shape), limit), "description": self.free})]
