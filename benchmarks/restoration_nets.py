"""Nets that restore, beside each other: PSNR on photographs against the time of their training on one core.

Each learns from 402 photographs in grey, whole and smaller, with Gaussian noise of σ from 0 to 50, by crops of 64 x 64.
It is tried on kodim01 to 04, which it never saw, with noise whose level it does not know.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.support.data import found, quietly
from benchmarks.support.figures import Figure, Result
from benchmarks.support.rows import ours
from benchmarks.support.timing import say, timed
from isthmus import Autoencoder, Denoising, Images
from isthmus.core.training.callbacks import Event
from isthmus.parts.corruptions.measured import Measured
from isthmus.parts.corruptions.noise import GaussianNoise
from isthmus.parts.nets.lapped import Lapped
from isthmus.parts.nets.unet import UNet

SIGMAS = (15, 25, 50)
SCALES = ((1.0, 0.65), (0.8, 0.5))
"""Of every other photograph; smaller ones hide that these were JPEG files."""
EPOCHS, CROPS, BATCH = 8, 8, 16
NETS = {
    "lapped": Lapped,
    "lapped, stride 4": lambda: Lapped(4, (96, 128), (1, 1)),
    "unet": UNet,
}


def run(quick: bool) -> Result:
    photos = sorted(found("photos/train").glob("*.jpg"))[: 8 if quick else None]
    X = [image for number, path in enumerate(photos) for image in smaller(path, SCALES[number % 2])]
    tests = [grey(path) for path in sorted(found("photos/kodak").glob("*.png"))[: 1 if quick else 4]]
    figures, table = [], [["net", "weights", "minutes", *(f"σ {sigma}" for sigma in SIGMAS), "s an image"]]
    for name, net in NETS.items():
        row = ours(name, partial(measured, net, X, tests, 1 if quick else EPOCHS), len(X), *tests)
        figures += [Figure(f"{name}: PSNR, σ {s}", psnr, "dB") for s, psnr in zip(SIGMAS, row[2:], strict=False)]
        figures.append(Figure(f"{name}: an image of 768 x 512", row[-1], "s", most=1.0))
        table.append([name, *row])
    return Result(figures, table)


def measured(net: Any, X: list[np.ndarray], tests: list[np.ndarray], epochs: int) -> list[float]:
    """Return the weights of a net, the minutes of its training, its PSNR, and the seconds that an image takes."""
    ae, minutes = trained(net(), X, epochs)
    seconds, _ = timed(lambda: ae.reconstruct([tests[0]]))
    return [ae.info_["parameters"], minutes, *(tried(ae, tests, sigma) for sigma in SIGMAS), seconds]


def grey(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("L"), dtype=np.float32) / 255


def smaller(path: Path, scales: tuple[float, ...]) -> list[np.ndarray]:
    """Return an image at several sizes."""
    image = Image.open(path).convert("L")
    sizes = [(round(image.width * scale), round(image.height * scale)) for scale in scales]
    return [np.asarray(image.resize(size, Image.Resampling.LANCZOS), dtype=np.float32) / 255 for size in sizes]


def trained(net: Any, X: list[np.ndarray], epochs: int) -> tuple[Autoencoder, float]:
    """Return a model, and the minutes of its training."""

    def tell(event: Event) -> None:
        if event.kind == "epoch":
            say(f"{type(net).__name__}: {event.record}")

    ae = Autoencoder(
        Denoising(Measured(GaussianNoise((0.0, 50 / 255)), known=True)),
        latent_dim=128,
        net=net,
        data=Images(crop=64, crops_per_image=CROPS, flips=True, turns=True),
        epochs=epochs,
        batch_size=BATCH,
        average=0.999,
        validation_fraction=0.03,
        random_state=0,
        callbacks=[tell],
        verbose=False,
    )
    seconds, _ = timed(lambda: ae.fit(X))
    return ae, seconds / 60


def tried(ae: Autoencoder, tests: list[np.ndarray], sigma: float) -> float:
    """Return the mean PSNR of restored images."""
    noises = [np.random.default_rng(number).normal(0, sigma / 255, x.shape) for number, x in enumerate(tests)]
    restored = quietly(ae.reconstruct, [(x + noise).astype(np.float32) for x, noise in zip(tests, noises, strict=True)])
    errors = [np.square(y - x).mean() for y, x in zip(restored, tests, strict=True)]
    return float(np.mean([-10 * math.log10(error) for error in errors]))
