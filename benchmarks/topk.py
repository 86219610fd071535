"""The top-k variant, 32 of 256 units, on MNIST.

Inactive is a unit that is zero in a code; dead is one that is zero in all codes of the test set.
"""

from __future__ import annotations

from benchmarks.support.data import images, mse
from benchmarks.support.figures import Figure, Result
from benchmarks.support.timing import timed
from isthmus import Autoencoder, TopK

K, UNITS = 32, 256


def run(quick: bool) -> Result:
    X, T = images(quick)
    ae = Autoencoder(TopK(k=K), UNITS, epochs=1 if quick else None, random_state=0)
    seconds, _ = timed(lambda: ae.fit(X))
    silent = ae.transform(T) == 0
    figures = [
        Figure("inactive units, mean over test images", 100 * silent.mean(), "%", least=80),
        Figure("dead units on the test set", 100 * silent.all(0).mean(), "%", most=5),
        Figure("test MSE", mse(T, ae.reconstruct(T)), most=0.0095),
        Figure("training", seconds, "s"),
    ]
    return Result(figures, details={"info": ae.info_, "history": ae.history_})
