"""HEIC files, as written by phones: Pillow decodes them with a plugin."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from isthmus.data.images import pillow
from isthmus.data.images.head import Form, Head
from isthmus.data.images.resize import Size
from isthmus.support.errors import extra


def head(path: Path, format: str = "HEIC") -> Head:
    """Return the header of a HEIC file; see `pillow.head`."""
    return pillow.head(path, _registered())


def decode(path: Path, format: str, form: Form, min_size: Size | None = None) -> np.ndarray:
    """Return a decoded image; see `pillow.decode`."""
    return pillow.decode(path, _registered(), form, min_size)


def _registered() -> str:
    """Register the format with Pillow, and return its name there."""
    extra("pillow_heif", "heic").register_heif_opener()
    return "HEIF"
