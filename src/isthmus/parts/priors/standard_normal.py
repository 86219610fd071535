"""The standard normal prior of variational models."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.core.part import part


@part("prior/standard-normal")
class StandardNormal(nn.Module):
    """N(0, I): the prior that a variational model was trained with.

    Parameters
    ----------
    latent_dim : int
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def sample(self, n: int, temperature: float = 1.0) -> Tensor:
        """Draw codes of shape (n, latent_dim)."""
        return temperature * torch.randn(n, self.latent_dim)
