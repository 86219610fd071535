"""The denoising variant on MNIST: the error left after Gaussian noise (sigma 0.5) and masking (half the pixels).

Each model of the variant is trained for the corruption it is tested on; the others see clean images only. The error
is that against the clean test image, and every output is clipped to [0, 1], also those of the peers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import median_filter
from sklearn.decomposition import PCA

from benchmarks.support.data import corrupted, images, mse, quietly, unit
from benchmarks.support.figures import Figure, Result
from benchmarks.support.timing import say, timed
from isthmus import Autoencoder, Denoising

LATENT = 32
BARS = {"gaussian": 0.0155, "masking": 0.0125}
VARIANTS = {name: Denoising(corruption=name, level=0.5) for name in BARS}


def run(quick: bool) -> Result:
    X, T = images(quick)
    models, seconds = trained(X, epochs=1 if quick else None)
    ways = {"plain": models.pop("plain").reconstruct, **peers(X)}
    errors = {}
    for name, X_corrupted in corrupted(T, sigma=0.5).items():
        restorers = {"denoising": models[name].reconstruct, **ways}
        errors[name] = {way: mse(T, quietly(f, X_corrupted).clip(0, 1)) for way, f in restorers.items()}
    figures = [Figure(f"test MSE, {name}", errors[name]["denoising"], most=bar) for name, bar in BARS.items()]
    figures += [Figure(f"training for {name}", seconds[name], "s", most=120) for name in BARS]
    rows = [[way, *(errors[name][way] for name in BARS)] for way in ("denoising", *ways)]
    return Result(figures, [["test MSE", *BARS], *rows], {"latent_dim": LATENT, "seconds": seconds, "errors": errors})


def trained(X: np.ndarray, epochs: int | None) -> tuple[dict[str, Autoencoder], dict[str, float]]:
    """Return a model for each corruption and a plain one, and the seconds that each took."""
    models, seconds = {}, {}
    for name, variant in {**VARIANTS, "plain": "plain"}.items():
        models[name] = Autoencoder(variant, LATENT, epochs=epochs, random_state=0)
        seconds[name], _ = timed(lambda name=name: models[name].fit(X))
        say(f"{name} trained for {seconds[name]:.0f} s")
    return models, seconds


def peers(X: np.ndarray) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    pca = PCA(32).fit(unit(X))
    return {
        "PCA, 32": lambda images: pca.inverse_transform(pca.transform(images.reshape(len(images), -1))),
        "median filter, 3 x 3": lambda images: median_filter(images, (1, 3, 3)),
        "median filter, 5 x 5": lambda images: median_filter(images, (1, 5, 5)),
        "nothing done": lambda images: images,
    }
