"""The libraries that isthmus is measured beside; those that are not installed skip what needs them."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from benchmarks.support.data import mse, unit
from benchmarks.support.figures import Skip


def needs(library: str) -> None:
    """Skip a benchmark whose peer is not installed."""
    if find_spec(library) is None:
        raise Skip(f"{library} is not installed: pip install -e '.[bench]'")


def pca_errors(X: np.ndarray, T: np.ndarray, k: int = 32) -> dict[str, float]:
    """Return the test error of PCA on images, of its output as it is and cut to [0, 1]."""
    from sklearn.decomposition import PCA

    pca = PCA(k).fit(unit(X))
    reconstructed = pca.inverse_transform(pca.transform(unit(T)))
    return {"raw": mse(T, reconstructed), "clipped": mse(T, reconstructed.clip(0, 1))}
