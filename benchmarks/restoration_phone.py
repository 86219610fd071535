"""Photographs as phones give them: noise of unknown strength that grows with brightness, then JPEG of quality 30 to 70.

kodim01 to 16, with the denoisers that come with isthmus, beside BM3D and OpenCV's non-local means. These know the
strength of the noise that scikit-image estimates from the noisy image; ours estimates it itself.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from benchmarks.restoration import restored, unit
from benchmarks.support.bm3d_peer import bm3d_psnr, psnr
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.rows import ours
from benchmarks.support.timing import say
from isthmus import Denoiser

PHOTONS, READ, QUALITY = (0.01, 0.12), (0.0, 0.04), (30, 71)
"""Deviation of the count at white and of its reading, and the quality of the file: each image draws its own."""
LEAST_GAIN = 1.0


def run(quick: bool) -> Result:
    denoiser = Denoiser.shipped("photo")
    ways = ("JPEG", "BM3D, σ estimated", "non-local means", "isthmus")
    table, each = [["image", *ways]], []
    for number, path in enumerate(sorted(found("photos/kodak").glob("*.png"))[: 1 if quick else None]):
        x = unit(path, "RGB")
        each.append(ours(path.stem, partial(tried, denoiser, x, from_a_phone(x, number)), x))
        table.append([path.stem, *each[-1]])
        say(f"{path.stem}: {each[-1]}")
    before, peer, other, after = np.array(each).T
    figures = [
        Figure("mean gain over the file", (after - before).mean(), "dB", least=LEAST_GAIN),
        Figure("least gain of an image", (after - before).min(), "dB", least=0.0),
        Figure("mean gain over BM3D", (after - peer).mean(), "dB", least=0.0),
        Figure("mean gain over non-local means", (after - other).mean(), "dB", least=0.0),
    ]
    return Result(figures, [*table, ["mean", *np.mean(each, 0)]])


def tried(denoiser: Denoiser, x: np.ndarray, y: np.ndarray) -> list[float]:
    """Return the PSNR of a file, and of what each way makes of it."""
    sigma = estimated(y)
    return [psnr(y, x), bm3d_psnr(y, x, sigma), psnr(means(y, sigma), x), psnr(restored(denoiser, y), x)]


def from_a_phone(x: np.ndarray, number: int) -> np.ndarray:
    rng = np.random.default_rng(number)
    photons, read = rng.uniform(*PHOTONS), rng.uniform(*READ)
    noisy = rng.poisson(x / photons**2) * photons**2 + rng.normal(0, read, x.shape)
    file = io.BytesIO()
    pixels = np.rint(255 * noisy.clip(0, 1)).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=int(rng.integers(*QUALITY)))
    return np.asarray(Image.open(file), dtype=np.float32) / 255


def estimated(y: np.ndarray) -> float:
    """Return the strength of noise, to four digits, so that what BM3D made of it is kept."""
    estimate = _skimage()(y, channel_axis=-1, average_sigmas=True)
    return round(max(float(estimate), 1e-3), 4)


def _skimage() -> Callable[..., float]:
    try:
        from skimage.restoration import estimate_sigma
    except ImportError as error:
        raise Skip("scikit-image is not installed: pip install 'isthmus[bench]'") from error
    estimate: Callable[..., float] = estimate_sigma
    return estimate


def means(y: np.ndarray, sigma: float) -> np.ndarray:
    try:
        import cv2
    except ImportError as error:
        raise Skip("OpenCV is not installed: pip install 'isthmus[bench]'") from error
    pixels = np.rint(255 * y).astype(np.uint8)
    strength = 255 * sigma
    result: np.ndarray = cv2.fastNlMeansDenoisingColored(pixels, None, strength, strength, 7, 21) / np.float32(255)
    return result
