"""Compressors whose weights are random, for tests of files: what is exact is so for any."""

import numpy as np
import torch

from isthmus import Autoencoder, Compressive, Compressor, Images


def scene(height, width, seed=0):
    """Something like a photograph: smooth, with edges and texture."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width] / 40
    base = np.sin(rows + random.random(3)[:, None, None] * 6) * np.cos(columns * 1.3) + (columns > rows) * 0.7
    image = 110 + 50 * base + random.normal(0, 4, (3, height, width))
    return image.clip(0, 255).round().astype(np.uint8).transpose(1, 2, 0)


def random_compressor():
    """A small compressor, which comes quickly."""
    data = Images(crop=64, crops_per_image=4)
    own = Autoencoder(Compressive(width=16), data=data, epochs=1, batch_size=4, random_state=0, verbose=False)
    made = Compressor(own).fit([scene(96, 128, seed) for seed in range(4)])
    with torch.no_grad():
        for name, weight in made.autoencoder_.model_.named_parameters():
            if name.endswith("last.weight"):
                weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)) * 0.03)
    made._take_shapes(made.shapes_)
    return made
