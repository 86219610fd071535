"""Parts of some images, from which is learnt what holds for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from isthmus.data.images.sequence import ImageSequence
from isthmus.tasks.compression.pictures import as_floats

IMAGES, SIDE = 64, 256
"""How many images are seen, at most, and the side of what is seen of each."""


def parts_of(images: ImageSequence, number: int = IMAGES) -> Iterator[np.ndarray]:
    """Yield the middle of some images, uint8 or floats in [0, 1], of shape (height, width, channels)."""
    for at in np.linspace(0, len(images) - 1, min(len(images), number)).round().astype(int):
        pixels = np.asarray(images.at(int(at)))
        pixels = pixels if pixels.ndim == 3 else pixels[..., None]
        top, left = ((side - min(side, SIDE)) // 2 for side in pixels.shape[:2])
        yield as_floats(pixels[top : top + SIDE, left : left + SIDE])
