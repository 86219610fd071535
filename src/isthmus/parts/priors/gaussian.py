"""A Gaussian prior, fitted on the codes of a trained model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.core.part import part


@part("prior/gaussian")
class Gaussian(nn.Module):
    """A Gaussian with full covariance, fitted on the codes of a trained model (ex-post density, Ghosh 2020).

    Parameters
    ----------
    latent_dim : int
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(latent_dim))
        self.register_buffer("factor", torch.zeros(latent_dim, latent_dim))

    def fit(self, z: Tensor) -> Gaussian:
        """Learn mean and covariance from codes of shape (n, latent_dim)."""
        z = z.double()
        self.mean = z.mean(0).float()
        covariance = torch.atleast_2d(torch.cov(z.T)) if len(z) > 1 else torch.zeros(z.shape[1], z.shape[1])
        values, vectors = torch.linalg.eigh(covariance)
        self.factor = (vectors * values.clamp_min(0).sqrt()).float().contiguous()
        return self

    def sample(self, n: int, temperature: float = 1.0) -> Tensor:
        """Draw codes of shape (n, latent_dim)."""
        return self.mean + temperature * torch.randn(n, len(self.mean)) @ self.factor.T
