"""A photograph of 50 megapixels through ``isthmus compress`` and ``isthmus decompress``: memory and seconds.

It is a photograph repeated and shaded to 8,660 x 5,774 pixels, in a PNG file. Memory is the highest of the process that
reads the file, writes the other, and reads that again to say how near it is; then of the one that writes it as a PNG.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.large_image import HEIGHT, WIDTH, large
from benchmarks.restoration_large import psnr
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.memory import peak
from benchmarks.support.timing import say, timed

GIGABYTES = 1.5


def run(quick: bool) -> Result:
    photo = np.asarray(Image.open(sorted(found("photos/kodak").glob("*.png"))[0]).convert("RGB"))
    scale = 8 if quick else 1
    image, figures = large(photo, HEIGHT // scale, WIDTH // scale), []
    megapixels = image.shape[0] * image.shape[1] / 1e6
    with tempfile.TemporaryDirectory() as folder:
        source, file, target = (Path(folder, name) for name in ("photo.png", "photo.isth", "back.png"))
        Image.fromarray(image).save(source, compress_level=1)
        for verb, before, after in (("compress", source, file), ("decompress", file, target)):
            seconds, highest = timed(
                lambda verb=verb, before=before, after=after: peak([verb, str(before), "-o", str(after), "-q"])
            )
            say(f"{verb}: {highest:.2f} GB, {seconds:.0f} s")
            figures += [
                Figure(f"{verb}: peak memory", highest, "GB", most=GIGABYTES),
                Figure(f"{verb}: megapixels a second", megapixels / seconds, "Mpx/s"),
            ]
        figures.append(Figure("bits per pixel", 8 * file.stat().st_size / megapixels / 1e6))
        figures.append(Figure("PSNR", psnr(np.asarray(Image.open(target)), image), "dB"))
    return Result(figures)
