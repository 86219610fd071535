"""Recordings in requests: samples at the rate of the model, and sound files of any rate."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np

from isthmus import InputError
from isthmus.apps.http.refusals import Refused
from isthmus.apps.http.uploaded import as_file
from isthmus.apps.server import schemas
from isthmus.apps.server.kinds.base import Requests, Rows, array_rows, listed_rows, tensor
from isthmus.apps.server.schemas import PLAIN, Schema
from isthmus.data.audio.recorded import Recorded
from isthmus.data.audio.sound_files import decode, encode, head

BYTES = 4
"""Of a sample."""


class SoundRequests(Requests):
    """Recordings of any length, each request by itself, since they may be long."""

    together = False
    sounds = True

    def __init__(self, data: Recorded, fields: Sequence[Any], named: bool) -> None:
        [field] = data.fields()
        self.data, self.shape = data, tuple(field.shape)
        self.free = f"recordings of any length, at {data.seen_rate} samples a second"

    def read(self, form: str, rows: Any) -> Rows:
        """Return the recordings of a document."""
        return listed_rows("samples", self.shape, self.key, form, rows)

    def array(self, values: np.ndarray) -> Rows:
        """Return recordings that came as an array; a single one may come without its axis."""
        return array_rows("samples", self.shape, self.key, values)

    def sound(self, body: bytes, limit: int) -> Rows:
        """Return the one recording in a sound file, with its rate and its channels."""
        try:
            with as_file(body, "body") as path:
                about = head(path)
                if about.samples * about.channels * BYTES > limit:
                    longest = limit // (about.channels * BYTES)
                    raise Refused(413, f"{about.samples:,} samples, but at most {longest:,} are taken: cut it", "body")
                return Rows([decode(path)], 1, "lists")
        except InputError as error:
            raise Refused(422, str(error), "body") from error

    def wav(self, rows: Any) -> bytes:
        """Return an answer of one recording as a WAV file of floats, at its rate."""
        recordings = self.data.sequence(rows)
        if len(recordings) != 1:
            raise Refused(
                406, f"a WAV file holds one recording, not {len(recordings)}: accept application/json", "Accept"
            )
        stream = BytesIO()
        encode(recordings.at(0), stream)
        return stream.getvalue()

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
