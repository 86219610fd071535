"""The multilayer perceptron."""

from __future__ import annotations

from math import prod
from numbers import Integral

from torch import Tensor, nn

from isthmus.core.interfaces import Sizes, fixed
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.layers import centre, stack
from isthmus.parts.nets.linear_skip import LinearSkipNet
from isthmus.support.errors import InputError


@part("net/mlp", sequence=True)
class MLP(LinearSkipNet):
    """Fully connected layers, LayerNorm before all but the first, beside a linear path.

    ::

        x ─┬─ linear (PCA) ──────────────────────────┬─ + ─ h … z ─┬─ linear ──────────────┬─ + ─ y
           └─ 512 ─ gelu ─ norm ─ 256 ─ … ─ norm ─ h ┘             └─ 128 ─ … ─ 512 ─ … ─ y ┘

    Parameters
    ----------
    widths : tuple of int, default (512, 256, 128)
        Widths of the encoder's hidden layers; the decoder has them in reverse.
    activation : {"gelu", "silu", "relu", "tanh"}, default "gelu"
    norm : bool, default True
        Whether LayerNorm stands before all layers but the first; nets for narrow tables fit better without.
    """

    def __init__(self, widths: tuple[int, ...] = (512, 256, 128), activation: str = "gelu", norm: bool = True) -> None:
        super().__init__()
        self.widths, self.activation, self.norm = tuple(widths), activation, norm
        if not all(isinstance(width, Integral) and width >= 1 for width in self.widths):
            raise InputError(f"widths={self.widths} of the mlp: each must be a whole number of at least 1")

    def bodies(self, sizes: Sizes) -> tuple[nn.Module, nn.Module]:
        """Return the two stacks of layers."""
        x, y = prod(fixed(sizes.x)), prod(fixed(sizes.y))
        encoder = stack((x, *self.widths, sizes.h), self.activation, self.norm)
        decoder = stack((sizes.z + sizes.condition, *self.widths[::-1], y), self.activation, self.norm)
        return encoder, decoder

    def initialize_encoder(self, batch: Batch) -> Tensor:
        """Start the linear path as whitened PCA, and let the layers see the input centred."""
        centre(self.encoder.body, batch.corrupted.flatten(1))
        return super().initialize_encoder(batch)
