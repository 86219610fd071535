"""Several scores joined, each measured by how rare its value is among normal rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from isthmus.core.model import Model
from isthmus.core.part import part, spell
from isthmus.core.records import Output
from isthmus.core.terms import Score
from isthmus.parts.scores.neighbours import Neighbours
from isthmus.parts.scores.residuals import Residual
from isthmus.parts.scores.surprisal import Surprisal
from isthmus.parts.scores.tails import Tails
from isthmus.support.errors import InputError

WEIGHTS = (1.0, 0.2, 0.15)
"""The weights of neighbours, tails and residual, if no scores are named."""
TAIL = 0.1
"""The fraction of normal rows beyond which the surprisal of a score is that of a Pareto distribution."""
TINY = 1e-9


@part("score/joined")
class Joined(Score):
    """The weighted sum of the surprisals of several scores: -log of the fraction of normal rows that score as high.

    Scores of different kinds see different anomalies: the distance to the nearest normal rows, how rare each value is
    by itself, and what the model cannot reconstruct. None needs a unit, since each is compared with its own values for
    normal rows; beyond nine tenths of these its tail is that of a Pareto distribution (Pickands 1975). The sum is
    that of Fisher's method (1925), with weights. A score that is the same for all normal rows is left out,
    unless all are.

    Parameters
    ----------
    scores : sequence of Score, default ()
        Empty: neighbours, tails and residual.
    weights : sequence of float, default ()
        One for each score. Empty: 1 for each; of the default scores 1, 0.2 and 0.15.
    """

    def __init__(self, scores: Sequence[Score] = (), weights: Sequence[float] = ()) -> None:
        super().__init__()
        weights = tuple(weights) or ((1.0,) * len(scores) if scores else WEIGHTS)
        scores = tuple(scores) or (Neighbours(), Tails(), Residual())
        check_weights("joined", weights, len(scores))
        self.scores, self.weights = nn.ModuleList(scores), weights
        self.surprisal = Surprisal(len(scores), TAIL)
        self.needs_model = any(score.needs_model for score in scores)
        self.keeps_rows = any(score.keeps_rows for score in scores)
        self.kept_rows = sum(score.kept_rows for score in scores)
        self.elements = sum(score.elements for score in scores)
        self.elements_of_contributions = sum(score.elements_of_contributions for score in scores)

    def for_contaminated(self, fraction: float) -> Joined:
        """Return a copy of scores for such data."""
        return Joined([score.for_contaminated(fraction) for score in self._each()], self.weights)

    def without_rows(self) -> Joined | None:
        """Return a copy of those scores that hold no rows; None if there are none."""
        kept = [(score, weight) for score, weight in zip(self._each(), self.weights, strict=True)]
        kept = [(without, weight) for score, weight in kept if (without := score.without_rows()) is not None]
        return Joined(*zip(*kept, strict=True)) if kept else None

    def fit(self, outputs: Iterable[Output], model: Model) -> Joined:
        """Return a copy of fitted scores that knows their distributions among normal rows."""
        return self.fit_known(outputs, (), model)

    def fit_known(self, outputs: Iterable[Output], known: Sequence[Output], model: Model) -> Joined:
        """Return a copy of scores fitted to normal rows and known anomalies; distributions are of normal rows alone."""
        outputs = list(outputs)
        fitted = [score.fit_known(outputs, known, model).eval() for score in self._each()]
        levels = [torch.cat([score(output, model) for output in outputs]) for score in fitted]
        kept = [k for k, level in enumerate(levels) if level.amax() > level.amin()] or [*range(len(fitted))]
        _say_left_out([spell(score) for k, score in enumerate(fitted) if k not in kept], len(levels[0]))
        joined = Joined([fitted[k] for k in kept], [self.weights[k] for k in kept])
        joined.surprisal.learn(logarithms(torch.stack([levels[k] for k in kept], 1)))
        return joined

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the weighted sum of the surprisals."""
        return self.surprisals(output, model).sum(1)

    def of_known(self, output: Output, model: Model) -> Tensor:
        """Return the score of known anomalies as if each of them were not known."""
        return self._weighted([score.of_known(output, model) for score in self._each()]).sum(1)

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return the surprisal of each score, distributed in proportion to its contributions; they sum to the score."""
        surprisals = self.surprisals(output, model).unbind(1)
        total = torch.zeros_like(output.batch.x)
        for score, surprisal in zip(self._each(), surprisals, strict=True):
            each = score.contributions(output, model).flatten(1) + TINY  # all alike where none contributes
            total += (each * (surprisal / each.sum(1))[:, None]).reshape(total.shape)
        return total

    def surprisals(self, output: Output, model: Model) -> Tensor:
        """Return the weighted surprisal of each score, of shape (batch, scores)."""
        return self._weighted([score(output, model) for score in self._each()])

    def _weighted(self, each: list[Tensor]) -> Tensor:
        scores = torch.stack(each, 1)
        weights = torch.tensor(self.weights, dtype=scores.dtype, device=scores.device)
        surprisals: Tensor = self.surprisal(logarithms(scores))
        return surprisals * weights

    def _each(self) -> list[Score]:
        return list(self.scores)  # type: ignore[arg-type]  # they are scores


def check_weights(name: str, weights: Sequence[float], scores: int) -> None:
    """Refuse weights of a score that joins so many others.

    Raises
    ------
    InputError
        There is not one for each, or one is not positive.
    """
    if len(weights) != scores or min(weights) <= 0:
        raise InputError(
            f"weights={tuple(weights)} of the score {name!r}: expected a positive number for each of its {scores} "
            "scores"
        )


def logarithms(scores: Tensor) -> Tensor:
    """Return the logarithms of scores, which may be zero."""
    return (scores + TINY).log()


def _say_left_out(names: list[str], rows: int) -> None:
    for name in names:
        warnings.warn(f"the score {name} is the same for all {rows:,} normal rows: it is left out", stacklevel=2)
