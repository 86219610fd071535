"""The autoencoder that a Compressor trains unless the user gives one."""

from __future__ import annotations

from functools import partial

from isthmus.core.interfaces import Sizes
from isthmus.core.records import Batch
from isthmus.data.images.images import Images
from isthmus.data.images.layout import row_shape
from isthmus.data.images.sequence import ImageSequence
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.parts.bands import BLOCKS
from isthmus.parts.nets.lapped_transform import LappedTransform, cost
from isthmus.support.errors import InputError
from isthmus.tasks.compression.codec import as_tensor
from isthmus.tasks.compression.sample import parts_of
from isthmus.variants import Compressive

CROP, BATCH, AVERAGE, RATE = 128, 8, 0.998, 0.002
STEPS, MAX_EPOCHS = {8: 1500, 4: 3000}, 200
"""Steps of a training, about, for each side of blocks, and the maximum number of epochs."""
SMALLEST = 32
"""Side of the smallest crop."""
FEWEST = 64
"""Crops of an epoch, at least: as many of each where images are few."""
COMPARED = (10 / 255, 20 / 255, 40 / 255)
"""Steps at which the sizes of blocks are compared."""


def default_autoencoder() -> Autoencoder:
    """Return the default autoencoder, without data."""
    return Autoencoder(
        Compressive(), batch_size=BATCH, average=AVERAGE, learning_rate=RATE, weight_decay=0.0, verbose=False
    )


def suited_to(unfitted: Autoencoder, images: ImageSequence) -> Autoencoder:
    """Return the default autoencoder with the blocks, the crops and the number of epochs that suit some images.

    Raises
    ------
    InputError
        There are no images.
    """
    if not len(images):
        raise InputError("there are no images to learn from: X is empty; give at least one")
    shapes = [row_shape(shape, False) for shape in images.shapes]
    block = suited_block(images)
    side = min(length or CROP for shape in shapes for length in shape[1:])
    side = max(SMALLEST, min(CROP, side // SMALLEST * SMALLEST))
    turned = block == max(BLOCKS)  # text and drawings have one way up
    cropped = partial(Images, crop=side, flips=turned, turns=turned)
    data = cropped()
    if sum(map(data.crops_of, images.shapes)) < FEWEST:
        data = cropped(crops_per_image=-(-FEWEST // len(images)))
    crops = sum(map(data.crops_of, images.shapes))
    epochs = min(MAX_EPOCHS, max(1, round(STEPS[block] * BATCH / crops)))
    return unfitted.set_params(variant=Compressive(block=block), data=data, epochs=epochs)


def suited_block(images: ImageSequence) -> int:
    """Return the side of blocks whose coefficients take the fewest bits, over the brightness of some images."""
    nets = {block: _transform(block) for block in BLOCKS}
    bits = dict.fromkeys(nets, 0.0)
    for part in parts_of(images):
        grey = as_tensor(part).mean(1, keepdim=True)
        for block, net in nets.items():
            code = net.encode(Batch(grey, grey))
            bits[block] += sum(cost(code, step).mean().item() for step in COMPARED)
    return min(bits, key=bits.__getitem__)


def _transform(block: int) -> LappedTransform:
    """Return the transform of grey images."""
    net, any_grey = LappedTransform(width=0, block=block), (1, None, None)
    numbers = net.code_width(any_grey)
    net.build(Sizes(any_grey, numbers, numbers, any_grey))
    return net
