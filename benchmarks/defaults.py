"""All defaults: `Autoencoder("plain", latent_dim=32).fit(X)` on the 60,000 images of MNIST.

`X` is uint8 (60000, 28, 28). The seconds are those of the whole call of `fit`. The error is that of `reconstruct` on
the test images; pixels lie in [0, 1], so its output is clipped to that range, which lowers the error: PCA's error is
given both with and without clipping.
"""

from __future__ import annotations

from benchmarks.support.data import images, mse
from benchmarks.support.figures import Figure, Result
from benchmarks.support.peers import pca_errors
from benchmarks.support.timing import timed
from isthmus import Autoencoder


def run(quick: bool) -> Result:
    X, T = images(quick)
    ae = Autoencoder("plain", latent_dim=32, epochs=1 if quick else None)
    seconds, _ = timed(lambda: ae.fit(X))
    pca = pca_errors(X, T)
    figures = [
        Figure("test MSE", mse(T, ae.reconstruct(T)), most=0.0060),
        Figure("training", seconds, "s", most=180),
        Figure("test MSE of PCA, cut to [0, 1]", pca["clipped"]),
        Figure("test MSE of PCA as it is", pca["raw"]),
    ]
    return Result(figures, details={"info": ae.info_, "history": ae.history_})
