"""The autoencoder that a Compressor trains unless the user gives one."""

from __future__ import annotations

from isthmus.data.images.images import Images
from isthmus.data.images.layout import row_shape
from isthmus.data.images.sequence import ImageSequence
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.support.errors import InputError
from isthmus.variants import Compressive

CROP, BATCH, AVERAGE, RATE = 128, 8, 0.998, 0.002
STEPS, MAX_EPOCHS = 1500, 200
"""Steps of a training, about, and the maximum number of epochs."""
SMALLEST = 32
"""Side of the smallest crop."""
FEWEST = 64
"""Crops of an epoch, at least: as many of each where images are few."""


def default_autoencoder() -> Autoencoder:
    """Return the default autoencoder, without data."""
    return Autoencoder(
        Compressive(), batch_size=BATCH, average=AVERAGE, learning_rate=RATE, weight_decay=0.0, verbose=False
    )


def suited_to(unfitted: Autoencoder, images: ImageSequence) -> Autoencoder:
    """Return the default autoencoder with crops that fit into most images, and epochs that suit their number.

    Raises
    ------
    InputError
        There are no images.
    """
    if not len(images):
        raise InputError("there are no images to learn from: X is empty; give at least one")
    shapes = [row_shape(shape, False) for shape in images.shapes]
    side = min(length or CROP for shape in shapes for length in shape[1:])
    side = max(SMALLEST, min(CROP, side // SMALLEST * SMALLEST))
    data = Images(crop=side, flips=True, turns=True)
    if sum(map(data.crops_of, images.shapes)) < FEWEST:
        data = Images(crop=side, crops_per_image=-(-FEWEST // len(images)), flips=True, turns=True)
    crops = sum(map(data.crops_of, images.shapes))
    epochs = min(MAX_EPOCHS, max(1, round(STEPS * BATCH / crops)))
    return unfitted.set_params(data=data, epochs=epochs)
