"""Tensors of the Open Inference Protocol, as JSON and as the binary extension has them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from isthmus.apps.http.refusals import Refused
from isthmus.apps.server.bodies import as_json, parsed
from isthmus.apps.server.cells import shown

DTYPES = {
    "BOOL": np.dtype("?"),
    **{
        f"{sign}INT{bits}": np.dtype(f"<{sign.lower()[:1] or 'i'}{bits // 8}")
        for sign in ("U", "")
        for bits in (8, 16, 32, 64)
    },
    **{f"FP{bits}": np.dtype(f"<f{bits // 8}") for bits in (16, 32, 64)},
    "BYTES": np.dtype(object),
}
DEEPEST = 32
"""Axes that data may be nested in."""
LENGTH = struct.Struct("<I")


def split(body: bytes, header_length: bytes | None) -> tuple[dict[str, Any], memoryview]:
    """Return the JSON of a request, and the binary data behind it.

    Raises
    ------
    Refused
        The header that says where it ends is wrong, or it is no JSON object.
    """
    if header_length is None:
        return parsed(body), memoryview(b"")
    if not header_length.isdigit() or int(header_length) > len(body):
        raise Refused(
            400, f"Inference-Header-Content-Length {header_length!r} does not fit a body of {len(body)} bytes"
        )
    end = int(header_length)
    return parsed(body[:end]), memoryview(body)[end:]


def tensors_of(document: dict[str, Any], data: memoryview) -> dict[str, np.ndarray]:
    """Return the inputs of a request by name.

    Raises
    ------
    Refused
        One is not as the protocol has it, or the binary data are not what the inputs say.
    """
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise Refused(422, "'inputs' must be a list of tensors that is not empty", "inputs")
    found: dict[str, np.ndarray] = {}
    for given in inputs:
        name, shape, dtype = _head(given)
        if name in found:
            raise Refused(422, f"two inputs are called {name!r}", name)
        size = (given.get("parameters") or {}).get("binary_data_size")
        if size is None:
            found[name] = _shaped(name, shape, _from_json(name, given.get("data"), dtype))
            continue
        if type(size) is not int or not 0 <= size <= len(data):
            raise Refused(422, f"input {name!r}: binary_data_size {size!r}, but {len(data)} bytes are left", name)
        found[name], data = _from_binary(name, data[:size], shape, dtype), data[size:]
    if len(data):
        raise Refused(422, f"{len(data)} bytes are left that no input asks for", "inputs")
    return found


def _head(given: Any) -> tuple[str, tuple[int, ...], str]:
    """Return name, shape and type of an input."""
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise Refused(422, "each input must be an object with a name", "inputs")
    name, shape, dtype = given["name"], given.get("shape"), given.get("datatype")
    if not isinstance(given.get("parameters") or {}, dict):
        raise Refused(422, f"input {name!r}: 'parameters' must be an object", name)
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Refused(422, f"input {name!r}: datatype {dtype!r}; known: {', '.join(DTYPES)}", name)
    if not isinstance(shape, list) or not all(type(axis) is int and axis >= 0 for axis in shape):
        raise Refused(422, f"input {name!r}: 'shape' must be a list of whole numbers", name)
    return name, tuple(shape), dtype


def _from_json(name: str, data: Any, dtype: str) -> np.ndarray:
    """Return the data of an input as one axis; of numbers with null for NaN."""
    if not isinstance(data, list):
        raise Refused(422, f"input {name!r} has no list 'data', and no binary_data_size", name)
    cells = _flat(data)
    if dtype == "BYTES":
        found = np.empty(len(cells), object)
        found[:] = cells
        return found
    wanted = DTYPES[dtype]
    for at, cell in enumerate(cells):
        if not isinstance(cell, (int, float)) and not (cell is None and wanted.kind == "f"):
            raise Refused(422, f"input {name!r}, place {at}: {shown(cell)} is no {dtype}", name)
    try:
        with np.errstate(over="ignore"):
            found = np.array([np.nan if cell is None else cell for cell in cells])
            if wanted.kind in "iub" and len(found) and (found.dtype.kind not in "iub" or not _within(found, wanted)):
                raise OverflowError
            return found.astype(wanted)
    except (OverflowError, ValueError, TypeError) as error:
        raise Refused(422, f"input {name!r}: not all of its values are {dtype}", name) from error


def _within(found: np.ndarray, dtype: np.dtype) -> bool:
    least, most = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return int(found.min()) >= least and int(found.max()) <= most


def _flat(data: list[Any]) -> list[Any]:
    """Return nested lists as one."""
    for _ in range(DEEPEST):
        if not any(isinstance(cell, list) for cell in data):
            break
        data = [cell for held in data for cell in (held if isinstance(held, list) else [held])]
    return data


def _shaped(name: str, shape: tuple[int, ...], found: np.ndarray) -> np.ndarray:
    try:
        return found.reshape(shape)
    except (ValueError, OverflowError) as error:
        message = f"input {name!r}: {len(found)} values do not fill the shape {shown(list(shape))}"
        raise Refused(422, message, name) from error


def _from_binary(name: str, data: memoryview, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if dtype == "BYTES":
        cells = _texts(name, data)
        found = np.empty(len(cells), object)
        found[:] = cells
    elif len(data) % DTYPES[dtype].itemsize:
        raise Refused(422, f"input {name!r}: {len(data)} bytes are no whole number of {dtype}", name)
    else:
        found = np.frombuffer(data, DTYPES[dtype])
    return _shaped(name, shape, found)


def _texts(name: str, data: memoryview) -> list[str]:
    """Return texts that stand one behind the other, the length of each before it."""
    found: list[str] = []
    at = 0
    while at < len(data):
        begin = at + LENGTH.size
        at = begin + (LENGTH.unpack_from(data, at)[0] if begin <= len(data) else 0)
        if at > len(data):
            raise Refused(422, f"input {name!r}: text {len(found)} is longer than its {len(data)} bytes", name)
        found.append(_text(name, bytes(data[begin:at])))
    return found


def _text(name: str, held: bytes) -> str:
    try:
        return held.decode()
    except UnicodeDecodeError as error:
        raise Refused(422, f"input {name!r} holds bytes that are no UTF-8: {held[:20]!r}", name) from error


def datatype_of(found: np.ndarray) -> str:
    """Return what the protocol calls the type of an array."""
    return next((name for name, dtype in DTYPES.items() if dtype == found.dtype), "BYTES")


def as_binary(found: np.ndarray) -> bytes:
    """Return an array as the binary extension has it."""
    if found.dtype != object:
        return np.ascontiguousarray(found, found.dtype.newbyteorder("<")).tobytes()
    cells = ["" if cell is None else str(cell) for cell in found.flat]
    return b"".join(LENGTH.pack(len(text)) + text for text in (cell.encode() for cell in cells))


def response_of(
    head: dict[str, Any], outputs: dict[str, np.ndarray], binary: dict[str, bool]
) -> tuple[bytes, int | None]:
    """Return the body of an answer, and the length of its JSON where binary data follow.

    Parameters
    ----------
    head : dict
        Of the answer, without its outputs.
    outputs : dict of str to ndarray
    binary : dict of str to bool
        Which of them go behind the JSON.
    """
    described, behind = [], []
    for name, found in outputs.items():
        entry: dict[str, Any] = {"name": name, "datatype": datatype_of(found), "shape": list(found.shape)}
        if binary[name]:
            behind.append(as_binary(found))
            entry["parameters"] = {"binary_data_size": len(behind[-1])}
        else:
            entry["data"] = found.ravel().tolist()
        described.append(entry)
    text = as_json({**head, "outputs": described})
    return b"".join([text, *behind]), len(text) if behind else None
