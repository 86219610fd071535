"""Sparse bottlenecks: only some units of a code are not zero."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Bottleneck, per_code
from isthmus.core.part import part
from isthmus.core.records import Code
from isthmus.support.errors import InputError

MOMENTUM = 0.05


@part("bottleneck/topk")
class TopK(Bottleneck):
    """Keeps the k largest units of relu(norm(h)) at each position and sets the others to zero (Makhzani & Frey 2014).

    The norm is BatchNorm without gain and bias: units compete on one scale, so that none is never chosen.

    Parameters
    ----------
    k : int or None, default None
        Units kept; None: an eighth of latent_dim, at least one.
    """

    def __init__(self, k: int | None = None) -> None:
        super().__init__()
        self.k = k

    @property
    def mixes_rows(self) -> bool:
        """BatchNorm looks at all rows of a batch."""
        return True

    def build(self, latent_dim: int) -> None:
        """Settle k.

        Raises
        ------
        InputError
            k is not from 1 to latent_dim.
        """
        self.kept = max(1, latent_dim // 8) if self.k is None else self.k
        if not 1 <= self.kept <= latent_dim:
            raise InputError(f"k={self.k} of the top-k bottleneck: expected 1 to latent_dim={latent_dim}")
        self.norm = nn.BatchNorm1d(latent_dim, affine=False, momentum=MOMENTUM)

    def initialize(self, h: Tensor, noise: Tensor | None = None) -> None:
        """Start the running statistics at those of a sample."""
        h = per_code(h)
        statistics = {"running_mean": h.mean(0), "running_var": h.var(0, unbiased=False)}
        self.norm.load_state_dict({**self.norm.state_dict(), **statistics})

    def forward(self, h: Tensor, draw: bool | None = None) -> Code:
        """Return the code; it costs nothing."""
        h = self.norm(per_code(h.float())).view(h.shape)
        values, units = torch.relu(h).topk(self.kept, dim=-1)
        return Code(torch.zeros_like(h).scatter(-1, units, values))
