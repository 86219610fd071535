"""The data of the benchmarks, found under ISTHMUS_DATA, and how far a reconstruction is from them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.support.figures import Skip
from isthmus.data.io import datasets
from isthmus.data.io.dataset import Dataset

QUICK_ROWS = {"train": 2048, "test": 512}


def found(path: str) -> Path:
    """Return a file or folder under ISTHMUS_DATA."""
    root = os.environ.get("ISTHMUS_DATA")
    if not root:
        raise Skip(f"ISTHMUS_DATA is not set: it names the folder that holds {path}")
    if not Path(root, path).exists():
        raise Skip(f"ISTHMUS_DATA has no {path}")
    return Path(root, path)


def mnist(quick: bool) -> tuple[Dataset, Dataset]:
    """Return the 60,000 training and the 10,000 test images with their labels; a few of each for a quick run."""
    found("mnist")
    return _part("train", quick), _part("test", quick)


def _part(part: str, quick: bool) -> Dataset:
    whole = datasets.load("mnist", part)
    some = slice(QUICK_ROWS[part] if quick else None)
    return replace(whole, X=whole.X[some], y=whole.y[some])


def images(quick: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return training and test images, uint8 (n, 28, 28)."""
    train, test = mnist(quick)
    return train.X, test.X


def unit(images: np.ndarray) -> np.ndarray:
    """Return images as rows of float32 in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


def mse(images: np.ndarray, reconstructed: np.ndarray) -> float:
    """Return the mean squared error per pixel of reconstructions of uint8 images, in units of black to white."""
    return float(np.square(unit(images) - reconstructed.reshape(len(reconstructed), -1), dtype=np.float64).mean())


def corrupted(images: np.ndarray, sigma: float) -> dict[str, np.ndarray]:
    """Return uint8 images as floats, once with Gaussian noise of standard deviation `sigma`, once half masked."""
    rng, clean = np.random.default_rng(0), images.astype(np.float32) / 255
    noise, kept = rng.standard_normal(images.shape, dtype=np.float32), rng.random(images.shape) >= 0.5
    return {"gaussian": clean + sigma * noise, "masking": clean * kept}


def quietly(function: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Call a function on images without the warning that noise leaves [0, 1]."""
    with warnings.catch_warnings(action="ignore"):
        return function(images)
