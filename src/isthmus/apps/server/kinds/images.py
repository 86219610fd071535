"""Pictures in requests: nested lists, arrays, and files of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np

from isthmus import InputError
from isthmus.apps.http.refusals import Refused
from isthmus.apps.server import schemas
from isthmus.apps.server.kinds.base import Requests, Rows, array_rows, listed_rows, tensor
from isthmus.apps.server.schemas import PLAIN, Schema
from isthmus.data.images.files import decode_sized, write_png
from isthmus.data.images.images import Images


class PictureRequests(Requests):
    """Pictures of one shape."""

    pictures = True

    def __init__(self, data: Images, fields: Sequence[Any], named: bool) -> None:
        self.data, [self.field] = data, data.fields()
        self.shape, self.bytes = tuple(self.field.shape), self.field.high == 255

    def read(self, form: str, given: Any) -> Rows:
        """Return the pictures of a document."""
        return listed_rows("pixels", self.shape, self.place, form, given, self.bytes)

    def array(self, found: np.ndarray) -> Rows:
        """Return pictures that came as an array; a single one may come without its axis."""
        return array_rows("pixels", self.shape, self.place, found, self.bytes)

    def picture(self, body: bytes) -> Rows:
        """Return the one picture in a file."""
        channels, height, width = self.data.shape
        try:
            found = decode_sized(BytesIO(body), (height, width), "RGB" if channels == 3 else "L") / np.float32(255)
        except InputError as error:
            raise Refused(422, str(error), "body") from error
        placed = np.moveaxis(found, -1, 0) if self.data.channels_first and channels == 3 else found
        return self.array(placed.reshape(self.shape)[None])

    def png(self, found: Any) -> bytes:
        """Return an answer of one picture as PNG."""
        if np.shape(found)[1:] != self.shape:
            return super().png(found)
        if len(found) != 1:
            raise Refused(406, f"image/png holds one picture, not {len(found)}: accept application/x-npy", "Accept")
        stream = BytesIO()
        write_png(np.moveaxis(found, 1, -1) if self.data.channels_first else found, None, stream)
        return stream.getvalue()

    def inputs(self) -> list[dict[str, Any]]:
        """Return the tensor of pixels."""
        return [tensor(self.field.name, "FP32", *self.shape)]

    def forms(self, most: int) -> list[tuple[str, Schema]]:
        """Return the schema of pictures."""
        return [("rows", schemas.rows(schemas.array(PLAIN, self.shape), most))]
