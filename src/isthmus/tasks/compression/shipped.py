"""The compressors that come with the package: ``models/NAME.safetensors``, with a card ``models/NAME.md`` beside each.

A model is for ever, since files need it: a better one has a new name.
"""

from __future__ import annotations

from pathlib import Path

from isthmus.support.errors import InputError, unknown

FOLDER = Path(__file__).parents[2] / "models" / "compression"
DEFAULT = "photo-1"


def names() -> tuple[str, ...]:
    """Return the names of the compressors that come with isthmus."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.safetensors")))


def file_named(name: str) -> Path | None:
    """Return the file of the compressor that is called so; None if there is none."""
    return FOLDER / f"{name}.safetensors" if name in names() else None


def path_of(name: str = DEFAULT) -> Path:
    """Return the file of a compressor.

    Raises
    ------
    InputError
        There is none.
    """
    path = file_named(name)
    if path is None:
        raise InputError(unknown("compressor", name, names()))
    return path
