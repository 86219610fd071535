"""Files of numbers: signals and arrays, within a bound or without any loss."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from isthmus.support.errors import InputError, InputTypeError
from isthmus.tasks.compression import varints
from isthmus.tasks.compression.arrays import native
from isthmus.tasks.compression.chunks import Chunk, DamagedFileError, written
from isthmus.tasks.compression.coder import Decoder, WrongSymbolsError
from isthmus.tasks.compression.header import HEAD, VERSION, NewerFileError
from isthmus.tasks.compression.pictures import OtherSymbolsError
from isthmus.tasks.compression.pyramid import Filter, Reader, Writer, coded
from isthmus.tasks.compression.quantise import Scale, quantised

NUMBERS = 2
"""What a file holds: beside 1, an image."""
FIXED = struct.Struct("<BBBB")
SCALES, BLOCK, EXCEPTIONS = b"SCAL", b"BLOC", b"EXCP"
OF_BLOCK = struct.Struct("<III")
ROWS = 2**17
"""Rows of a block, whose numbers are coded by themselves."""
DTYPES = (
    *("float32", "float64", "float16", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64", "bool"),
)
MAX_AXES = 8
MAX_SCALES = MAX_FILTERS = 2**28


class Head(NamedTuple):
    """The header of a file of numbers: the type, and the shape of the array."""

    dtype: str
    shape: tuple[int, ...]

    def packed(self) -> bytes:
        """Return the payload of the chunk."""
        fixed = FIXED.pack(VERSION, NUMBERS, DTYPES.index(self.dtype), len(self.shape))
        return fixed + struct.pack(f"<{len(self.shape)}Q", *self.shape)


def of_numbers(payload: bytes) -> bool:
    """Whether the header of a file says that it holds numbers."""
    return len(payload) > 1 and payload[1] == NUMBERS


def packed(x: Any, max_error: float | Sequence[float] = 0.0, tell: Callable[[], object] = bool) -> bytes:
    """Return an array as the content of a file.

    Parameters
    ----------
    x : array of shape (n,) or (n, ...)
        Along the first axis, neighbours are alike; each number along the others is a channel.
    max_error : float, or sequence of float
        How far each number that comes back may be off, of each channel; 0: not at all, to the last bit.
    tell : callable, optional
        Called after each block.

    Raises
    ------
    InputError
        x is no array of numbers, or the bound is negative.
    """
    array = np.asarray(x)
    if array.dtype.name not in DTYPES or array.ndim > MAX_AXES:
        raise InputTypeError(f"numbers of type {array.dtype} and {array.ndim} axes: give one of {', '.join(DTYPES)}")
    array = native(array)
    table = array.reshape(len(array), prod(array.shape[1:])) if array.ndim > 1 else array.reshape(-1, 1)
    bounds = _bounds(max_error, table.shape[1])
    head = Chunk(HEAD, Head(array.dtype.name, array.shape).packed())
    if not array.size:
        return written([head])
    scales, k = zip(*(quantised(table[:, at], bound) for at, bound in enumerate(bounds)), strict=True)
    whole = np.stack(k, 1)
    scaled = json.dumps([[scale.step, scale.origin, scale.divisor, scale.palette] for scale in scales])
    body = [Chunk(SCALES, zlib.compress(scaled.encode(), 9)), *_blocks(whole, tell)]
    back = np.stack([scale.numbers(whole[:, at], array.dtype) for at, scale in enumerate(scales)], 1)
    return written([head, *body, *_exceptions(table, back, bounds)])


def _bounds(max_error: float | Sequence[float], channels: int) -> np.ndarray:
    if isinstance(max_error, Mapping):
        raise InputError(
            f"max_error={dict(max_error)}: the columns of an array have no names; give a sequence of bounds"
        )
    bounds = np.asarray(max_error, np.float64)
    if bounds.ndim > 1 or (bounds.ndim == 1 and len(bounds) != channels):
        raise InputError(f"max_error of shape {bounds.shape}: give one number, or one for each of {channels} channels")
    if not (bounds >= 0).all() or np.isinf(bounds).any():
        raise InputError(f"max_error={max_error}: expected numbers of at least 0")
    return np.broadcast_to(bounds, (channels,))


def _blocks(k: np.ndarray, tell: Callable[[], object]) -> Iterator[Chunk]:
    """Yield the blocks of whole numbers."""
    for number, top in enumerate(range(0, len(k), ROWS)):
        part, writer = k[top : top + ROWS].copy(), Writer()
        coded(part, writer)
        filters = zlib.compress(varints.written(_flat(writer.filters)), 9)
        crc = zlib.crc32(np.ascontiguousarray(part, "<i8").tobytes())
        yield Chunk(BLOCK, OF_BLOCK.pack(number, crc, len(filters)) + filters + writer.encoder.words().tobytes())
        tell()


def _flat(filters: Sequence[Filter]) -> Iterator[int]:
    """Yield filters as whole numbers."""
    for one in filters:
        yield from (len(one.weights), *one.weights, one.shift, len(one.rough), *one.rough, len(one.edges))
        yield from (after - before for before, after in zip((0, *one.edges), one.edges, strict=False))
        yield from one.tables


def _filters(numbers: Iterator[int]) -> Iterator[Filter]:
    """Yield the filters of whole numbers."""

    def some(count: int) -> tuple[int, ...]:
        return tuple(next(numbers) for _ in range(count))

    while True:
        weights = some(next(numbers))
        shift, rough, edges = next(numbers), some(next(numbers)), some(next(numbers))
        ends = tuple(int(edge) for edge in np.cumsum(edges, dtype=np.int64))
        yield Filter(weights, shift, rough, ends, some(len(ends) + 1))


def _exceptions(x: np.ndarray, back: np.ndarray, bounds: np.ndarray) -> Iterator[Chunk]:
    """Yield the numbers that do not come back within the bound, bit by bit: NaN, infinities, -0.0 and others."""
    wrong = ~_within(x, back, bounds)
    if wrong.any():
        kept = np.ascontiguousarray(x[wrong])
        planes = kept.view(np.uint8).reshape(len(kept), -1).T.tobytes()
        mask = zlib.compress(np.packbits(wrong.ravel()).tobytes(), 9)
        yield Chunk(EXCEPTIONS, struct.pack("<Q", len(mask)) + mask + zlib.compress(planes, 9))


def _within(x: np.ndarray, back: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Tell which numbers come back as they are, or within the bound."""
    size = x.dtype.itemsize
    same = np.ascontiguousarray(x).view(f"u{size}") == np.ascontiguousarray(back).view(f"u{size}")
    if x.dtype.kind in "iub":
        one, other = (side.astype(np.uint64) for side in (x, back))  # whose differences wrap around rightly
        near: np.ndarray = same | (np.where(x > back, one - other, other - one) <= bounds)
        return near
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(x.astype(np.float64) - back.astype(np.float64))
    plain = np.isfinite(x) & np.isfinite(back) & ~((x == 0) & (np.signbit(x) != np.signbit(back)))
    within: np.ndarray = same | (plain & (off <= bounds) & (bounds > 0))
    return within


def unpacked(chunks: Sequence[Chunk], name: str = "the file") -> np.ndarray:
    """Return the array of a file.

    Raises
    ------
    DamagedFileError, NewerFileError, OtherSymbolsError
    """
    head = _head(chunks[0].payload, name)
    blocks = [chunk for chunk in chunks if chunk.type == BLOCK]
    n, channels = (head.shape[0], prod(head.shape[1:])) if head.shape else (1, 1)
    if len(blocks) != (-(-n // ROWS) if n * channels else 0):
        raise DamagedFileError(f"{name} is damaged: it has {len(blocks)} blocks for {n:,} rows")
    if not n * channels:
        return _nothing(head, name)
    scales = _scales(chunks, channels, name)
    whole = np.concatenate(
        [_block(chunk, at, min(ROWS, n - at * ROWS), channels, name) for at, chunk in enumerate(blocks)]
    )
    dtype = np.dtype(head.dtype)
    back = np.stack([scale.numbers(whole[:, at], dtype) for at, scale in enumerate(scales)], 1)
    for chunk in chunks:
        if chunk.type == EXCEPTIONS:
            _put_exceptions(back, chunk.payload, name)
    return back.reshape(head.shape)


def _nothing(head: Head, name: str) -> np.ndarray:
    """Return an array without any number."""
    try:
        return np.empty(head.shape, head.dtype)
    except ValueError as error:  # an axis is longer than there can be
        raise DamagedFileError(f"{name} is damaged: it says that its shape is {head.shape}") from error


def size(payload: bytes, name: str = "the file") -> int:
    """Return how many bytes an array takes, as the header of its file says."""
    head = _head(payload, name)
    return prod(head.shape) * np.dtype(head.dtype).itemsize


def about(payload: bytes, name: str = "the file") -> dict[str, Any]:
    """Return what the header of a file says."""
    head = _head(payload, name)
    return {"holds": "numbers", "shape": list(head.shape), "type": head.dtype}


def _head(payload: bytes, name: str) -> Head:
    version, _, kind, axes = FIXED.unpack_from(payload) if len(payload) >= FIXED.size else (0, 0, 255, 0)
    if version > VERSION:
        raise NewerFileError(
            f"{name} is of version {version} of the format, and this isthmus reads up to {VERSION}: update isthmus"
        )
    if kind >= len(DTYPES) or axes > MAX_AXES or len(payload) != FIXED.size + 8 * axes:
        raise DamagedFileError(f"{name} is damaged: its header is that of no array")
    return Head(DTYPES[kind], struct.unpack_from(f"<{axes}Q", payload, FIXED.size))


def _scales(chunks: Sequence[Chunk], channels: int, name: str) -> list[Scale]:
    content = next((chunk.payload for chunk in chunks if chunk.type == SCALES), b"")
    try:
        known = json.loads(zlib.decompressobj().decompress(content, MAX_SCALES))
        scales = [Scale(step, origin, divisor, tuple(map(int, palette))) for step, origin, divisor, palette in known]
    except (ValueError, TypeError, zlib.error) as error:
        raise DamagedFileError(f"{name} is damaged: its scales cannot be read") from error
    if len(scales) != channels:
        raise DamagedFileError(f"{name} is damaged: it has scales for {len(scales)} of {channels} channels")
    return scales


def _block(chunk: Chunk, at: int, rows: int, channels: int, name: str) -> np.ndarray:
    number, crc, length = OF_BLOCK.unpack_from(chunk.payload) if len(chunk.payload) >= OF_BLOCK.size else (-1, 0, 0)
    words = chunk.payload[OF_BLOCK.size + length :]
    if number != at or len(words) % 4:
        raise DamagedFileError(f"{name} is damaged: block {at} is missing, or out of order")
    k = np.zeros((rows, channels), np.int64)
    try:
        filters = zlib.decompressobj().decompress(chunk.payload[OF_BLOCK.size : OF_BLOCK.size + length], MAX_FILTERS)
        coded(k, Reader(_filters(varints.read(filters)), Decoder(np.frombuffer(words, "<u4"))))
    except (zlib.error, RuntimeError, IndexError, ValueError, OverflowError, WrongSymbolsError) as error:
        raise DamagedFileError(f"{name} is damaged: block {at} cannot be read ({error})") from error
    if zlib.crc32(k.astype("<i8").tobytes()) != crc:
        raise OtherSymbolsError(
            f"{name} is intact, but this machine reads other numbers from block {at} than were written: nothing is "
            "lost; open it where it was written, and report this with the versions of isthmus and numpy on both"
        )
    return k


def _put_exceptions(back: np.ndarray, payload: bytes, name: str) -> None:
    """Write the numbers that were kept bit by bit into an array."""
    try:
        (length,) = struct.unpack_from("<Q", payload)
        mask = zlib.decompressobj().decompress(payload[8 : 8 + length], back.size // 8 + 1)
        wrong = np.unpackbits(np.frombuffer(mask, np.uint8), count=back.size).astype(bool).reshape(back.shape)
        size = back.dtype.itemsize
        planes = zlib.decompressobj().decompress(payload[8 + length :], int(wrong.sum()) * size + 1)
        kept = np.ascontiguousarray(np.frombuffer(planes, np.uint8).reshape(size, -1).T).view(back.dtype).ravel()
        back[wrong] = kept
    except (zlib.error, ValueError, struct.error) as error:
        raise DamagedFileError(f"{name} is damaged: what is kept bit by bit cannot be read") from error
