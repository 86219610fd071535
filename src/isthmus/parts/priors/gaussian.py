"""A Gaussian prior, fitted on the codes of a trained model."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.core.interfaces import Prior
from isthmus.core.part import part
from isthmus.parts.priors.vectors import codes_of, number, sum_positions, vectors

NARROWEST = 1e-6
"""Of the widest direction's deviation: how wide a direction counts in `log_prob` in which codes do not vary."""


@part("prior/gaussian")
class Gaussian(Prior):
    """A Gaussian with full covariance, fitted on the codes of a trained model (ex-post density, Ghosh 2020).

    Parameters
    ----------
    latent_dim : int or None, default None
        Learnt: numbers in a code, at each position.
    """

    mean: Tensor
    factor: Tensor

    def __init__(self, latent_dim: int | None = None) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(latent_dim or 0))
        self.register_buffer("factor", torch.zeros(latent_dim or 0, latent_dim or 0))

    def fit(self, codes: Tensor, condition: Mapping[str, Tensor] | None = None) -> Gaussian:
        """Return a copy with the mean and covariance of codes of shape (n, *positions, latent_dim)."""
        z = vectors(codes).double()
        width = z.shape[1]
        fitted = Gaussian(width)
        fitted.mean = z.mean(0).float()
        covariance = torch.cov(z.T).reshape(width, width) if len(z) > 1 else torch.zeros(width, width)
        values, axes = torch.linalg.eigh(covariance)
        fitted.factor = (axes * values.clamp_min(0).sqrt()).float().contiguous()
        return fitted

    def sample(
        self,
        n: int,
        positions: tuple[int, ...] = (),
        condition: Mapping[str, Tensor] | None = None,
        temperature: float = 1.0,
    ) -> Tensor:
        """Draw codes of shape (n, *positions, latent_dim)."""
        noise = torch.randn(number(n, positions), len(self.mean))
        return codes_of(self.mean + temperature * noise @ self.factor.T, n, positions)

    def log_prob(self, z: Tensor, condition: Mapping[str, Tensor] | None = None) -> Tensor:
        """Return the log density of each code in nats, of shape (n,).

        Directions in which codes do not vary count as very narrow ones.
        """
        factor = self.factor.double()
        values, axes = torch.linalg.eigh(factor @ factor.T)
        deviation = values.clamp_min(0).sqrt()
        deviation = deviation.clamp_min(max(NARROWEST * float(deviation.max()), torch.finfo(torch.float32).tiny))
        standard = (vectors(z).double() - self.mean) @ axes / deviation
        log_prob = -0.5 * (standard**2 + math.log(2 * math.pi)).sum(1) - deviation.log().sum()
        return sum_positions(log_prob, z).float()
