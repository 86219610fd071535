"""The demonstration: all variants on the digits of scikit-learn, measured on digits that were held out."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from isthmus import Autoencoder, InputError, variants
from isthmus.apps.report import pages
from isthmus.data.io import files
from isthmus.tasks.evaluation.evaluate import classify
from isthmus.tasks.evaluation.evaluate import evaluate as measured

ABOUT = "1,797 handwritten digits of 8 x 8 pixels, from scikit-learn: 1,437 to train on, 360 to test on"

TESTED = 360
EPOCHS = 100
NOISE = 0.5
"""Standard deviation of the noise that robustness is measured under: half of the way from black to white."""

WIDTH = 16
WIDER: dict[str, tuple[variants.Variant, int]] = {"sparse": (variants.Sparse(), 32), "topk": (variants.TopK(k=8), 32)}
"""Variants of which few units are active at once get more of them."""


class Digits(NamedTuple):
    """The digits and their labels: to train on, and to test on."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


def digits() -> Digits:
    """Return the digits, split at random, the same way each time."""
    loaded = files.read("digits")
    X, y = np.asarray(loaded.X), np.asarray(loaded.y)
    order = np.random.default_rng(0).permutation(len(X))
    test, train = order[:TESTED], order[TESTED:]
    return Digits(X[train], y[train], X[test], y[test])


def run(folder: Path, epochs: int | None = None, tell: Callable[[str], None] = print) -> list[dict[str, Any]]:
    """Train every variant, write its model and one report to a folder, and return what was measured.

    Parameters
    ----------
    folder : Path
        Made where there is none.
    epochs : int or None
        Passes over the rows; None: as many as fit into a minute.
    tell : callable
        Called with a line for each step.

    Returns
    -------
    list of dict
        For each variant its name, where its file is, seconds of training, and figures on the test digits.
    """
    make(folder)
    data, names = digits(), list(variants.variants())
    models, lines = {}, []
    for number, name in enumerate(names, start=1):
        models[name], seconds = train(name, data.train, epochs or EPOCHS)
        path = folder / f"{name}.safetensors"
        models[name].save(path)
        lines.append({"variant": name, "model": str(path), "seconds": seconds, **figures(models[name], data)})
        tell(f"[{number}/{len(names)}] {name}: trained in {seconds:.1f} s")
    files.write(folder / "test-digits.npy", data.test)
    tell("writing the report")
    pages.write_comparison(models, data.test, folder / "report.html", y=data.test_labels)
    return lines


def train(name: str, X: np.ndarray, epochs: int) -> tuple[Autoencoder, float]:
    """Return a trained model, and the seconds that it took."""
    began = time.perf_counter()
    variant, width = WIDER.get(name, (name, WIDTH))
    model = Autoencoder(variant, width, epochs=epochs, random_state=0, verbose=False).fit(X)
    return model, round(time.perf_counter() - began, 1)


def make(folder: Path) -> None:
    """Make a folder where there is none.

    Raises
    ------
    InputError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder {str(folder)!r} cannot be made: {error.strerror}; choose another with -o"
        ) from error


def figures(model: Autoencoder, data: Digits) -> dict[str, Any]:
    """Return the figures of a model on the test digits: as they are, and seen under noise."""
    noise = np.random.default_rng(1).normal(scale=NOISE, size=data.test.shape).astype(np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="these pixels reach from")  # which is what noise does
        cleaned = model.reconstruct(data.test + noise)
    codes = model.transform(data.train), model.transform(data.test)
    return {
        **measured(model, data.test),
        "noisy": float(np.mean((cleaned - data.test) ** 2)),
        "probe": classify(codes[0], data.train_labels, codes[1], data.test_labels),
    }
