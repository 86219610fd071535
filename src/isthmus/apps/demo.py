"""The demonstration: all variants on the digits of scikit-learn, measured on test digits."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from isthmus import Autoencoder, InputError, variants
from isthmus.apps.report import pages
from isthmus.data.io import files
from isthmus.tasks.evaluation.evaluate import classify, evaluate

Callback = Callable[[Any], None]
Watch = Callable[[int, str], Callback]

ABOUT = """\
1,797 handwritten digits of 8 x 8 pixels, from scikit-learn: 1,437 to train on, 360 to test on.
{variants} variants are trained, which takes about {seconds} seconds on two cores. Ctrl-C ends it."""
SECONDS = 40

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


def run(folder: Path, watch: Watch, epochs: int | None = None) -> Iterator[dict[str, Any]]:
    """Train every variant and write its model to a folder; then write the digits and one report on all.

    Parameters
    ----------
    folder : Path
        Made where there is none.
    watch : callable
        Called with a variant's number, from 1, and its name; returns what is called with the events of its training.
    epochs : int or None
        Passes over the rows; None: as many as fit into a minute.

    Yields
    ------
    dict
        For each variant, once its model is written: its name, the path of its model, and the figures of the report.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C: nothing is written of the variant that was trained.
    """
    make(folder)
    data = digits()
    models, measured = {}, {}
    for number, name in enumerate(variants.variants(), start=1):
        models[name] = train(name, data.train, epochs or EPOCHS, watch(number, name))
        measured[name] = figures(models[name], data)
        path = folder / f"{name}.safetensors"
        models[name].save(path)
        yield {"variant": name, "model": str(path), **measured[name]}
    files.write(folder / "test-digits.npy", data.test)
    pages.write_comparison(models, data.test, folder / "report.html", y=data.test_labels, measured=measured)


def train(name: str, X: np.ndarray, epochs: int, callback: Callback) -> Autoencoder:
    """Return a trained model.

    Raises
    ------
    KeyboardInterrupt
        Training was interrupted.
    """
    variant, width = WIDER.get(name, (name, WIDTH))
    model = Autoencoder(variant, width, epochs=epochs, random_state=0, verbose=False, callbacks=[callback])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="training was interrupted")
        model.fit(X)
    if model.interrupted_:
        raise KeyboardInterrupt
    return model


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
        **evaluate(model, data.test),
        "parameters": model.info_["parameters"],
        "seconds": model.info_["seconds"],
        "noisy": float(np.mean((cleaned - data.test) ** 2)),
        "probe": classify(codes[0], data.train_labels, codes[1], data.test_labels),
    }
