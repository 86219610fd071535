"""What kind of picture a file holds: told by its first bytes, never by its name."""

from __future__ import annotations

from pathlib import Path

from isthmus.support.errors import InputError

SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (8, b"WEBP", "WEBP"),
    (0, b"BM", "BMP"),
    (128, b"DICM", "DICOM"),
)
"""Where a mark stands, the mark, and the kind of picture."""

AVIF, HEIC = (b"avif", b"avis"), (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Brands in the first box of a file in the ISO base media format."""

KINDS = "PNG, JPEG, WebP, TIFF, BMP, AVIF, HEIC or DICOM"

SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".tif",
    ".tiff",
    ".bmp",
    ".avif",
    ".heic",
    ".heif",
    ".dcm",
)
"""Names that picture files end with."""

NOT_YET = {
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".webm", ".gif"), "video"),
    **dict.fromkeys((".nii", ".nii.gz", ".nrrd", ".mha", ".mhd", ".czi", ".lif", ".nd2"), "volumes"),
}
"""Names of files that hold several pictures, and what those are: none are read yet."""

LENGTH = 256
"""Bytes that are looked at."""


def kind_of(path: Path) -> str:
    """Return the kind of picture in a file, such as ``"PNG"``.

    Raises
    ------
    InputError
        It holds none that is known.
    """
    with path.open("rb") as stream:
        start = stream.read(LENGTH)
    for offset, mark, kind in SIGNATURES:
        if start[offset : offset + len(mark)] == mark:
            return kind
    if start[4:8] == b"ftyp":
        return _by_brands(path, start)
    raise InputError(f"cannot read the picture {str(path)!r}: it holds no {KINDS}; mend it or take it out")


def _by_brands(path: Path, start: bytes) -> str:
    brands = start[8 : min(len(start), int.from_bytes(start[:4], "big"))]
    for known, kind in ((AVIF, "AVIF"), (HEIC, "HEIC")):
        if any(brand in brands for brand in known):
            return kind
    raise InputError(f"cannot read {str(path)!r}: it holds video, which is not read yet; save its frames as pictures")


def not_yet(name: str) -> str | None:
    """Return what a file of such a name holds that is not read yet: ``"video"``, ``"volumes"`` or None."""
    return next((what for suffix, what in NOT_YET.items() if name.lower().endswith(suffix)), None)
