"""The autoencoder that a Denoiser trains unless the user gives one."""

from __future__ import annotations

from isthmus.core.data import Rows
from isthmus.core.part import lookup
from isthmus.data.images.images import Images
from isthmus.data.images.layout import row_shape
from isthmus.data.images.sequence import ImageArray, ImageSequence
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError
from isthmus.variants import Denoising

NET, PATCH = "net/feature-map", 4
"""The net, and the side of its patches."""
NOISE = (0.0, 50 / 255)
"""Levels of the noise that is added to clean images."""
RATE = 1e-3
"""Lower than that of an Autoencoder: few large images make few steps."""
CROP = 64
CODE = PATCH**2
"""Numbers in a code for each channel: as many as pixels in a patch, so that nothing must be lost."""


def default_autoencoder() -> Autoencoder:
    """Return the default autoencoder, without data."""
    load_all()
    return Autoencoder(Denoising(level=NOISE), net=lookup(NET)(stride=PATCH), learning_rate=RATE, verbose=False)


def suited_to(unfitted: Autoencoder, images: Rows, halved: bool) -> Autoencoder:
    """Return the default autoencoder with crops that fit into all images, and a code that suits their channels.

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
    return unfitted.set_params(data=Images(crop=side, flips=True), latent_dim=CODE * shapes[0][0])
