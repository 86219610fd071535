"""Images that are something like photographs."""

import numpy as np


def photograph(height, width, seed):
    """Waves, an edge and texture."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width] / 20
    base = np.sin(rows + seed) * np.cos(1.3 * columns) + 0.7 * (columns > rows)
    image = 110 + 50 * base[..., None] + random.normal(0, 4, (height, width, 3))
    return image.clip(0, 255).round().astype(np.uint8)


PHOTOGRAPHS = [photograph(*size, seed) for seed, size in enumerate([(96, 128), (96, 128), (128, 96)])]
