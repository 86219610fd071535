"""DICOM files: X-rays and other single medical images, read with pydicom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.data.images.head import Form, Head, check_area
from isthmus.data.images.pillow import BROKEN
from isthmus.data.images.resize import Size
from isthmus.support.errors import InputError, extra, listed


def head(path: Path, format: str = "DICOM") -> Head:
    """Return the header of a DICOM file.

    Raises
    ------
    InputError
        The file cannot be read, or holds several frames.
    """
    with _open(path, stop_before_pixels=True) as file:
        return _head(file, path)


def decode(path: Path, format: str, form: Form, min_size: Size | None = None) -> np.ndarray:
    """Return a decoded image: stored values divided by the largest storable value; black is 0."""
    with _open(path) as file:
        header = _head(file, path)
        pixels = file.pixel_array.astype(np.float32)
        if file.get("PixelRepresentation", 0):
            pixels += 2.0 ** (file.BitsStored - 1)
        pixels = (pixels / (2**file.BitsStored - 1)).clip(0, 1)
        pixels = 1 - pixels if file.PhotometricInterpretation == "MONOCHROME1" else pixels
        return form.apply(pixels if header.deep or form.deep else np.rint(pixels * 255).astype(np.uint8), False)


NEEDED = ("Rows", "Columns", "SamplesPerPixel", "BitsStored", "PhotometricInterpretation")
"""Attributes without which pixels cannot be decoded."""


def _head(file: Any, path: Path) -> Head:
    lacking = [name for name in NEEDED if file.get(name) is None]
    if lacking:
        raise InputError(
            f"cannot read the image {str(path)!r}: it is no DICOM image that can be decoded, since it lacks "
            f"{listed(lacking)}; mend it or take it out"
        )
    frames = int(file.get("NumberOfFrames", None) or 1)
    if frames > 1:
        raise InputError(f"{str(path)!r} holds {frames} frames: volumes and video are not read yet; save one a file")
    if file.PhotometricInterpretation == "PALETTE COLOR":
        raise InputError(f"{str(path)!r} holds colours of a palette, which are not read: save it as colour")
    check_area(file.Rows, file.Columns, path)
    return Head(file.Rows, file.Columns, file.SamplesPerPixel, False, file.BitsStored > 8)


@contextmanager
def _open(path: Path, **how: Any) -> Iterator[Any]:
    """Read a file; any failure raises an InputError that names the file."""
    pydicom = extra("pydicom", "dicom")
    try:
        yield pydicom.dcmread(path, **how)
    except InputError:
        raise
    except (*BROKEN, AttributeError, RuntimeError, NotImplementedError, pydicom.errors.InvalidDicomError) as error:
        raise InputError(f"cannot read the image {str(path)!r}: {error}; mend it or take it out") from error
