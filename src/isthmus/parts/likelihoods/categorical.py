"""The categorical likelihood, for one-hot x."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from isthmus.core.interfaces import Likelihood
from isthmus.core.part import part
from isthmus.support.errors import InputError


@part("likelihood/categorical")
class Categorical(Likelihood):
    """Cross-entropy in nats of one-hot x against the logits y, over the last axis.

    Parameters
    ----------
    weight : float, default 1
        How much a nat counts; with another one the error is no log-likelihood.

    Raises
    ------
    InputError
        The weight is not above 0.
    """

    domain = "categories"

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        if weight <= 0:
            raise InputError(f"weight={weight} of the likelihood 'categorical' must be above 0")
        self.weight, self.normalised = weight, weight == 1

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return −x log softmax(y), weighted: zero but at the category that is there."""
        return -self.weight * x * torch.log_softmax(y, -1)

    def mean(self, y: Tensor) -> Tensor:
        """Return the probabilities."""
        return torch.softmax(y, -1)

    def link(self, x: Tensor) -> Tensor:
        """Return the centred log of smoothed probabilities."""
        logits = torch.log(0.02 / x.shape[-1] + 0.98 * x)
        return logits - logits.mean(-1, keepdim=True)

    def sample(self, y: Tensor) -> Tensor:
        """Draw one category, one-hot."""
        drawn = torch.multinomial(torch.softmax(y, -1).flatten(0, -2), 1).view(y.shape[:-1])
        return F.one_hot(drawn, y.shape[-1]).to(y.dtype)
