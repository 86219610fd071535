"""Scoring and training on a GPU beside the CPU of the same machine: rows a second, and how far the scores differ.

Each model is trained once on the GPU, with its defaults, and scores the same rows on either device; a call before does
not count. Rows lie in memory as NumPy arrays, so that what is measured holds the way to the GPU and back.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.support.data import images
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.timing import say, timed
from isthmus import Autoencoder
from isthmus.parts.nets.feature_map import FeatureMap

REPEATS = 5


def run(quick: bool) -> Result:
    if not torch.cuda.is_available():
        raise Skip("no GPU is here")
    figures, table = [], [["", "scored on the GPU, rows/s", "on the CPU, rows/s", "trained on the GPU, rows/s"]]
    for name, (ae, X) in models(quick).items():
        trained, scored, apart = compared(ae, X)
        ratio = scored["cuda"] / scored["cpu"]
        say(f"{name}: scoring {scored}, ratio {ratio:.1f}, apart {apart:.2g}, training {trained:,.0f} rows/s")
        figures.append(Figure(f"{name}: scoring, times the CPU's rate", ratio))
        figures.append(
            Figure(f"{name}: largest difference of the scores, as a fraction of their mean", apart, most=1e-2)
        )
        table.append([name, scored["cuda"], scored["cpu"], trained])
    return Result(figures, table, details={"gpu": torch.cuda.get_device_name(), "threads": torch.get_num_threads()})


def models(quick: bool) -> dict[str, tuple[Autoencoder, Any]]:
    rng, (digits, _) = np.random.default_rng(0), images(quick)
    n = 2_000 if quick else 1_000_000
    factors = rng.normal(size=(n, 6)) @ rng.normal(size=(6, 30)) + 0.1 * rng.normal(size=(n, 30))
    photos = np.repeat(np.repeat(rng.integers(0, 256, (8 if quick else 100, 64, 64, 3), np.uint8), 4, 1), 4, 2)
    return {
        "table of 30 columns": (made(latent_dim=6, epochs=1), factors.astype(np.float32)),
        "28 x 28 images, mlp": (made(latent_dim=32, epochs=2), digits),
        "28 x 28 images, conv": (made(latent_dim=32, net="conv", epochs=2), digits[:10_000]),
        "256 x 256 colour images, feature-map": (made(latent_dim=8, net=FeatureMap(), epochs=1), photos),
    }


def made(**changes: Any) -> Autoencoder:
    return Autoencoder("plain", device="cuda", random_state=0, validation_fraction=0, **changes)


def compared(ae: Autoencoder, X: np.ndarray) -> tuple[float, dict[str, float], float]:
    """Return training rows a second on the GPU, scored rows a second on either device, and how far scores differ."""
    ae.fit(X)
    trained = ae.epochs * len(X) / ae.history_[-1]["seconds"]
    scores, rates = {}, {}
    for device in ("cuda", "cpu"):
        ae.set_params(device=device)
        rates[device], scores[device] = rate(lambda: ae.score_samples(X), len(X), 1 if device == "cpu" else REPEATS)
    apart = np.abs(scores["cuda"] - scores["cpu"]).max() / np.abs(scores["cpu"]).mean()
    return trained, rates, float(apart)


def rate(function: Callable[[], np.ndarray], n: int, repeats: int) -> tuple[float, np.ndarray]:
    value = function()
    return n / median(timed(function)[0] for _ in range(repeats)), value
