"""Sparsity: costs on the activity of codes."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.interfaces import per_sample
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

    The mean belongs to the batch, so every sample of it bears the same term (Ng 2011).

    Parameters
    ----------
    target : float, default 0.05
    """

    def __init__(self, target: float = 0.05) -> None:
        self.target = target

    def __call__(self, output: Output, model: Model) -> Tensor:
        """Return the term of each sample."""
        p, q = self.target, mean(output.code.z.float().mean(0)).clamp(1e-6, 1 - 1e-6)
        divergence = p * torch.log(p / q) + (1 - p) * torch.log((1 - p) / (1 - q))
        return divergence.sum().expand(len(output.code.z))
