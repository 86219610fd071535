"""Files of compressed images: their chunks, and what is in each."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from isthmus.support.errors import FileFormatError, InputError
from isthmus.tasks.compression import lossless
from isthmus.tasks.compression.chunks import Chunk, DamagedFileError, read, written
from isthmus.tasks.compression.codec import Codec, Patch, Tile
from isthmus.tasks.compression.coder import WrongSymbolsError
from isthmus.tasks.compression.header import HEAD, Head, unpacked
from isthmus.tasks.compression.tiling import TILE

TILES, ALPHA, WHOLE, META = b"TILE", b"ALPH", b"PIXL", b"meta"
OF_TILE = struct.Struct("<II")
OF_META = struct.Struct("<HI")
MAX_META = 2**26
GREATEST = {"uint8": 255, "uint16": 65535, "bool": 1}
"""White, of types of whole numbers."""
FLAT = 4.0
"""How many times shorter than deflated differences a file is, at least, of an image that is like a photograph."""


class UnknownModelError(FileFormatError):
    """A compressed file needs another model."""


class OtherSymbolsError(FileFormatError):
    """A compressed file is intact, but gives other symbols on this machine than where it was written."""


@dataclass(frozen=True)
class Picture:
    """An image, and what goes with it.

    Attributes
    ----------
    pixels : ndarray of shape (height, width, channels)
        uint8, uint16, bool, or floats in [0, 1].
    alpha : ndarray of shape (height, width, 1), or None
        Of the same type; kept without loss.
    meta : dict of bytes
        What is carried along, by name: ``"icc"``, ``"exif"``.
    plain : bool
        Whether the array has no axis of channels.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    meta: dict[str, bytes] = field(default_factory=dict)
    plain: bool = False


def packed(
    picture: Picture,
    codec: Codec,
    name: str,
    identity: bytes,
    level: int,
    effort: int = 1,
    detail: float = 0.0,
    tell: Callable[[], object] = bool,
) -> bytes:
    """Return a file of an image; without loss where that is no longer.

    Parameters
    ----------
    picture : Picture
    codec : Codec
    name, identity :
        Of the model: see `Head`.
    level : int
        The step, in 1/32 octaves of 1/255.
    effort : {0, 1}, default 1
    detail : float, default 0
        See `isthmus.tasks.compression.texture.finer`.
    tell : callable, optional
        Called after each tile.
    """
    pixels = picture.pixels
    height, width, channels = pixels.shape
    head = Head(height, width, channels, pixels.dtype.name, level, TILE, name, identity, picture.plain, detail > 0)
    body = []
    for number, tile in enumerate(codec.encoded(in_channels(as_floats(pixels), codec), level, effort, detail, TILE)):
        body.append(Chunk(TILES, OF_TILE.pack(number, tile.checksum) + tile.words.tobytes()))
        tell()
    body = _shorter(body, pixels)
    beside = [] if picture.alpha is None else [Chunk(ALPHA, lossless.packed(picture.alpha))]
    return written([Chunk(HEAD, head.packed()), *_meta(picture.meta), *beside, *body])


def _shorter(body: list[Chunk], pixels: np.ndarray) -> list[Chunk]:
    """Return these chunks, or one without loss where it is no longer."""
    length = sum(len(chunk.payload) for chunk in body)
    rows = pixels[:: max(1, len(pixels) // 64)]
    if len(lossless._deflated(rows)) * len(pixels) / len(rows) > FLAT * length:
        return body
    whole = lossless.packed(pixels)
    return [Chunk(WHOLE, whole)] if len(whole) <= length else body


def head_of(chunks: Sequence[Chunk], name: str) -> Head:
    """Return the header.

    Raises
    ------
    DamagedFileError
        There is none, or it is damaged.
    """
    if not chunks or chunks[0].type != HEAD or not chunks[0].intact:
        raise DamagedFileError(f"{name} is damaged: it has no intact header")
    return unpacked(chunks[0].payload, name)


def unpacked_picture(
    data: bytes,
    codec_of: Callable[[str, bytes], Codec],
    name: str = "the file",
    salvage: bool = False,
    tell: Callable[[], object] = bool,
) -> tuple[Picture, list[int]]:
    """Return the image of a file, and the numbers of tiles that were lost.

    Parameters
    ----------
    data : bytes
    codec_of : callable
        From the name and identity of a model to its codec; raises `UnknownModelError`.
    name : str, default "the file"
        What it is called in messages.
    salvage : bool, default False
        Whether tiles that are lost are left empty, rather than to raise.
    tell : callable, optional
        Called after each tile.

    Raises
    ------
    DamagedFileError, NewerFileError, UnknownModelError, OtherSymbolsError
    """
    chunks = read(data, name, damaged=salvage)
    head = head_of(chunks, name)
    by_type = _by_type(chunks, name)
    meta = meta_of(by_type.get(META, []))
    shape = head.shape
    alpha = _without_loss(by_type[ALPHA], (*shape[:2], 1), head.dtype, salvage) if ALPHA in by_type else None
    if WHOLE in by_type:
        pixels = _without_loss(by_type[WHOLE], shape, head.dtype, False)
        assert pixels is not None
        return Picture(pixels, alpha, meta, head.plain), []
    codec = codec_of(head.model, head.identity)
    if head.tile < codec.margin:
        raise DamagedFileError(f"{name} is damaged: it says that tiles have a side of {head.tile}")
    coded = _tiles(by_type.get(TILES, []), head, codec, name, salvage)
    inner = (*shape[:2], codec.channels)
    try:
        pixels = _collected(codec.decoded(coded, inner, head.level, head.tile, tell, head.uneven), shape, head.dtype)
    except WrongSymbolsError as error:
        raise OtherSymbolsError(
            f"{name} is intact, but this machine reads other symbols from it than were written: nothing is lost; "
            "open it where it was written, and report this with the versions of isthmus and torch on both machines"
        ) from error
    return Picture(pixels, alpha, meta, head.plain), [at for at, tile in enumerate(coded) if tile is None]


def _by_type(chunks: Sequence[Chunk], name: str) -> dict[bytes, list[Chunk]]:
    """Return the chunks by their type.

    Raises
    ------
    FileFormatError
        One must be understood, and is not.
    """
    by_type: dict[bytes, list[Chunk]] = {}
    for chunk in chunks[1:]:
        if chunk.type not in (TILES, ALPHA, WHOLE, META) and not chunk.skippable:
            raise FileFormatError(
                f"{name} has a part {chunk.type.decode('ascii', 'replace')!r}, unknown to this isthmus: update it"
            )
        by_type.setdefault(chunk.type, []).append(chunk)
    return by_type


def _tiles(chunks: Sequence[Chunk], head: Head, codec: Codec, name: str, salvage: bool) -> list[Tile | None]:
    """Return the tiles in their order; None for those that are lost."""
    count = codec.count(head.height, head.width, head.tile)
    in_order: list[Tile | None] = [None] * count
    for chunk in chunks:
        words = len(chunk.payload) - OF_TILE.size
        number, checksum = OF_TILE.unpack_from(chunk.payload) if words >= 0 else (count, 0)
        wrong = words < 0 or words % 4 or number >= count or in_order[number] is not None
        if wrong and not salvage:
            raise DamagedFileError(f"{name} is damaged: tile {number} is not one of {count}, or there twice")
        if chunk.intact and not wrong:
            in_order[number] = Tile(checksum, np.frombuffer(chunk.payload, "<u4", offset=OF_TILE.size))
    missing = [at for at, tile in enumerate(in_order) if tile is None]
    if missing and not salvage:
        raise DamagedFileError(f"{name} is damaged: {len(missing)} of {count} tiles are missing, such as {missing[0]}")
    return in_order


def _without_loss(chunks: Sequence[Chunk], shape: tuple[int, int, int], dtype: str, salvage: bool) -> np.ndarray | None:
    if salvage and not chunks[0].intact:
        return None
    return lossless.unpacked(chunks[0].payload, shape, dtype)


def _meta(meta: dict[str, bytes]) -> Iterator[Chunk]:
    """Yield a chunk of what is carried along, if there is anything."""
    if meta:
        parts = [OF_META.pack(len(name.encode()), len(value)) + name.encode() + value for name, value in meta.items()]
        yield Chunk(META, zlib.compress(b"".join(parts), 9))


def meta_of(chunks: Sequence[Chunk]) -> dict[str, bytes]:
    """Return what is carried along; nothing of a damaged chunk."""
    meta: dict[str, bytes] = {}
    for chunk in chunks:
        if not chunk.intact:
            continue
        content, at = zlib.decompressobj().decompress(chunk.payload, MAX_META), 0
        while at + OF_META.size <= len(content):
            length, size = OF_META.unpack_from(content, at)
            at += OF_META.size
            meta[content[at : at + length].decode("utf-8", "replace")] = content[at + length : at + length + size]
            at += length + size
    return meta


# -- pixels ------------------------------------------------------------------------------------------------------


def as_floats(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 as it is, other pixels as float32 in [0, 1]."""
    if pixels.dtype == np.uint8:
        return pixels
    return pixels.astype(np.float32) / np.float32(GREATEST.get(pixels.dtype.name, 1))


def in_channels(pixels: np.ndarray, codec: Codec) -> np.ndarray:
    """Return an image with as many channels as a codec has: grey ones are repeated.

    Raises
    ------
    InputError
        It has another number of channels, and is not grey.
    """
    channels = pixels.shape[2]
    if channels == codec.channels:
        return pixels
    if channels == 1:
        return np.broadcast_to(pixels, (*pixels.shape[:2], codec.channels))
    raise InputError(
        f"the image has {channels} channels, but the model was trained on images with {codec.channels}: train one on "
        "such images, Compressor().fit(images), or bring them to grey or colour"
    )


def _collected(patches: Iterable[Patch], shape: tuple[int, int, int], dtype: str) -> np.ndarray:
    """Return an image of its parts; one that was grey is the mean of a codec's channels."""
    image = np.empty(shape, dtype)
    for patch in patches:
        pixels = patch.pixels
        own = pixels if pixels.shape[2] == shape[2] else pixels.mean(2, keepdims=True)
        patch.of(image)[...] = np.rint(own * GREATEST[dtype]) if dtype in GREATEST else own
    return image


def in_unit(pixels: np.ndarray) -> np.ndarray:
    """Return pixels as floats in [0, 1]."""
    greatest = GREATEST.get(pixels.dtype.name)
    return pixels if greatest is None else pixels / np.float32(greatest)
