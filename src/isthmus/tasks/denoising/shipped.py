"""The denoisers that come with the package: ``models/KIND.safetensors``, with a card ``models/KIND.md`` beside each.

The scripts in the folder ``training`` of the repository write them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.support.errors import InputError, unknown

if TYPE_CHECKING:
    import numpy as np

    from isthmus.tasks.denoising.restored import Restore

    Restoring = Callable[[float, float | None], Restore | None]

MODELS = Path(__file__).parents[2] / "models"
GREY = "-grey"
"""What the name of a file ends with that is for grey images, beside one for those in colour."""
DEFAULT = "photo"
"""The kind that images are taken for."""


def kinds() -> tuple[str, ...]:
    """Return the kinds of images that there is a denoiser for."""
    return tuple(sorted({name.removesuffix(GREY) for name in names()}))


def names() -> tuple[str, ...]:
    """Return the names that stand for files of denoisers that come with isthmus."""
    return tuple(sorted(path.stem for path in MODELS.glob("*.safetensors")))


def path_of(kind: str, channels: int = 3) -> Path:
    """Return the file of the denoiser for a kind of images: that for grey ones, where there are two.

    Raises
    ------
    InputError
        There is none.
    """
    if kind not in kinds():
        raise InputError(unknown("kind", kind, kinds()))
    both = [MODELS / f"{kind}{ending}.safetensors" for ending in ("", GREY)]
    return next(path for path in (both[::-1] if channels == 1 else both) if path.exists())


def file_named(name: str) -> Path | None:
    """Return the file that is called so, such as ``photo`` or ``photo-grey``; None if there is none."""
    return MODELS / f"{name}.safetensors" if name in names() else None


def restoring_by_channels(of: Callable[[int], Restoring]) -> Restoring:
    """Return the `restoring` of denoisers of which each image has its own, by its number of channels.

    Parameters
    ----------
    of : callable
        From a number of channels to the method `restoring` of a denoiser.
    """
    of = cache(of)

    def restoring(strength: float, sigma: float | None) -> Restore | None:
        chosen = cache(lambda channels: of(channels)(strength, sigma))
        if sigma is not None:
            chosen(3)  # says now if it cannot be used

        def restore(image: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
            one = chosen(image.shape[2])
            assert one is not None  # the strength is not 0
            return one(image, mask)

        return restore if strength else of(3)(strength, sigma)

    return restoring
