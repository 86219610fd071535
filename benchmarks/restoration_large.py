"""A photograph of 50 megapixels through ``isthmus denoise``: memory, seconds, and tiles beside the whole.

It is a photograph repeated and shaded to 8,660 x 5,774 pixels, with Gaussian noise of σ 25, in a PNG file. Memory is
the highest of the process that reads, restores and writes it. A part of 1,536 x 1,024 is computed in tiles and as a
whole, and the largest difference is given.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.large_image import HEIGHT, WIDTH, large
from benchmarks.restoration import MODES
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.memory import peak
from benchmarks.support.timing import say, timed
from isthmus import Denoiser
from isthmus.core import tiles
from isthmus.tasks.denoising.graph import Denoise

SIGMA, STRIP = 25, 512
"""The noise, and how many rows get it at once."""
GIGABYTES, DIFFERENCE = 2.0, 1e-5


def run(quick: bool) -> Result:
    photo = np.asarray(Image.open(sorted(found("photos/kodak").glob("*.png"))[0]).convert("RGB"))
    scale, figures = 8 if quick else 1, []
    for name, (mode, channels) in MODES.items():
        clean = np.asarray(Image.fromarray(large(photo, HEIGHT // scale, WIDTH // scale)).convert(mode))
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "noisy.png"), Path(folder, "restored.png")
            Image.fromarray(noisy(clean)).save(source, compress_level=1)
            seconds, highest = timed(
                lambda source=source, target=target: peak(["denoise", str(source), "-o", str(target), "-q"])
            )
            gain = psnr(np.asarray(Image.open(target)), clean) - psnr(np.asarray(Image.open(source)), clean)
        apart = difference(channels, photo, mode)
        say(f"{name}: {highest:.2f} GB, {seconds:.0f} s, {gain:+.2f} dB")
        figures += [
            Figure(f"{name}: peak memory", highest, "GB", most=GIGABYTES),
            Figure(f"{name}: megapixels a second", clean.shape[0] * clean.shape[1] / 1e6 / seconds),
            Figure(f"{name}: gain of PSNR", gain, "dB"),
            Figure(f"{name}: largest difference of tiles to the whole", apart, most=DIFFERENCE),
        ]
    return Result(figures)


def noisy(clean: np.ndarray) -> np.ndarray:
    """Return an image with noise, as uint8."""
    generator, result = np.random.default_rng(0), clean.copy()
    for strip in (slice(start, start + STRIP) for start in range(0, len(clean), STRIP)):
        noise = generator.standard_normal(clean[strip].shape, dtype=np.float32) * SIGMA
        result[strip] = np.rint(clean[strip] + noise).clip(0, 255)
    return result


def psnr(image: np.ndarray, clean: np.ndarray) -> float:
    errors = (np.square(a.astype(np.float32) - b).mean() for a, b in zip(image, clean, strict=True))
    return float(20 * np.log10(255 / np.sqrt(np.mean(list(errors)))))


@torch.no_grad()
def difference(channels: int, photo: np.ndarray, mode: str) -> float:
    """Return the largest difference between an image restored in tiles and as a whole."""
    ae = Denoiser.shipped("photo", channels).autoencoder_
    graph = Denoise(ae.data_, ae.model_)
    image = Image.fromarray(large(photo, 1024, 1536)).convert(mode)
    columns = ae.data_.read(noisy(np.asarray(image))[None])
    whole, apart = graph(columns), tiles.in_tiles(graph, columns, 256)
    return max(float((whole[name] - apart[name]).abs().max()) for name in whole)
