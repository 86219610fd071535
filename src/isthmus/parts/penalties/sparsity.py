"""Sparsity: costs on the activity of codes."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.interfaces import per_code, per_sample, sites
from isthmus.core.model import Model
from isthmus.core.part import part
from isthmus.core.records import Output
from isthmus.core.terms import Penalty
from isthmus.core.training.distributed import mean


@part("penalty/l1")
class L1(Penalty):
    """The sum of |z|."""

    def __call__(self, output: Output, model: Model) -> Tensor:
        """Return the term of each sample."""
        return per_sample(output.code.z.abs())


@part("penalty/kl")
class KL(Penalty):
    """KL in nats between a target activation and each unit's mean activation over the batch, for codes in (0, 1).

    The mean is over rows and positions. It belongs to the batch, so every sample of it bears the same term, once for
    each of its positions (Ng 2011).

    Parameters
    ----------
    target : float, default 0.05
    """

    def __init__(self, target: float = 0.05) -> None:
        self.target = target

    @property
    def mixes_rows(self) -> bool:
        """The mean is over all rows of a batch."""
        return True

    def __call__(self, output: Output, model: Model) -> Tensor:
        """Return the term of each sample."""
        z = output.code.z.float()
        p, q = self.target, mean(per_code(z).mean(0)).clamp(1e-6, 1 - 1e-6)
        divergence = p * torch.log(p / q) + (1 - p) * torch.log((1 - p) / (1 - q))
        return (divergence.sum() * sites(z)).expand(len(z))
