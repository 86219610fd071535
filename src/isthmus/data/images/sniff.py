"""Detecting the format of an image file from its first bytes, never from its name."""

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
"""The offset of a signature, the signature, and the format."""

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
"""Suffixes of image files."""

NOT_YET = {
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".webm", ".gif"), "video"),
    **dict.fromkeys((".nii", ".nii.gz", ".nrrd", ".mha", ".mhd", ".czi", ".lif", ".nd2"), "volumes"),
}
"""Suffixes of files of several images, which are not supported yet, and their content."""

LENGTH = 256
"""Number of bytes that are inspected."""


def kind_of(path: Path) -> str:
    """Return the format of an image file, such as ``"PNG"``.

    Raises
    ------
    InputError
        The format is unknown.
    """
    with path.open("rb") as stream:
        start = stream.read(LENGTH)
    for offset, mark, kind in SIGNATURES:
        if start[offset : offset + len(mark)] == mark:
            return kind
    if start[4:8] == b"ftyp":
        return _by_brands(path, start)
    raise InputError(f"cannot read the image {str(path)!r}: it holds no {KINDS}; mend it or take it out")


def _by_brands(path: Path, start: bytes) -> str:
    brands = start[8 : min(len(start), int.from_bytes(start[:4], "big"))]
    for known, kind in ((AVIF, "AVIF"), (HEIC, "HEIC")):
        if any(brand in brands for brand in known):
            return kind
    raise InputError(f"cannot read {str(path)!r}: it holds video, which is not read yet; save its frames as images")


def not_yet(name: str) -> str | None:
    """Return the unsupported content of a file with this name: ``"video"``, ``"volumes"`` or None."""
    return next((what for suffix, what in NOT_YET.items() if name.lower().endswith(suffix)), None)
