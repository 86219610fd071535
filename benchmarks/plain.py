"""The plain variant with hidden layers of 512, 256 and 128 units and a code of 32 numbers, on MNIST.

Everything but the widths and the seed is at its default. The seconds are those of the whole call of
`fit`; the error is that of `reconstruct` on the test images, whose output is clipped to [0, 1].
"""

from __future__ import annotations

from benchmarks.support.data import images, mse
from benchmarks.support.figures import Figure, Result
from benchmarks.support.timing import timed
from isthmus import Autoencoder
from isthmus.parts.nets.mlp import MLP

WIDTHS = (512, 256, 128)


def run(quick: bool) -> Result:
    X, T = images(quick)
    ae = Autoencoder("plain", latent_dim=32, net=MLP(WIDTHS), epochs=1 if quick else None, random_state=0)
    seconds, _ = timed(lambda: ae.fit(X))
    figures = [Figure("test MSE", mse(T, ae.reconstruct(T)), most=0.0060), Figure("training", seconds, "s", most=120)]
    return Result(figures, details={"info": ae.info_, "history": ae.history_})
