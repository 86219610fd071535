"""The denoisers that come with the package: ``models/KIND.safetensors``, with a card ``models/KIND.md`` beside each.

The scripts in the folder ``training`` of the repository write them.
"""

from __future__ import annotations

from pathlib import Path

from isthmus.support.errors import InputError, unknown

MODELS = Path(__file__).parents[2] / "models"
DEFAULT = "photo"
"""The kind that images are taken for."""


def kinds() -> tuple[str, ...]:
    """Return the kinds of images that there is a denoiser for."""
    return tuple(sorted(path.stem for path in MODELS.glob("*.safetensors")))


def path_of(kind: str) -> Path:
    """Return the file of the denoiser for a kind of images.

    Raises
    ------
    InputError
        There is none.
    """
    if kind not in kinds():
        raise InputError(unknown("kind", kind, kinds()))
    return MODELS / f"{kind}.safetensors"
