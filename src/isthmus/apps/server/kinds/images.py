"""Images in requests: nested lists, arrays, and files of one image."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np

from isthmus import InputError
from isthmus.apps.http.refusals import Refused
from isthmus.apps.server import schemas
from isthmus.apps.server.kinds.base import Requests, Rows, array_rows, fits, listed_rows, tensor
from isthmus.apps.server.schemas import PLAIN, Schema
from isthmus.data.images.files import decode_sized, write_png
from isthmus.data.images.head import TooManyPixels
from isthmus.data.images.images import Images

FREE = "images of any height and width, in any number of sizes"


class ImageRequests(Requests):
    """Images of one shape, or of any height and width: each request then by itself, since images may be large."""

    images = True

    def __init__(self, data: Images, fields: Sequence[object], named: bool) -> None:
        self.data, [self.field] = data, data.fields()
        self.shape, self.bytes = tuple(self.field.shape), self.field.high == 255
        self.together = not data.any_size

    def read(self, form: str, rows: Any) -> Rows:
        """Return the images of a document."""
        return listed_rows("pixels", self.shape, self.key, form, rows, self.bytes)

    def array(self, values: np.ndarray) -> Rows:
        """Return images that came as an array; a single one may come without its axis."""
        return array_rows("pixels", self.shape, self.key, values, self.bytes)

    def image(self, body: bytes, limit: int) -> Rows:
        """Return the one image in a file."""
        channels, height, width = self.data.shape
        try:
            decoded = decode_sized(BytesIO(body), (height, width), "RGB" if channels == 3 else "L", limit // channels)
        except TooManyPixels as error:
            raise Refused(413, str(error), "body") from error
        except InputError as error:
            raise Refused(422, str(error), "body") from error
        pixels = np.atleast_3d(decoded / np.float32(255))
        pixels = np.moveaxis(pixels, -1, 0) if self.data.channels_first else pixels
        return self.array((pixels if len(self.shape) == 3 else pixels[..., 0])[None])

    def answer(self, rows: Any) -> Any:
        """Return images that a model made: an array, or a list of them where they differ in size."""
        return np.asarray(rows) if self.together else rows

    def mapped(self, values: Any) -> Any:
        """Return a value of each pixel: an array, or a list of them where images differ in size."""
        return self.answer(values)

    def png(self, rows: Any) -> bytes:
        """Return an answer of one image as PNG."""
        if not all(fits(np.shape(row), self.shape) for row in rows):
            return super().png(rows)
        if len(rows) != 1:
            raise Refused(406, f"image/png holds one image, not {len(rows)}: accept application/x-npy", "Accept")
        stream = BytesIO()
        write_png(np.moveaxis(rows, 1, -1) if self.data.channels_first else rows, None, stream)
        return stream.getvalue()

    def inputs(self) -> list[dict[str, Any]]:
        """Return the tensor of pixels."""
        return [tensor(self.field.name, "FP32", *self.shape)]

    def forms(self, limit: int) -> list[tuple[str, Schema]]:
        """Return the schema of images."""
        free = {} if self.together else {"description": FREE}
        return [("rows", {**schemas.rows(schemas.array(PLAIN, self.shape), limit), **free})]
