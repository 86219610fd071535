"""A mixture of Gaussians as prior, fitted on draws from q(z|x)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping

import torch
from torch import Tensor

from isthmus.core.interfaces import Prior
from isthmus.core.part import part
from isthmus.parts.priors.vectors import codes_of, number, sum_positions, vectors

ROUNDS = 20
"""Of EM."""


@part("prior/mixture")
class Mixture(Prior):
    """A mixture of Gaussians with full covariances, fitted on draws from q(z|x) by EM (ex-post density, Ghosh 2020).

    It fills the holes between N(0, I), which training pulls codes to, and where the codes of rows come to lie.

    Parameters
    ----------
    latent_dim : int or None, default None
        Learnt: numbers in a code, at each position.
    components : int, default 64
        Gaussians; fewer where there are not `rows_each` codes for each of them, the rest have no weight.
    rows_each : int, default 100
        Codes for each Gaussian, at least.
    """

    weight: Tensor
    mean: Tensor
    factor: Tensor

    def __init__(self, latent_dim: int | None = None, components: int = 64, rows_each: int = 100) -> None:
        super().__init__()
        self.components, self.rows_each = components, rows_each
        self.register_buffer("weight", torch.zeros(components))
        self.register_buffer("mean", torch.zeros(components, latent_dim or 0))
        self.register_buffer("factor", torch.zeros(components, latent_dim or 0, latent_dim or 0))

    def fit(self, codes: Tensor, condition: Mapping[str, Tensor] | None = None) -> Mixture:
        """Return a copy with weights, means and covariances of codes of shape (n, *positions, latent_dim)."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        z = vectors(codes).double()
        z = z if len(z) > 1 else z.repeat(2, 1)
        fitted = Mixture(z.shape[1], self.components, self.rows_each)
        k = max(1, min(self.components, len(z) // self.rows_each))
        seed = int(torch.randint(2**31 - 1, ()))
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # more rounds draw no better rows
            learnt = GaussianMixture(k, reg_covar=1e-3, max_iter=ROUNDS, random_state=seed).fit(z.numpy())
        fitted.weight[:k] = torch.from_numpy(learnt.weights_)
        fitted.mean[:k] = torch.from_numpy(learnt.means_)
        fitted.factor[:k] = torch.linalg.cholesky(torch.from_numpy(learnt.covariances_))
        return fitted

    def sample(
        self,
        n: int,
        positions: tuple[int, ...] = (),
        condition: Mapping[str, Tensor] | None = None,
        temperature: float = 1.0,
    ) -> Tensor:
        """Draw codes of shape (n, *positions, latent_dim): `temperature` scales each Gaussian around its mean."""
        chosen = torch.multinomial(self.weight, number(n, positions), replacement=True)
        noise = torch.randn(len(chosen), self.mean.shape[1], 1)
        return codes_of(self.mean[chosen] + temperature * (self.factor[chosen] @ noise).squeeze(2), n, positions)

    def log_prob(self, z: Tensor, condition: Mapping[str, Tensor] | None = None) -> Tensor:
        """Return the log density of each code in nats, of shape (n,)."""
        apart = vectors(z)
        weighted = [
            weight.log() + _normal(apart - mean, factor)
            for weight, mean, factor in zip(self.weight, self.mean, self.factor, strict=True)
            if weight > 0
        ]
        return sum_positions(torch.logsumexp(torch.stack(weighted), 0), z)


def _normal(apart: Tensor, factor: Tensor) -> Tensor:
    """Return the log density of N(0, factor factorᵀ), a lower triangle, at some points of shape (n, d)."""
    standard: Tensor = torch.linalg.solve_triangular(factor, apart.T, upper=False)
    return -0.5 * (standard**2 + math.log(2 * math.pi)).sum(0) - factor.diagonal().log().sum()
