"""A score by the tails of the columns: how rare each value is by itself."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from isthmus.core.model import Model
from isthmus.core.part import part
from isthmus.core.records import Output
from isthmus.core.terms import Score
from isthmus.parts.scores.surprisal import Surprisal


@part("score/tails")
class Tails(Score):
    """How rare the values of a row are, each by itself: the mean over the elements of ``-log P`` of the rarer tail.

    P is the fraction of normal values that are at least as high, or at least as low, continued exponentially beyond
    them (ECOD, Li 2022, has the same tails, but ends with the last value). The reconstruction is not looked at, and
    no training row is kept, only quantiles.

    Parameters
    ----------
    width : int
        Learnt: numbers in a row.
    """

    def __init__(self, width: int = 0) -> None:
        super().__init__()
        self.high, self.low = Surprisal(width), Surprisal(width)
        self.elements = self.elements_of_contributions = max(4 * width, 1)

    def fit(self, outputs: Iterable[Output], model: Model) -> Tails:
        """Return a copy that knows the quantiles of each element."""
        x = torch.cat([output.batch.x.flatten(1) for output in outputs])
        fitted = Tails(x.shape[1])
        fitted.high.learn(x)
        fitted.low.learn(-x)
        return fitted

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the mean over the elements."""
        return self._each(output).mean(1)

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return the surprisal of each element."""
        return self._each(output).reshape(output.batch.x.shape)

    def _each(self, output: Output) -> Tensor:
        x = output.batch.x.flatten(1)
        surprisal = torch.maximum(self.high(x), self.low(-x))
        return surprisal if output.batch.observed is None else surprisal * output.batch.observed.flatten(1)
