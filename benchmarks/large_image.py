"""An image of 50 megapixels, reconstructed by a model trained on crops: peak memory, and tiles beside the whole.

The image is a photograph repeated and shaded to 8,660 x 5,774 pixels, read as uint8. A process of its own loads the
model and reconstructs the image; memory is the highest mark that the system kept for it. A part of 1,536 x 1,024 is
computed in tiles and as a whole, and the largest difference is given.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.streaming import field
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.timing import timed
from isthmus import Autoencoder, Images, load
from isthmus.core import tiles
from isthmus.data.images.decode import decode

HEIGHT, WIDTH = 5774, 8660


def run(quick: bool) -> Result:
    if not Path("/proc/self/status").exists():
        raise Skip("memory is read from /proc, which is not here")
    photos = [decode(path) for path in sorted(found("photos/train").glob("*.jpg"))[: 4 if quick else 60]]
    ae = Autoencoder(latent_dim=16, data=Images(crop=64), epochs=1 if quick else 2, random_state=0).fit(photos)
    scale = 8 if quick else 1
    with tempfile.TemporaryDirectory() as folder:
        model, image = Path(folder, "model.safetensors"), Path(folder, "image.npy")
        ae.save(model)
        np.save(image, large(photos[0], HEIGHT // scale, WIDTH // scale))
        command = [sys.executable, "-m", "benchmarks.large_image", str(model), str(image)]
        measured = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    figures = [
        Figure("peak memory", measured["highest"] / 1e9, "GB", most=2.0),
        Figure("megapixels a second", measured["pixels"] / 1e6 / measured["seconds"]),
        Figure("largest difference of tiles to the whole", difference(ae, photos[0], scale), most=1e-5),
        Figure("test MSE of the image", measured["error"]),
    ]
    return Result(figures)


def large(photo: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return an image of that size: the photograph repeated, each copy of another brightness."""
    rows, columns = -(-height // photo.shape[0]), -(-width // photo.shape[1])
    shade = np.random.default_rng(0).integers(60, 101, (rows, columns)).repeat(photo.shape[0], 0)
    shade = shade.repeat(photo.shape[1], 1)[:height, :width, None]
    return (np.tile(photo, (rows, columns, 1))[:height, :width].astype(np.uint16) * shade // 100).astype(np.uint8)


@torch.no_grad()
def difference(ae: Autoencoder, photo: np.ndarray, scale: int) -> float:
    """Return the largest difference between a reconstruction in tiles and that of the whole."""
    columns = ae.data_.read(large(photo, 1024 // scale, 1536 // scale)[None])
    graph = ae.graphs()["reconstruct"]
    whole, apart = graph(columns), tiles.in_tiles(graph, columns, 256 // scale)
    return max(float((whole[name] - apart[name]).abs().max()) for name in whole)


def reconstructed(model: str, image: str) -> dict[str, float]:
    ae, X = load(model), np.load(image)[None]
    seconds, result = timed(lambda: ae.reconstruct(X))
    highest = field("self", "VmHWM")
    error = np.mean([np.square(a / np.float32(255) - b).mean() for a, b in zip(X[0], result[0], strict=True)])
    return {"highest": highest, "pixels": X[0].size / 3, "seconds": seconds, "error": float(error)}


if __name__ == "__main__":
    print(json.dumps(reconstructed(*sys.argv[1:])))
