"""The autoencoder of a detector of images in which what is abnormal is small, and how these are taken."""

from __future__ import annotations

from math import ceil
from typing import Any, cast

import numpy as np

from isthmus.core.data import Data, Rows
from isthmus.core.part import lookup, resolve
from isthmus.core.terms import Score
from isthmus.data.images.census import census
from isthmus.data.images.crops import MAX_CROPS
from isthmus.data.images.images import Images
from isthmus.data.images.light import unevenness
from isthmus.data.infer import choose_data
from isthmus.data.sources.in_memory import is_stream
from isthmus.data.tables.rows import some
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.support.errors import InputError
from isthmus.variants import Repairing

WHOLE = 96
"""Images of one size are looked at as a whole, and not for what is small in them, up to this shorter side."""
CROP, SMALLEST = 64, 8
"""Sides of the crops that are trained on, in pixels, unless images are smaller."""
STEPS, BATCH, CODE = 250, 16, 64
"""Steps of a training, about; crops in each; and the numbers in each position of the net's deepest map."""
LOOKED_AT = 16
"""Images whose light is looked at."""


def images_for(X: Rows, scorer: str | Score = "auto", located: bool = False, **settled: Any) -> Images | None:
    """Return how images are taken whose abnormal parts are to be located; None: X are none, or looked at as a whole.

    They are trained on by crops, and brought to even light where it differs more within them than texture does.

    Parameters
    ----------
    X : rows
    scorer : str or Score, default "auto"
        The scorer of the detector: one for images of one size looks at them as a whole.
    located : bool, default False
        Whether small images of one size are not looked at as a whole either.
    **settled
        Arguments of `Images`.

    Raises
    ------
    InputError
        An image is too small.
    """
    if scorer != "auto" and not resolve("score", scorer).any_size:
        return None
    if is_stream(X) or not choose_data(None, X).pictorial or not len(X):
        return None
    sizes = census(X, settled.get("channels_first", False)).sizes
    shorter = min(side for size in sizes for side in size)
    whole = len(sizes) == 1 and shorter <= WHOLE and not located
    if "crop" not in settled and ("resize" in settled or whole):
        return None
    if shorter < SMALLEST:
        small = next(size for size in sizes if shorter in size)
        raise InputError(
            f"an image of {small[1]} x {small[0]} pixels (width x height) is smaller than the patches of {SMALLEST} x "
            f"{SMALLEST} pixels in which defects are looked for: leave it out"
        )
    crops = {"crop": max(SMALLEST, min(CROP, shorter)), "crops_per_image": crops_each(len(X)), **settled}
    return Images(**{"light": light_of(X, Images(**crops)), **crops})


def light_of(X: Rows, images: Images) -> str:
    """Return whether images are brought to even light: where brightness varies more within them than texture does."""
    looked = np.unique(np.linspace(0, len(X) - 1, LOOKED_AT).astype(int))
    fitted = images.learn([some(X, looked)])
    ratios = [unevenness(fitted.batch(fitted.read(group)).x) for _, group in fitted.groups(some(X, looked))]
    return "even" if np.mean(ratios) > 1 else "as-is"


def defects(features: str, position: bool) -> Score:
    """Return the score that locates faults.

    Parameters
    ----------
    features : str
        What patches are looked at by: auto, pixels, lite0, or several with a comma between.
    position : bool
        Whether it counts where in the image something is.
    """
    several = tuple(features.split(",")) if "," in features else features
    score: Score = lookup("score/defects")(features=several, position=position)
    return score


def crops_each(images: int) -> int:
    """Return how many crops of each image an epoch shows.

    Examples
    --------
    >>> crops_each(55), crops_each(10_000)
    (32, 1)
    """
    return max(1, min(MAX_CROPS, ceil(STEPS * BATCH / images)))


def repairing_autoencoder(rows: int, data: Data) -> Autoencoder:
    """Return an autoencoder that removes pseudo-defects, for a number of images: it trains for about `STEPS` steps.

    Parameters
    ----------
    rows : int
    data : Data
        Unfitted, of images of any size.
    """
    each = cast(Images, data).crops_per_image or crops_each(rows)
    epochs = max(1, ceil(STEPS * BATCH / (rows * each)))
    settings: dict[str, Any] = {"epochs": epochs, "batch_size": BATCH, "validation_fraction": 0.0, "verbose": False}
    return Autoencoder(Repairing(), CODE, data=data, **settings)
