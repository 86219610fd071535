"""The Gaussian likelihood with learnt variance."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.core.interfaces import Likelihood, Shape, fixed, widened
from isthmus.core.part import part
from isthmus.support.errors import InputError

LOG_2PI = math.log(2 * math.pi)


@part("likelihood/gaussian")
class Gaussian(Likelihood):
    """−log N(x; μ, σ²) in nats, with learnt variance (Rybkin 2021 for one shared σ).

    Parameters
    ----------
    variance : {"shared", "feature", "output"}, default "shared"
        One σ for all elements; one for each element, the same for all rows; or one that the decoder gives for each
        element of each row (y has then twice the channels, or twice the columns).
    floor : float, default 1e-3
        The smallest σ, so that a column that is reconstructed exactly does not pull the bound to infinity.

    Raises
    ------
    InputError
        `variance` is none of the three.
    """

    normalised = True

    def __init__(self, variance: str = "shared", floor: float = 1e-3) -> None:
        super().__init__()
        if variance not in ("shared", "feature", "output"):
            raise InputError(
                f"variance={variance!r} of the Gaussian likelihood; choose 'shared', 'feature' or 'output'"
            )
        self.variance, self.log_floor = variance, math.log(floor)
        self.any_size = variance != "feature"

    def shape(self, x_shape: Shape) -> Shape:
        """Return the shape of y: twice the channels where the decoder gives the variance."""
        return widened(x_shape, 2) if self.variance == "output" else x_shape

    def build(self, x_shape: Shape) -> None:
        """Make log σ a parameter where the decoder does not give it."""
        if self.variance != "output":
            self.log_scale = nn.Parameter(torch.zeros(fixed(x_shape) if self.variance == "feature" else ()))

    def initialize(self, y: Tensor, x: Tensor) -> None:
        """Start a learnt σ at the spread of what the decoder's start leaves."""
        if self.variance != "output":
            over = None if self.variance == "shared" else 0
            log_spread = (y - x).square().mean(over).clamp_min(1e-12).log() / 2
            above = (log_spread - self.log_floor).clamp_min(1e-2)
            self.log_scale.copy_(self.log_floor + torch.log(torch.expm1(above)))

    def split(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ and log σ."""
        mean, log_scale = y.chunk(2, dim=1) if self.variance == "output" else (y, self.log_scale)
        return mean, self.log_floor + F.softplus(log_scale - self.log_floor)

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return −log N(x; μ, σ²)."""
        mean, log_scale = self.split(y)
        return 0.5 * ((x - mean) * torch.exp(-log_scale)).square() + log_scale + 0.5 * LOG_2PI

    def mean(self, y: Tensor) -> Tensor:
        """Return μ."""
        return self.split(y)[0]

    def link(self, x: Tensor) -> Tensor:
        """Return x, and log σ = 0 where the decoder gives it."""
        return torch.cat([x, torch.zeros_like(x)], 1) if self.variance == "output" else x

    def sample(self, y: Tensor) -> Tensor:
        """Draw from N(μ, σ²)."""
        mean, log_scale = self.split(y)
        return mean + torch.exp(log_scale) * torch.randn_like(mean)
