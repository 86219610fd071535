"""Tags of TIFF files that are about the whole image: kept when its pixels change; others say how pixels are stored."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from isthmus.data.images.orientation import TAG as ORIENTATION
from isthmus.support.errors import extra

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

TEXTS = (269, 270, 271, 272, 285, 305, 306, 315, 316, 33432)
"""Names of the document and of the page, description, maker, model, program, date, artist, computer, and copyright."""
COORDINATES = (286, 287, 33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113)
"""Where the image lies on a page, or on the earth (GeoTIFF)."""
RECORDS = (700, 33723, 34377)
"""XMP, IPTC, and what Photoshop keeps."""
KEPT = (*TEXTS, *COORDINATES, *RECORDS)
DIRECTORIES = (34665, 34853)
"""EXIF data and GPS, which are directories of their own: the value is where they lie."""
LIES_ELSEWHERE = (0xA005,)
"""What points from EXIF data to yet another directory."""
ORDER = {b"II*\0": "<", b"MM\0*": ">"}
"""Byte order by the first bytes of a file; BigTIFF files begin otherwise."""
ENTRY = 12
"""Bytes of a tag in a directory."""

Directories = dict[int, dict[int, Any]]
"""From the tag of a directory to what it holds."""


def tags_of(page: Any, orientation: int) -> list[tuple[Any, ...]]:
    """Return the tags of a page that are about the whole image, for tifffile to write.

    Parameters
    ----------
    page : tifffile.TiffPage
    orientation : int
        That of the pixels as they will be stored.
    """
    kept = [(tag.code, int(tag.dtype), tag.count, tag.value, True) for tag in page.tags if tag.code in KEPT]
    return kept if orientation == 1 else [*kept, (ORIENTATION, "H", 1, orientation, True)]


def exif_of(image: Image, orientation: int) -> Exif:
    """Return the tags of a TIFF file that is open that are about the whole image, for Pillow to write."""
    exif = image.getexif()
    for tag in set(exif) - {*KEPT}:
        del exif[tag]
    if orientation != 1:
        exif[ORIENTATION] = orientation
    return exif


def directories_of(path: Path) -> Directories:
    """Return EXIF data and GPS of a TIFF file."""
    exif = extra("PIL.Image", "images").Exif()
    with path.open("rb") as stream:
        if stream.read(4) not in ORDER:
            return {}
        stream.seek(0)
        exif.load_from_fp(stream)
        known = {tag: exif.get_ifd(tag) for tag in DIRECTORIES if tag in exif}
    return {
        tag: {name: value for name, value in content.items() if name not in LIES_ELSEWHERE}
        for tag, content in known.items()
        if content
    }


def add_directories(path: Path, directories: Directories) -> None:
    """Add EXIF data and GPS to a TIFF file: behind its end, where the first directory goes, too."""
    if not directories:
        return
    with path.open("r+b") as stream:
        start = stream.read(8)
        order = ORDER[start[:4]]
        entries, after = _entries(stream, order, struct.unpack(f"{order}I", start[4:])[0])
        for tag, content in directories.items():
            at = _end(stream)
            stream.write(_packed(tag, content, start, at))
            entries.append(struct.pack(f"{order}HHII", tag, 4, 1, at))
        at = _end(stream)
        entries.sort(key=lambda entry: struct.unpack(f"{order}H", entry[:2]))
        stream.write(struct.pack(f"{order}H", len(entries)) + b"".join(entries) + after)
        stream.seek(4)
        stream.write(struct.pack(f"{order}I", at))


def _entries(stream: BinaryIO, order: str, at: int) -> tuple[list[bytes], bytes]:
    """Return the tags of a directory, packed, and where the next directory lies."""
    stream.seek(at)
    (count,) = struct.unpack(f"{order}H", stream.read(2))
    return [stream.read(ENTRY) for _ in range(count)], stream.read(4)


def _end(stream: BinaryIO) -> int:
    """Go to the end of a file, or a byte further, where directories may lie; return where that is."""
    at = stream.seek(0, 2)
    return at + stream.write(b"\0" * (at % 2))


def _packed(tag: int, content: dict[int, Any], start: bytes, at: int) -> bytes:
    """Return a directory as it is written at an offset."""
    made = extra("PIL.TiffImagePlugin", "images").ImageFileDirectory_v2(start, group=tag)
    for name, value in content.items():
        made[name] = value
    packed: bytes = made.tobytes(at)
    return packed
