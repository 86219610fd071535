"""The use of codes for classification, by variant: a linear probe on MNIST codes of 32 numbers, with 1,000 labels.

Each variant is trained with its defaults, all for the same number of epochs. Logistic regression on
standardised codes of 1,000 clean training images, drawn five times, is tested on the codes of the 10,000 test images:
clean, with Gaussian noise (sigma 0.3), and with half of the pixels masked. Mean accuracy, and its standard deviation
over the draws.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.support.data import corrupted, mnist, quietly
from benchmarks.support.figures import Figure, Result
from benchmarks.support.rows import ours
from benchmarks.support.timing import say
from isthmus import Autoencoder
from isthmus.variants import variants

EPOCHS, LABELS, DRAWS = 8, 1000, 5


def run(quick: bool) -> Result:
    train, test = mnist(quick)
    inputs = {"clean": test.X, **corrupted(test.X, sigma=0.3)}
    epochs, labels, draws = (1, 200, 2) if quick else (EPOCHS, LABELS, DRAWS)
    picks = [np.random.default_rng(draw).permutation(len(train.X))[:labels] for draw in range(draws)]

    def measured(name: str) -> dict[str, list[float]]:
        ae = Autoencoder(name, 32, epochs=epochs, random_state=0).fit(train.X)
        codes = {kind: quietly(ae.transform, X) for kind, X in inputs.items()}
        probes = [probe(ae.transform(train.X[pick]), train.y[pick]) for pick in picks]
        return {kind: [p.score(z, test.y) for p in probes] for kind, z in codes.items()}

    accuracies = {}
    for name in variants():
        accuracies[name] = ours(name, partial(measured, name), train.X, train.y, test.X, test.y)
        say(f"{name}: " + ", ".join(f"{kind} {np.mean(found):.3f}" for kind, found in accuracies[name].items()))
    gain = np.mean(accuracies["denoising"]["gaussian"]) - np.mean(accuracies["plain"]["gaussian"])
    figures = [Figure("accuracy under noise: denoising less plain", 100 * gain, "points", least=0)]
    rows = [[name, *map(percent, by.values())] for name, by in accuracies.items()]
    return Result(figures, [["accuracy, %", *inputs], *rows], {"epochs": epochs, "accuracies": accuracies})


def probe(z: np.ndarray, y: np.ndarray) -> LogisticRegression:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(z.astype(np.float64), y)


def percent(found: list[float]) -> str:
    return f"{100 * np.mean(found):.1f} ± {100 * np.std(found):.1f}"
