"""Image files of all supported formats: reading their headers, and decoding their pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from isthmus.data.images import dicom, heic, pillow, tiff
from isthmus.data.images.head import Alpha, Form, Head, common_form
from isthmus.data.images.resize import Size
from isthmus.data.images.sniff import kind_of


class Reader(NamedTuple):
    """The functions that read one format."""

    head: Callable[[Path, str], Head]
    decode: Callable[[Path, str, Form, Size | None], np.ndarray]


READERS = {
    **dict.fromkeys(pillow.FORMATS, Reader(pillow.head, pillow.decode)),
    "TIFF": Reader(tiff.head, tiff.decode),
    "HEIC": Reader(heic.head, heic.decode),
    "DICOM": Reader(dicom.head, dicom.decode),
}


def head(path: Path) -> Head:
    """Return the header of an image file, without decoding the pixels.

    Raises
    ------
    InputError
        The file cannot be read, or its format is not supported.
    """
    kind = kind_of(path)
    return READERS[kind].head(path, kind)


def decode(path: Path, form: Form | None = None, alpha: Alpha = "white", min_size: Size | None = None) -> np.ndarray:
    """Return a decoded image, rotated upright as its EXIF data says.

    Parameters
    ----------
    path : Path
    form : Form or None
        The form to convert it to; None: the form that suits its header.
    alpha : {"white", "keep"}, default "white"
        If `form` is None: whether to blend an alpha channel with white, or keep it as a fourth channel.
    min_size : tuple of int, or None
        Minimum height and width: formats that decode faster at a lower resolution do so, but not below this size.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, channels)
        uint8, or float32 in [0, 1] for images with more than 8 bits.

    Raises
    ------
    InputError
        The file cannot be read, is truncated, or its format is not supported.
    """
    kind = kind_of(path)
    reader = READERS[kind]
    form = common_form([reader.head(path, kind)], [str(path)], alpha) if form is None else form
    return reader.decode(path, kind, form, min_size)
