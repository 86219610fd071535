"""The denoisers of photographs that come with isthmus, beside BM3D that knows the level of the noise.

Gaussian noise of three strengths on kodim01 to 16, in grey and in colour, and on eight aerial images in colour. Noise,
and what BM3D makes of it, are the same in each run. Ours does not know the strength. A clean image must stay as it is.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.support.bm3d_peer import bm3d_psnr, psnr
from benchmarks.support.data import found, quietly
from benchmarks.support.figures import Figure, Result
from benchmarks.support.rows import ours
from benchmarks.support.timing import say, timed
from isthmus import Denoiser

SIGMAS = (15, 25, 50)
BARS = {"grey": (0.2, 0.3, 0.3), "colour": (0.1, 0.3, 0.3)}
MODES = {"grey": ("L", 1), "colour": ("RGB", 3)}
LEAST_OF_CLEAN = 45.0
SECONDS = 1.0


def run(quick: bool) -> Result:
    kodak = sorted(found("photos/kodak").glob("*.png"))[: 1 if quick else None]
    aerials = sorted(found("aerials").glob("*.png"))[: 1 if quick else None]
    figures, table = [], [["images", "σ", "noisy", "BM3D, σ known", "isthmus", "gain", "worst gain"]]
    for name, (mode, channels) in MODES.items():
        denoiser, photos = Denoiser.shipped("photo", channels), [unit(path, mode) for path in kodak]
        for sigma, bar in zip(SIGMAS, BARS[name], strict=True):
            row = ours(f"{name}, σ {sigma}", partial(compared, denoiser, photos, sigma), *photos)
            say(f"{name}, σ {sigma}: {row}")
            table.append([f"Kodak, {name}", sigma, *row])
            figures.append(Figure(f"{name}, σ {sigma}: gain over BM3D", row[3], "dB", least=bar))
        clean = ours(f"{name}, clean", partial(least_of_clean, denoiser, photos), *photos)
        figures.append(Figure(f"{name}, clean images: lowest PSNR", clean, "dB", least=LEAST_OF_CLEAN))
        seconds, _ = timed(lambda denoiser=denoiser, x=photos[0]: restored(denoiser, x))
        figures.append(Figure(f"{name}: an image of 768 x 512", seconds, "s", most=SECONDS if channels == 1 else None))
    images = [unit(path, "RGB") for path in aerials]
    row = ours("aerial", lambda: compared(Denoiser.shipped("photo"), images, 25), *images)
    table.append(["aerial, colour", 25, *row])
    figures.append(Figure("aerial images, σ 25: gain over BM3D", row[3], "dB", least=0.0))
    return Result(figures, table)


def unit(path: Path, mode: str) -> np.ndarray:
    return np.asarray(Image.open(path).convert(mode), dtype=np.float32) / 255


def noisy(x: np.ndarray, number: int, sigma: float) -> np.ndarray:
    return (x + np.random.default_rng(number).normal(0, sigma / 255, x.shape)).astype(np.float32)


def restored(denoiser: Denoiser, x: np.ndarray) -> np.ndarray:
    result: np.ndarray = quietly(denoiser.transform, [x])[0]
    return result


def least_of_clean(denoiser: Denoiser, images: list[np.ndarray]) -> float:
    return min(psnr(restored(denoiser, x), x) for x in images)


def compared(denoiser: Denoiser, images: list[np.ndarray], sigma: int) -> list[float]:
    """Return the mean PSNR of noisy images, of BM3D's and of ours, our gain over BM3D, and the least gain."""
    each = []
    for number, x in enumerate(images):
        y = noisy(x, number, sigma)
        each.append((psnr(y, x), bm3d_psnr(y, x, sigma / 255), psnr(restored(denoiser, y), x)))
    before, peer, after = np.array(each).T
    gain = after - peer
    return [float(number) for number in (before.mean(), peer.mean(), after.mean(), gain.mean(), gain.min())]
