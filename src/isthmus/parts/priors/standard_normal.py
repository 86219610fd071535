"""The standard normal prior of variational models."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.core.interfaces import Prior
from isthmus.core.part import part
from isthmus.parts.priors.vectors import sum_positions


@part("prior/standard-normal")
class StandardNormal(Prior):
    """N(0, I): the prior that a variational model was trained with.

    Parameters
    ----------
    latent_dim : int or None, default None
        Learnt: numbers in a code, at each position.
    """

    sample_rows = 1

    def __init__(self, latent_dim: int | None = None) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def fit(self, codes: Tensor, condition: Mapping[str, Tensor] | None = None) -> StandardNormal:
        """Return a copy for codes of that length; nothing else is learnt."""
        return StandardNormal(codes.shape[-1])

    def sample(
        self,
        n: int,
        positions: tuple[int, ...] = (),
        condition: Mapping[str, Tensor] | None = None,
        temperature: float = 1.0,
    ) -> Tensor:
        """Draw codes of shape (n, *positions, latent_dim)."""
        return temperature * torch.randn(n, *positions, self.latent_dim or 0)

    def log_prob(self, z: Tensor, condition: Mapping[str, Tensor] | None = None) -> Tensor:
        """Return the log density of each code in nats, of shape (n,)."""
        return sum_positions(-0.5 * (z**2 + math.log(2 * math.pi)).sum(-1), z)
