"""The linear net: with squared error its codes span the principal subspace."""

from __future__ import annotations

from torch import Tensor, nn

from isthmus.core.interfaces import Sizes
from isthmus.core.part import part
from isthmus.parts.nets.linear_skip import LinearSkipNet


class Nothing(nn.Module):
    """A body that adds nothing."""

    def forward(self, x: Tensor) -> float:
        """Return zero."""
        return 0.0


@part("net/linear")
class Linear(LinearSkipNet):
    """One linear layer each way (Baldi & Hornik 1989)."""

    affine = True

    def bodies(self, sizes: Sizes) -> tuple[nn.Module, nn.Module]:
        """Return no bodies: the linear path is all there is."""
        return Nothing(), Nothing()
