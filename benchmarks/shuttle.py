"""A table of 49,097 x 9 (shuttle): training and scoring beside PyOD's AutoEncoder, same widths, batches of 1,024.

The net is isthmus's default for nine columns. Both train for PyOD's ten epochs on float32 columns that they
standardise themselves, in turn; a round before does not count. Training is compared twice: whole calls of `fit`
(PyOD's scores its training rows at the end, ours starts with a PCA), and the loops alone. Scoring is `score_samples`
beside `decision_function` of the models just trained.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np

from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.peers import needs
from benchmarks.support.timing import in_turn, ratios, spreads, timed
from isthmus import Autoencoder
from isthmus.parts.nets.mlp import MLP

WIDTHS, LATENT, BATCH, EPOCHS = (64, 32), 4, 1024, 10


def run(quick: bool) -> Result:
    needs("pyod")
    X = np.load(found("adbench/32_shuttle.npz"))["X"].astype(np.float32)[: 4096 if quick else None]
    epochs = 1 if quick else EPOCHS
    ours = Autoencoder(
        "plain",
        LATENT,
        net=MLP(WIDTHS, norm=False),
        epochs=epochs,
        batch_size=BATCH,
        validation_fraction=0,
        random_state=0,
    )
    theirs = pyod_detector(epochs)
    loops: dict[str, list[float]] = {"isthmus": [], "pyod": []}
    repeats = 1 if quick else 5
    fits = in_turn(repeats, {"isthmus": lambda: fit_ours(ours, X, loops), "pyod": lambda: fit_theirs(theirs, X, loops)})
    scores = in_turn(
        repeats,
        {
            "isthmus": lambda: len(X) / timed(lambda: ours.score_samples(X))[0],
            "pyod": lambda: len(X) / timed(lambda: theirs.decision_function(X))[0],
        },
    )
    loops = {name: rates[1:] for name, rates in loops.items()}
    figures = [
        *compared("training, whole calls of `fit`", fits, "samples/s", least=4),
        *compared("training, loops alone", loops, "samples/s", least=4),
        *compared("scoring", scores, "rows/s", least=10),
    ]
    details = {"fit": spreads(fits), "loop": spreads(loops), "scoring": spreads(scores), "info": ours.info_}
    return Result(figures, details=details)


def compared(what: str, rates: dict[str, list[float]], unit: str, least: float) -> list[Figure]:
    ratio, worst = ratios(rates["isthmus"], rates["pyod"])
    return [
        Figure(f"{what}: times PyOD's rate", ratio, least=least),
        Figure(f"{what}: the same, worst turn", worst),
        *(Figure(f"{what}: {name}", median(values), unit) for name, values in rates.items()),
    ]


def fit_ours(ae: Autoencoder, X: np.ndarray, loops: dict[str, list[float]]) -> float:
    seconds, _ = timed(lambda: ae.fit(X))
    loops["isthmus"].append(ae.epochs * len(X) / ae.history_[-1]["seconds"])
    return ae.epochs * len(X) / seconds


def fit_theirs(detector: Any, X: np.ndarray, loops: dict[str, list[float]]) -> float:
    seconds, _ = timed(lambda: detector.fit(X))
    loops["pyod"].append(detector.epoch_num * len(X) / detector.seconds)
    return detector.epoch_num * len(X) / seconds


def pyod_detector(epochs: int) -> Any:
    """Return PyOD's detector, which notes the seconds of its loop."""
    from pyod.models.auto_encoder import AutoEncoder

    class Timed(AutoEncoder):
        def train(self, train_loader):
            self.seconds, _ = timed(lambda: super(Timed, self).train(train_loader))

    return Timed(epoch_num=epochs, batch_size=BATCH, hidden_neuron_list=[*WIDTHS, LATENT], verbose=0)
