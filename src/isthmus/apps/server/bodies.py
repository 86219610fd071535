"""Bodies: JSON, npy, PNG and WAV, in and out."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import numpy as np
from starlette.types import Receive

from isthmus.apps.http.refusals import Refused
from isthmus.apps.server.cells import nested, quoted

JSON, NPY, PNG, WAV = "application/json", "application/x-npy", "image/png", "audio/wav"
OCTETS = "application/octet-stream"
ENCODE = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
WRONG = (ValueError, TypeError, OverflowError)
"""What numpy says of shapes that cannot be."""
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


async def received(receive: Receive) -> bytes:
    """Return the body of a request.

    Raises
    ------
    Refused
        The client disconnected before the body was complete.
    """
    pieces: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the body ended early", "body")
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def parsed(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body.

    Raises
    ------
    Refused
        The body is not a JSON object.
    """
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON: {error}", "body") from error
    if not isinstance(document, dict):
        raise Refused(422, "the body is not a JSON object: send {'rows': [[…], …]} or {'columns': {…}}", "body")
    return document


def array_of(body: bytes) -> np.ndarray:
    """Return the array in a body in the format npy, as a view.

    Raises
    ------
    Refused
        The body is broken or incomplete, or does not hold numbers.
    """
    stream = BytesIO(body)
    try:
        shape, fortran, dtype = HEADERS[np.lib.format.read_magic(stream)](stream)
    except (*WRONG, KeyError, EOFError, SyntaxError, RecursionError, MemoryError) as error:
        raise Refused(400, "the body is no array in the format npy, version 1 or 2, of numpy.save", "body") from error
    if dtype.kind not in "fiub":
        raise Refused(422, f"an array of type {quoted(dtype)}: send numbers, or JSON", "body")
    try:
        values = np.frombuffer(body, dtype, offset=stream.tell())
        if -1 in shape:  # numpy would choose
            raise ValueError("an axis is negative")
        return values.reshape(shape, order="F" if fortran else "C")
    except WRONG as error:
        message = f"the body is no whole array: it has not the bytes of {quoted(shape)} numbers of type {dtype}"
        raise Refused(400, message, "body") from error


def as_json(document: object) -> bytes:
    """Return a document as JSON; NaN and infinity are null."""
    try:
        return ENCODE(document).encode()
    except (ValueError, TypeError):
        return ENCODE(nested(document)).encode()


def as_npy(result: object) -> bytes:
    """Return an array, or columns of numbers stacked to an array, in the format npy.

    Raises
    ------
    Refused
        A column does not hold numbers, or rows differ in size.
    """
    if isinstance(result, list):
        raise Refused(406, "rows that differ in size cannot be one array: accept application/json", "Accept")
    if isinstance(result, dict):
        columns = {name: np.array(cells) for name, cells in result.items()}
        if strange := [name for name, cells in columns.items() if cells.dtype.kind not in "fiub"]:
            raise Refused(406, f"the columns {strange} are not numbers: accept application/json", "Accept")
        result = np.stack([cells.astype(np.float64) for cells in columns.values()], 1)
    stream = BytesIO()
    np.save(stream, np.asarray(result), allow_pickle=False)
    return stream.getvalue()
