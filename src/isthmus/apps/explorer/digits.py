"""The models of ``explore --demo``: trained on the digits of scikit-learn once, then cached."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import isthmus
from isthmus import Autoencoder, InputError, IsthmusError
from isthmus.data.io import datasets, files

MODELS: dict[str, dict[str, Any]] = {
    "variational": {"variant": "variational", "epochs": 30},
    "plain": {"variant": "plain", "epochs": 30},
}


def digits(tell: Callable[[str], object] = print) -> tuple[dict[str, Any], Any, Any]:
    """Return models with codes of two numbers by name, the digits, and their labels.

    Parameters
    ----------
    tell : callable
        Called with a line for each model that is trained.
    """
    loaded = files.read("digits")
    folder = datasets.cache() / f"explore-{isthmus.__version__}"
    return {name: _model(name, folder, loaded.X, tell) for name in MODELS}, loaded.X, loaded.y


def _model(name: str, folder: Path, X: Any, tell: Callable[[str], object]) -> Autoencoder:
    """Return a model from the cache, or train it and put it there."""
    path = folder / f"{name}.safetensors"
    try:
        return Autoencoder.load(path)
    except (OSError, IsthmusError):
        began = time.perf_counter()
        model = Autoencoder(latent_dim=2, random_state=0, verbose=False, **MODELS[name]).fit(X)
        tell(f"trained a {name} model in {time.perf_counter() - began:.1f} s")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        model.save(path)
    except (OSError, InputError) as error:
        tell(f"it could not be kept for the next time: {error}")
    return model
