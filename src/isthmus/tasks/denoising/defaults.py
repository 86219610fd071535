"""The autoencoder that a Denoiser trains unless the user gives one."""

from __future__ import annotations

from isthmus.core.data import Rows
from isthmus.data.images.images import Images
from isthmus.data.images.layout import row_shape
from isthmus.data.images.sequence import ImageArray, ImageSequence
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.support.errors import InputError
from isthmus.variants import Denoising

NET, CODE = "lapped", 128
"""The net, which restores a little before it has learnt, and the numbers in each position of its deepest map."""
NOISE, BALANCE = (0.0, 50 / 255), 1.5
"""Levels of the noise that is added to clean images, and how much more faint noise counts."""
CROP, BATCH, AVERAGE = 64, 16, 0.999
STEPS, MAX_EPOCHS = 3000, 100
"""Steps of a training, about, and the maximum number of epochs: few images are soon learnt by heart."""


def default_autoencoder() -> Autoencoder:
    """Return the default autoencoder, without data."""
    variant = Denoising(level=NOISE, balance=BALANCE)
    return Autoencoder(variant, CODE, net=NET, batch_size=BATCH, average=AVERAGE, verbose=False)


def suited_to(unfitted: Autoencoder, images: Rows, halved: bool) -> Autoencoder:
    """Return the default autoencoder with crops that fit into all images, and epochs that suit their number.

    Parameters
    ----------
    unfitted : Autoencoder
    images : images in memory, or a stream
    halved : bool
        Whether it is trained on images of half the size.

    Raises
    ------
    InputError
        There are no images.
    """
    sequence = images if isinstance(images, ImageSequence) else ImageArray(images)
    if not len(sequence):
        raise InputError("there are no images to learn from: X is empty; give at least one")
    shapes = [row_shape(shape, False) for shape in sequence.shapes]
    side = min(length for shape in shapes for length in (*shape[1:], (1 + halved) * CROP) if length)
    data = Images(crop=side, flips=True, turns=True)
    return unfitted.set_params(data=data, epochs=_epochs(sum(map(data.crops_of, sequence.shapes))))


def _epochs(crops: int) -> int:
    """Return the number of passes that make about `STEPS` steps.

    Examples
    --------
    >>> [_epochs(crops) for crops in (32, 6400, 100_000)]
    [100, 8, 1]
    """
    return min(MAX_EPOCHS, max(1, round(STEPS * BATCH / crops)))
