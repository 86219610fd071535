"""Penalties: further terms of the loss."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.kinds import Penalty, per_sample
from isthmus.core.model import Model
from isthmus.core.parallel import mean
from isthmus.core.part import part
from isthmus.core.records import Output


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


@part("penalty/contraction")
class Contraction(Penalty):
    """The squared Frobenius norm of the encoder's Jacobian dh/dx (Rifai 2011).

    Parameters
    ----------
    exact : bool or None, default None
        The exact norm, one pass back for each unit; or Hutchinson's estimate, one pass for a random direction.
        None: exact up to 4 units.
    """

    def __init__(self, exact: bool | None = None) -> None:
        self.exact = exact

    def __call__(self, output: Output, model: Model) -> Tensor:
        """Return the term of each sample."""
        with torch.enable_grad():
            x = output.batch.corrupted.detach().requires_grad_()
            h = model.bottleneck(model.encode(output.batch.with_(corrupted=x))).z
            units = h.shape[1]
            exact = units <= 4 if self.exact is None else self.exact
            directions = torch.eye(units, device=h.device) if exact else torch.randn(1, *h.shape, device=h.device)
            return sum(self._squared(h, x, direction.expand_as(h)) for direction in directions)

    @staticmethod
    def _squared(h: Tensor, x: Tensor, direction: Tensor) -> Tensor:
        (pulled,) = torch.autograd.grad(h, x, direction, create_graph=True)
        return per_sample(pulled.square())
