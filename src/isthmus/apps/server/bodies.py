"""Bodies: JSON, npy and PNG, in and out."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import numpy as np

from isthmus.apps.http.refusals import Refused
from isthmus.apps.server.cells import nested, shown

JSON, NPY, PNG = "application/json", "application/x-npy", "image/png"
ENCODE = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
WRONG = (ValueError, TypeError, OverflowError)
"""What numpy says of shapes that cannot be."""
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


async def received(receive: Any) -> bytes:
    """Return the body of a request.

    Raises
    ------
    Refused
        The client left before it was whole.
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
    """Return the object that a body holds as JSON.

    Raises
    ------
    Refused
        It holds none.
    """
    try:
        found = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is no JSON: {error}", "body") from error
    if not isinstance(found, dict):
        raise Refused(422, "the body is no JSON object: send {'rows': [[…], …]} or {'columns': {…}}", "body")
    return found


def array_of(body: bytes) -> np.ndarray:
    """Return the array in a body of the format npy; a view of it.

    Raises
    ------
    Refused
        It is broken, holds no numbers, or says that it holds more than it does.
    """
    stream = BytesIO(body)
    try:
        shape, fortran, dtype = HEADERS[np.lib.format.read_magic(stream)](stream)
    except (*WRONG, KeyError, EOFError, SyntaxError, RecursionError, MemoryError) as error:
        raise Refused(400, "the body is no array in the format npy, version 1 or 2, of numpy.save", "body") from error
    if dtype.kind not in "fiub":
        raise Refused(422, f"an array of type {shown(dtype)}: send numbers, or JSON", "body")
    try:
        found = np.frombuffer(body, dtype, offset=stream.tell())
        if -1 in shape:  # numpy would choose
            raise ValueError("an axis is negative")
        return found.reshape(shape, order="F" if fortran else "C")
    except WRONG as error:
        message = f"the body is no whole array: it has not the bytes of {shown(shape)} numbers of type {dtype}"
        raise Refused(400, message, "body") from error


def as_json(document: Any) -> bytes:
    """Return a document as JSON; what JSON has no number for is null."""
    try:
        return ENCODE(document).encode()
    except (ValueError, TypeError):
        return ENCODE(nested(document)).encode()


def as_npy(values: Any) -> bytes:
    """Return an array, or columns of numbers side by side, in the format npy.

    Raises
    ------
    Refused
        A column holds no numbers, or rows differ in size.
    """
    if isinstance(values, list):
        raise Refused(406, "rows that differ in size are no one array: accept application/json", "Accept")
    if isinstance(values, dict):
        columns = {name: np.array(cells) for name, cells in values.items()}
        if strange := [name for name, cells in columns.items() if cells.dtype.kind not in "fiub"]:
            raise Refused(406, f"the columns {strange} are no numbers: accept application/json", "Accept")
        values = np.stack([cells.astype(np.float64) for cells in columns.values()], 1)
    stream = BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()
