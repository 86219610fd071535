"""The frame of nets whose encoder and decoder are a linear path plus a body."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Net, Sizes, fixed
from isthmus.core.records import Batch
from isthmus.parts.layers import LinearSkip, regress, whiten


class LinearSkipNet(Net):
    """Encoder and decoder, each ``linear(x) + body(x)``; abstract: a subclass gives the bodies.

    The linear paths start as whitened PCA and as the regression from codes to targets; a condition enters the
    encoder through a linear layer and the decoder beside z.
    """

    def bodies(self, sizes: Sizes) -> tuple[nn.Module, nn.Module]:
        """Return the encoder's body, (batch, prod(x)) to (batch, h), and the decoder's, to (batch, prod(y))."""
        raise NotImplementedError

    def build(self, sizes: Sizes) -> None:
        """Make both paths of both sides."""
        self.sizes = sizes
        encoder, decoder = self.bodies(sizes)
        self.encoder = LinearSkip(encoder, prod(fixed(sizes.x)), sizes.h)
        self.decoder = LinearSkip(decoder, sizes.z + sizes.condition, prod(fixed(sizes.y)))
        self.conditioning = nn.Linear(sizes.condition, sizes.h, bias=False) if sizes.condition else None

    def encode(self, batch: Batch) -> Tensor:
        """Return h of shape (batch, sizes.h)."""
        h: Tensor = self.encoder(batch.corrupted.flatten(1))
        return h if self.conditioning is None else h + self.conditioning(condition(batch))

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return y of shape (batch, *sizes.y)."""
        return torch.unflatten(self.decoder(self._beside(z, batch)), 1, fixed(self.sizes.y))

    def _beside(self, z: Tensor, batch: Batch | None) -> Tensor:
        return z if self.conditioning is None else torch.cat([z, condition(batch)], 1)

    def initialize_encoder(self, batch: Batch) -> Tensor:
        """Start the linear path as whitened PCA of what the encoder sees."""
        return whiten(self.encoder.linear, batch.corrupted.flatten(1), self.sizes.z)

    def initialize_decoder(self, z: Tensor, y: Tensor, batch: Batch) -> None:
        """Start the linear path as the best linear map from codes to targets."""
        regress(self.decoder.linear, self._beside(z, batch), y.flatten(1))


def condition(batch: Batch | None) -> Tensor:
    """Return all conditions, side by side."""
    if batch is None or not batch.condition:
        raise ValueError("this model was trained with a condition: give one for each row")
    return torch.cat(list(batch.condition.values()), 1)
