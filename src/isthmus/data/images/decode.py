"""Picture files of every kind that is read: their heads, and their pixels in one form."""

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
    """What reads a kind of picture."""

    head: Callable[[Path, str], Head]
    decode: Callable[[Path, str, Form, Size | None], np.ndarray]


READERS = {
    **dict.fromkeys(pillow.FORMATS, Reader(pillow.head, pillow.decode)),
    "TIFF": Reader(tiff.head, tiff.decode),
    "HEIC": Reader(heic.head, heic.decode),
    "DICOM": Reader(dicom.head, dicom.decode),
}


def head(path: Path) -> Head:
    """Return what a file says of its picture, which is not decoded.

    Raises
    ------
    InputError
        The file cannot be read, or holds no picture of a kind that is read.
    """
    kind = kind_of(path)
    return READERS[kind].head(path, kind)


def decode(path: Path, form: Form | None = None, alpha: Alpha = "white", least: Size | None = None) -> np.ndarray:
    """Return a picture, upright as its EXIF data says.

    Parameters
    ----------
    path : Path
    form : Form or None
        What it is brought to; None: what suits its head.
    alpha : {"white", "keep"}, default "white"
        Where `form` is None: whether an alpha channel is set on white, or kept as a fourth channel.
    least : tuple of int, or None
        Height and width that are enough: what decodes faster when smaller is, but not below them.

    Returns
    -------
    ndarray of shape (height, width) or (height, width, channels)
        uint8, or float32 in [0, 1] of pictures with more than 8 bits.

    Raises
    ------
    InputError
        The file cannot be read, is truncated, or holds no picture of a kind that is read.
    """
    kind = kind_of(path)
    reader = READERS[kind]
    form = common_form([reader.head(path, kind)], [path], alpha) if form is None else form
    return reader.decode(path, kind, form, least)
