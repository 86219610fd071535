"""A code of 8 x 8 x 8 numbers on small colour images (CIFAR-10, 1,500 for training), beside vector codes of 512.

`feature-map` with patches of 4 x 4 pixels and `conv`, whose code is a vector, train for equal minutes and have about as
many weights: each is timed for one epoch first, and then gets as many as fit. `linear patches` are 8 principal
components of patches of 4 x 4, `PCA` 512 of whole images. Errors are those of 300 test images.
"""

from __future__ import annotations

from functools import partial
from math import prod

import numpy as np
from sklearn.decomposition import PCA

from benchmarks.support import rows
from benchmarks.support.data import found, mse
from benchmarks.support.figures import Figure, Result
from benchmarks.support.timing import say, timed
from isthmus import Autoencoder
from isthmus.parts.nets.conv import Conv
from isthmus.parts.nets.feature_map import FeatureMap

NUMBERS, SIDE, SECONDS = 512, 4, 300.0
NETS = {
    "feature-map": (FeatureMap(SIDE, width=384, blocks=2), NUMBERS // 64),
    "conv": (Conv(), NUMBERS),
}


def run(quick: bool) -> Result:
    X, T = images(quick)
    errors, weights, seconds = {}, {}, {}
    for name in NETS:
        measured = rows.ours(name, partial(trained, name, X, T, 2.0 if quick else SECONDS), X, T)
        errors[name], weights[name], seconds[name] = measured
    k = min(NUMBERS, len(X) // 2)
    errors["linear patches"] = mse(T, from_patches(linear(patches(X), patches(T), NUMBERS // 64), T.shape))
    errors["PCA"] = mse(T, linear(flat(X), flat(T), k).reshape(T.shape))
    figures = [
        Figure(f"test MSE as a fraction of that of {other}", errors["feature-map"] / errors[other], most=1.0)
        for other in ("conv", "linear patches", "PCA")
    ]
    figures.append(
        Figure("weights beside those of conv", weights["feature-map"] / weights["conv"], least=0.8, most=1.2)
    )
    table = [["", "test MSE", "weights", "seconds"]]
    table += [[name, error, weights.get(name, ""), seconds.get(name, "")] for name, error in errors.items()]
    return Result(figures, table)


def images(quick: bool) -> tuple[np.ndarray, np.ndarray]:
    with np.load(found("cifar10/cifar10_subset.npz")) as archive:
        some = slice(200 if quick else None)
        return archive["train_images"][some], archive["test_images"][some]


def trained(name: str, X: np.ndarray, T: np.ndarray, seconds: float) -> tuple[float, int, float]:
    """Return test error and weights of a model that trained for about so many seconds, and how many it took."""
    net, latent_dim = NETS[name]
    ae = Autoencoder(latent_dim=latent_dim, net=net, random_state=0)
    once = ae.set_params(epochs=1).fit(X).info_["seconds"]
    taken, ae = timed(lambda: ae.set_params(epochs=max(1, round(seconds / once))).fit(X))
    error = mse(T, ae.reconstruct(T))
    say(f"{name}: test MSE {error:.5f} after {ae.info_['epochs']} epochs, {taken:.0f} s")
    return error, ae.info_["parameters"], taken


def flat(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), prod(X.shape[1:])) / 255


def patches(X: np.ndarray) -> np.ndarray:
    """Return the patches of images, (n · patches, numbers in one)."""
    n, height, width, channels = X.shape
    cut = X.reshape(n, height // SIDE, SIDE, width // SIDE, SIDE, channels).transpose(0, 1, 3, 2, 4, 5)
    return cut.reshape(-1, SIDE * SIDE * channels) / 255


def from_patches(cut: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    n, height, width, channels = shape
    whole = cut.reshape(n, height // SIDE, width // SIDE, SIDE, SIDE, channels).transpose(0, 1, 3, 2, 4, 5)
    return whole.reshape(shape)


def linear(X: np.ndarray, T: np.ndarray, k: int) -> np.ndarray:
    """Return T as the first principal components of X give it."""
    pca = PCA(k, random_state=0).fit(X)
    return pca.inverse_transform(pca.transform(T)).clip(0, 1)
