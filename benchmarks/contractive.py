"""The contractive variant beside plain, on MNIST: how much codes of 32 numbers move when the image does.

The figure is the Frobenius norm of the exact Jacobian of codes at unit variance over the test set, the mean over 500
test images. Without the division by the variance, codes that merely shrink would seem robust. Both train for the same
number of epochs; means over two seeds.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from benchmarks.support import rows
from benchmarks.support.data import images, mse
from benchmarks.support.figures import Figure, Result
from benchmarks.support.timing import say
from isthmus import Autoencoder, Contractive
from isthmus.core.records import Batch

SEEDS, EPOCHS, PROBED = (0, 1), 22, 500


def run(quick: bool) -> Result:
    X, T = images(quick)
    found: dict[str, list[tuple[float, float]]] = {"plain": [], "contractive": []}
    for seed in SEEDS[: 1 if quick else None]:
        for name, runs in found.items():
            runs.append(rows.ours(f"{name}, seed {seed}", partial(measured, name, seed, X, T, quick), X, T))
            say(f"{name}, seed {seed}: norm {runs[-1][0]:.3f}, test MSE {runs[-1][1]:.5f}")
    norms, errors = ({name: [run[at] for run in runs] for name, runs in found.items()} for at in (0, 1))
    norm, error = ({name: float(np.mean(v)) for name, v in by.items()} for by in (norms, errors))
    figures = [
        Figure("norm of the Jacobian as a fraction of plain's", norm["contractive"] / norm["plain"], most=0.5),
        Figure("test MSE as a fraction of plain's", error["contractive"] / error["plain"], most=1.02),
    ]
    table = [["", "norm of the Jacobian", "test MSE"], *([name, norm[name], error[name]] for name in norm)]
    return Result(figures, table, {"weight": Contractive().weight, "norms": norms, "errors": errors})


def measured(name: str, seed: int, X: np.ndarray, T: np.ndarray, quick: bool) -> tuple[float, float]:
    """Return the norm of the Jacobian and the test error."""
    ae = Autoencoder(name, 32, epochs=1 if quick else EPOCHS, random_state=seed).fit(X)
    return jacobian_norm(ae, T, 20 if quick else PROBED), mse(T, ae.reconstruct(T))


def jacobian_norm(ae: Autoencoder, T: np.ndarray, probed: int) -> float:
    """Return the mean Frobenius norm of the Jacobian of standardised codes."""
    model, spread = ae.objective_.model, torch.from_numpy(ae.transform(T).std(0))

    def code(x: Tensor) -> Tensor:
        return model.code(Batch(x[None], x[None]), False).z[0] / spread

    x = ae.data_.batch(ae.data_.read(T[:probed])).x
    jacobians = torch.func.vmap(torch.func.jacrev(code), chunk_size=100)(x)
    return float(jacobians.detach().flatten(1).norm(dim=1).mean())
