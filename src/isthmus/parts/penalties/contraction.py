"""Contraction: a cost on the encoder's Jacobian."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.interfaces import per_code, per_sample
from isthmus.core.model import Model
from isthmus.core.part import part
from isthmus.core.records import Output
from isthmus.core.terms import Penalty
from isthmus.core.training.distributed import mean


@part("penalty/contraction", renamed={"share": "fraction"})
class Contraction(Penalty):
    """The squared Frobenius norm of the encoder's Jacobian dz/dx (Rifai 2011), of codes of unit variance.

    Without the division by the variance of each unit over the batch, codes would shrink and the decoder would stretch
    them again, and nothing would be gained.

    Parameters
    ----------
    exact : bool or None, default None
        The exact norm, one pass back for each unit; or Hutchinson's estimate, one pass for a random direction.
        None: exact up to `SMALL` units.
    standardise : bool, default True
        Whether codes are taken at unit variance.
    fraction : float, default 0.25
        Fraction of the batch on which the estimate is made, since it costs as much as a training step; those rows bear
        it for all.
    """

    SMALL = 4
    replicable = False  # the Jacobian is taken by torch.autograd, which vmap cannot enter

    def __init__(self, exact: bool | None = None, standardise: bool = True, fraction: float = 0.25) -> None:
        self.exact, self.standardise, self.fraction = exact, standardise, fraction

    @property
    def mixes_rows(self) -> bool:
        """The spread of a unit is over all rows of a batch, and one random direction is for some of them."""
        return True

    def __call__(self, output: Output, model: Model) -> Tensor:
        """Return the term of each sample."""
        units = output.code.z[0].numel()
        exact = units <= self.SMALL if self.exact is None else self.exact
        seen = len(output.batch) if exact else max(1, round(self.fraction * len(output.batch)))
        with torch.enable_grad():
            x = output.batch.corrupted[:seen].detach().requires_grad_()
            z = model.code(output.batch[:seen].with_(corrupted=x), False).z
            spread = self._spread(output.code.z)
            each = torch.eye(units, device=z.device).view(units, *z.shape[1:])
            directions = each if exact else torch.randn(1, *z.shape, device=z.device)
            term = sum((self._squared(z, x, direction / spread) for direction in directions), z.new_zeros(seen))
        return torch.cat([term * (len(output.batch) / seen), z.new_zeros(len(output.batch) - seen)])

    def _spread(self, z: Tensor) -> Tensor:
        """Return the standard deviation of each code number over rows and positions; it takes part in the gradient."""
        z = per_code(z)
        return (mean(z.var(0, unbiased=False)) + 1e-6).sqrt() if self.standardise else torch.ones_like(z[0])

    @staticmethod
    def _squared(z: Tensor, x: Tensor, direction: Tensor) -> Tensor:
        """Return the squared length of the direction, pulled back to x."""
        (pulled,) = torch.autograd.grad(z, x, direction.expand_as(z), create_graph=True)
        return per_sample(pulled.square())
