"""A mixture of Gaussians as prior, fitted on draws from q(z|x)."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

from isthmus.core.part import part

ROUNDS = 20
"""Of EM."""


@part("prior/mixture")
class Mixture(nn.Module):
    """A mixture of Gaussians with full covariances, fitted on draws from q(z|x) by EM (ex-post density, Ghosh 2020).

    It fills the holes between N(0, I), which training pulls codes to, and where the codes of rows come to lie.

    Parameters
    ----------
    latent_dim : int
    components : int, default 64
        Gaussians; fewer where there are not `rows_each` codes for each of them, the rest have no weight.
    rows_each : int, default 100
    """

    weight: Tensor
    mean: Tensor
    factor: Tensor

    def __init__(self, latent_dim: int, components: int = 64, rows_each: int = 100) -> None:
        super().__init__()
        self.components, self.rows_each = components, rows_each
        self.register_buffer("weight", torch.zeros(components))
        self.register_buffer("mean", torch.zeros(components, latent_dim))
        self.register_buffer("factor", torch.zeros(components, latent_dim, latent_dim))

    def fit(self, z: Tensor) -> Mixture:
        """Learn weights, means and covariances from codes of shape (n, latent_dim)."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        z = z.double() if len(z) > 1 else z.double().repeat(2, 1)
        k = max(1, min(self.components, len(z) // self.rows_each))
        seed = int(torch.randint(2**31 - 1, ()))
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # more rounds draw no better rows
            found = GaussianMixture(k, reg_covar=1e-3, max_iter=ROUNDS, random_state=seed).fit(z.numpy())
        self.weight[:k] = torch.from_numpy(found.weights_)
        self.mean[:k] = torch.from_numpy(found.means_)
        self.factor[:k] = torch.linalg.cholesky(torch.from_numpy(found.covariances_))
        return self

    def sample(self, n: int, temperature: float = 1.0) -> Tensor:
        """Draw codes of shape (n, latent_dim): `temperature` scales each Gaussian around its mean."""
        chosen = torch.multinomial(self.weight, n, replacement=True)
        noise = torch.randn(n, self.mean.shape[1], 1)
        return self.mean[chosen] + temperature * (self.factor[chosen] @ noise).squeeze(2)
