"""The Gaussian bottleneck of variational autoencoders."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Normal

from isthmus.core.interfaces import Bottleneck, per_code, per_sample
from isthmus.core.part import part
from isthmus.core.records import Code
from isthmus.core.training.distributed import mean


@part("bottleneck/gaussian")
class Gaussian(Bottleneck):
    """q(z|x) = N(μ, σ²) with μ and log σ² from h; its cost is KL(q(z|x) ‖ N(0, I)) in nats (Kingma & Welling 2014).

    Parameters
    ----------
    free_bits : float, default 0
        Nats for each dimension that are free: in training, a dimension whose mean KL over the rows and positions of a
        batch is below costs this constant, so nothing pulls it further down (Kingma 2016).
    """

    has_posterior = True
    replicable = False  # torch.distributions cannot draw under vmap

    def __init__(self, free_bits: float = 0.0) -> None:
        super().__init__()
        self.free_bits = free_bits

    @property
    def mixes_rows(self) -> bool:
        """Whether a mean over the batch decides which dimensions are free."""
        return self.free_bits > 0

    def width(self, latent_dim: int) -> int:
        """Return two numbers of h for each number of z."""
        return 2 * latent_dim

    def build(self, latent_dim: int) -> None:
        """Make the log-variance that each dimension starts from."""
        self.log_variance = nn.Parameter(torch.zeros(latent_dim))

    def initialize(self, h: Tensor, noise: Tensor | None = None) -> None:
        """Start each variance at the fraction of noise in its component: the posterior of probabilistic PCA."""
        if noise is not None:
            self.log_variance.copy_(noise.clamp(1e-4, 1).log())

    def posterior(self, h: Tensor) -> Normal:
        """Return q(z|x)."""
        mu, log_variance = h.float().chunk(2, dim=-1)
        log_variance = (self.log_variance + log_variance).clamp(-16, 8)
        return Normal(mu, torch.exp(0.5 * log_variance), validate_args=False)

    def divergence(self, posterior: Normal) -> Tensor:
        """Return KL(q ‖ N(0, 1)) in nats of each dimension, of the shape of z."""
        variance = posterior.scale.square()
        return 0.5 * (posterior.loc.square() + variance - 1 - torch.log(variance))

    def forward(self, h: Tensor, draw: bool | None = None) -> Code:
        """Return a draw in training mode (or where asked), the mean otherwise; the term is ``kl``."""
        posterior = self.posterior(h)
        kl = self.divergence(posterior)
        if self.free_bits and self.training:
            kl = torch.where(mean(per_code(kl).mean(0)) > self.free_bits, kl, self.free_bits)
        z = posterior.rsample() if (self.training if draw is None else draw) else posterior.loc
        return Code(z, {"kl": per_sample(kl)})
