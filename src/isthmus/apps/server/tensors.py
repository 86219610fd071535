"""Tensors of the Open Inference Protocol, as JSON and in the binary extension."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from isthmus.apps.http.refusals import Refused
from isthmus.apps.server.bodies import as_json, parsed
from isthmus.apps.server.cells import quoted

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
"""Maximum nesting depth of data."""
LENGTH = struct.Struct("<I")


def split(body: bytes, header_length: bytes | None) -> tuple[dict[str, Any], memoryview]:
    """Return the JSON object of a request, and the binary data after it.

    Raises
    ------
    Refused
        The header with the length of the JSON is wrong, or it is not a JSON object.
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
        An input violates the protocol, or the binary data does not match the inputs.
    """
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise Refused(422, "'inputs' must be a list of tensors that is not empty", "inputs")
    inputs_by_name: dict[str, np.ndarray] = {}
    for entry in inputs:
        name, shape, dtype = _head(entry)
        if name in inputs_by_name:
            raise Refused(422, f"two inputs have the name {name!r}", name)
        size = (entry.get("parameters") or {}).get("binary_data_size")
        if size is None:
            inputs_by_name[name] = _shaped(name, shape, _from_json(name, entry.get("data"), dtype))
            continue
        if type(size) is not int or not 0 <= size <= len(data):
            raise Refused(422, f"input {name!r}: binary_data_size {size!r}, but {len(data)} bytes are left", name)
        inputs_by_name[name], data = _from_binary(name, data[:size], shape, dtype), data[size:]
    if len(data):
        raise Refused(422, f"{len(data)} bytes are left that belong to no input", "inputs")
    return inputs_by_name


def _head(entry: object) -> tuple[str, tuple[int, ...], str]:
    """Return the name, shape and data type of an input."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise Refused(422, "each input must be an object with a name", "inputs")
    name, shape, dtype = entry["name"], entry.get("shape"), entry.get("datatype")
    if not isinstance(entry.get("parameters") or {}, dict):
        raise Refused(422, f"input {name!r}: 'parameters' must be an object", name)
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Refused(422, f"input {name!r}: datatype {dtype!r}; known: {', '.join(DTYPES)}", name)
    if not isinstance(shape, list) or not all(type(axis) is int and axis >= 0 for axis in shape):
        raise Refused(422, f"input {name!r}: 'shape' must be a list of whole numbers", name)
    return name, tuple(shape), dtype


def _from_json(name: str, data: object, dtype: str) -> np.ndarray:
    """Return the data of an input as a flat array; null is NaN among numbers."""
    if not isinstance(data, list):
        raise Refused(422, f"input {name!r} has no list 'data', and no binary_data_size", name)
    cells = _flat(data)
    if dtype == "BYTES":
        values = np.empty(len(cells), object)
        values[:] = cells
        return values
    wanted = DTYPES[dtype]
    for at, cell in enumerate(cells):
        if not isinstance(cell, (int, float)) and not (cell is None and wanted.kind == "f"):
            raise Refused(422, f"input {name!r}, value {at}: {quoted(cell)} is not of type {dtype}", name)
    try:
        with np.errstate(over="ignore"):
            values = np.array([np.nan if cell is None else cell for cell in cells])
            if wanted.kind in "iub" and len(values) and (values.dtype.kind not in "iub" or not _within(values, wanted)):
                raise OverflowError
            return values.astype(wanted)
    except (OverflowError, ValueError, TypeError) as error:
        raise Refused(422, f"input {name!r}: not all of its values are {dtype}", name) from error


def _within(values: np.ndarray, dtype: np.dtype) -> bool:
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return int(values.min()) >= low and int(values.max()) <= high


def _flat(data: list[Any]) -> list[Any]:
    """Return nested lists as one flat list."""
    for _ in range(DEEPEST):
        if not any(isinstance(cell, list) for cell in data):
            break
        data = [cell for value in data for cell in (value if isinstance(value, list) else [value])]
    return data


def _shaped(name: str, shape: tuple[int, ...], values: np.ndarray) -> np.ndarray:
    try:
        return values.reshape(shape)
    except (ValueError, OverflowError) as error:
        message = f"input {name!r}: {len(values)} values do not fill the shape {quoted(list(shape))}"
        raise Refused(422, message, name) from error


def _from_binary(name: str, data: memoryview, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if dtype == "BYTES":
        cells = _texts(name, data)
        values = np.empty(len(cells), object)
        values[:] = cells
    elif len(data) % DTYPES[dtype].itemsize:
        raise Refused(422, f"input {name!r}: {len(data)} bytes are not a multiple of the size of {dtype}", name)
    else:
        values = np.frombuffer(data, DTYPES[dtype])
    return _shaped(name, shape, values)


def _texts(name: str, data: memoryview) -> list[str]:
    """Return length-prefixed texts."""
    texts: list[str] = []
    at = 0
    while at < len(data):
        begin = at + LENGTH.size
        at = begin + (LENGTH.unpack_from(data, at)[0] if begin <= len(data) else 0)
        if at > len(data):
            raise Refused(422, f"input {name!r}: text {len(texts)} is longer than its {len(data)} bytes", name)
        texts.append(_text(name, bytes(data[begin:at])))
    return texts


def _text(name: str, encoded: bytes) -> str:
    try:
        return encoded.decode()
    except UnicodeDecodeError as error:
        raise Refused(422, f"input {name!r} holds bytes that are not UTF-8: {encoded[:20]!r}", name) from error


def datatype_of(array: np.ndarray) -> str:
    """Return the protocol's name of the data type of an array."""
    return next((name for name, dtype in DTYPES.items() if dtype == array.dtype), "BYTES")


def as_binary(array: np.ndarray) -> bytes:
    """Return an array in the format of the binary extension."""
    if array.dtype != object:
        return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
    cells = ["" if cell is None else str(cell) for cell in array.flat]
    return b"".join(LENGTH.pack(len(text)) + text for text in (cell.encode() for cell in cells))


def response_of(
    head: dict[str, Any], outputs: dict[str, np.ndarray], binary: dict[str, bool]
) -> tuple[bytes, int | None]:
    """Return the body of a response, and the length of its JSON if binary data follows.

    Parameters
    ----------
    head : dict
        The response without its outputs.
    outputs : dict of str to ndarray
    binary : dict of str to bool
        Which outputs to append as binary data.
    """
    described, behind = [], []
    for name, array in outputs.items():
        entry: dict[str, Any] = {"name": name, "datatype": datatype_of(array), "shape": list(array.shape)}
        if binary[name]:
            behind.append(as_binary(array))
            entry["parameters"] = {"binary_data_size": len(behind[-1])}
        else:
            entry["data"] = array.ravel().tolist()
        described.append(entry)
    text = as_json({**head, "outputs": described})
    return b"".join([text, *behind]), len(text) if behind else None
