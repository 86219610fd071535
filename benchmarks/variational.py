"""The variational variant, an MLP with a code of 50 numbers, on dynamically binarised MNIST.

Training draws binary pixels anew at each look. The test set is binarised once, with a fixed seed. −ELBO is the mean
over the 10,000 test images, one draw of the code each; −log p(x) is estimated with 500 importance samples for each of
them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.support.data import images
from benchmarks.support.figures import Figure, Result
from benchmarks.support.timing import say, timed
from isthmus import Autoencoder, Variational
from isthmus.parts.nets.mlp import MLP

WIDTHS = (512, 512)
RECIPE: dict[str, Any] = {
    "latent_dim": 50,
    "epochs": 110,
    "batch_size": 512,
    "learning_rate": 6e-3,
    "weight_decay": 0.1,
    "average": 0.999,
    "validation_fraction": 0.0,
    "random_state": 0,
}


def run(quick: bool) -> Result:
    X, T = images(quick)
    binary = np.random.default_rng(0).random(T.shape) < T / 255
    changes, draws = ({"epochs": 1}, 5) if quick else ({}, 500)
    ae = Autoencoder(Variational(likelihood="bernoulli", binarize=True), net=MLP(WIDTHS), **RECIPE | changes)
    seconds, _ = timed(lambda: ae.fit(X))
    bound = -float(ae.score_samples(binary).mean())
    say(f"trained for {seconds:.0f} s, −ELBO {bound:.2f} nats")
    evaluating, log_p = timed(lambda: ae.log_likelihood(binary, draws=draws))
    figures = [
        Figure("−ELBO on the test set", bound, "nats", most=91.0),
        Figure(f"−log p(x) on the test set, {draws} importance samples", -float(log_p.mean()), "nats", most=87.5),
        Figure("training", seconds, "s", most=360),
        Figure("computing log p(x)", evaluating, "s"),
    ]
    return Result(figures, details={"widths": WIDTHS, "recipe": RECIPE, "info": ae.info_, "history": ae.history_})
