"""The Bernoulli likelihood, for x in [0, 1]."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from isthmus.core.interfaces import Likelihood
from isthmus.core.part import part


@part("likelihood/bernoulli")
class Bernoulli(Likelihood):
    """Binary cross-entropy in nats of x in [0, 1] against the logit y.

    Parameters
    ----------
    margin : float, default 0.02
        How far from 0 and 1 the decoder is initialised: ``link(x)`` is the logit of x squeezed by it.
    """

    domain = "booleans"
    normalised = True

    def __init__(self, margin: float = 0.02) -> None:
        super().__init__()
        self.margin = margin

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return −x log p − (1 − x) log(1 − p) for p = sigmoid(y)."""
        return F.binary_cross_entropy_with_logits(y, x, reduction="none")

    def mean(self, y: Tensor) -> Tensor:
        """Return the probability of 1."""
        return torch.sigmoid(y)

    def link(self, x: Tensor) -> Tensor:
        """Return the logit of x, squeezed away from 0 and 1."""
        return torch.logit(self.margin + (1 - 2 * self.margin) * x.clamp(0, 1))

    def sample(self, y: Tensor) -> Tensor:
        """Draw 0 or 1."""
        return torch.bernoulli(torch.sigmoid(y))
