"""The denoising variant on MNIST: the error left after Gaussian noise (sigma 0.5) and masking (half the pixels).

Each model of the variant is trained for the corruption it is tested on; the others see clean images only. The error
is that against the clean test image, and every output is clipped to [0, 1], also those of the peers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.ndimage import median_filter
from sklearn.decomposition import PCA

from benchmarks.support.data import corrupted, images, mse, quietly, unit
from benchmarks.support.figures import Figure, Result
from benchmarks.support.rows import ours
from benchmarks.support.timing import say, timed
from isthmus import Autoencoder, Denoising

LATENT = 32
BARS = {"gaussian": 0.0116, "masking": 0.0092}
VARIANTS = {**{name: Denoising(corruption=name, level=0.5) for name in BARS}, "plain": "plain"}


def run(quick: bool) -> Result:
    X, T = images(quick)
    models = {name: ours(name, partial(trained, name, X, T, 1 if quick else None), X, T) for name in VARIANTS}
    seconds = {name: model["seconds"] for name, model in models.items()}
    ways = {"plain": models["plain"]["errors"], **{way: errors_of(f, T) for way, f in peers(X).items()}}
    errors = {
        name: {"denoising": models[name]["errors"][name], **{way: by[name] for way, by in ways.items()}}
        for name in BARS
    }
    figures = [Figure(f"test MSE, {name}", errors[name]["denoising"], most=bar) for name, bar in BARS.items()]
    figures += [Figure(f"training for {name}", seconds[name], "s", most=120) for name in BARS]
    rows = [[way, *(errors[name][way] for name in BARS)] for way in ("denoising", *ways)]
    return Result(figures, [["test MSE", *BARS], *rows], {"latent_dim": LATENT, "seconds": seconds, "errors": errors})


def trained(name: str, X: np.ndarray, T: np.ndarray, epochs: int | None) -> dict[str, Any]:
    """Return the seconds that a model took, and its errors."""
    ae = Autoencoder(VARIANTS[name], LATENT, epochs=epochs, random_state=0)
    seconds, _ = timed(lambda: ae.fit(X))
    say(f"{name} trained for {seconds:.0f} s")
    return {"seconds": seconds, "errors": errors_of(ae.reconstruct, T)}


def errors_of(restore: Callable[[np.ndarray], np.ndarray], T: np.ndarray) -> dict[str, float]:
    """Return the error that is left after each corruption."""
    return {name: mse(T, quietly(restore, X).clip(0, 1)) for name, X in corrupted(T, sigma=0.5).items()}


def peers(X: np.ndarray) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    pca = PCA(32).fit(unit(X))
    return {
        "PCA, 32": lambda images: pca.inverse_transform(pca.transform(images.reshape(len(images), -1))),
        "median filter, 3 x 3": lambda images: median_filter(images, (1, 3, 3)),
        "median filter, 5 x 5": lambda images: median_filter(images, (1, 5, 5)),
        "nothing done": lambda images: images,
    }
