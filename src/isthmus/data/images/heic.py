"""HEIC files, as phones write them: Pillow decodes them with a plugin."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from isthmus.data.images import pillow
from isthmus.data.images.head import Form, Head
from isthmus.data.images.resize import Size
from isthmus.support.errors import extra


def head(path: Path, format: str = "HEIC") -> Head:
    """Return what the file says of its picture; see `pillow.head`."""
    return pillow.head(path, _registered())


def decode(path: Path, format: str, form: Form, least: Size | None = None) -> np.ndarray:
    """Return a picture in a form; see `pillow.decode`."""
    return pillow.decode(path, _registered(), form, least)


def _registered() -> str:
    """Make the format known to Pillow, and return what it is called there."""
    extra("pillow_heif", "heic").register_heif_opener()
    return "HEIF"
