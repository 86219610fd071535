"""The factorized predictor: each number of a code has a distribution of its own, the same at all positions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.parts.bottlenecks.prediction import Prediction, Predictor, conditions, starting_scale
from isthmus.parts.bottlenecks.rounding import Take
from isthmus.parts.exact import ACTIVATION, WEIGHT, ExactConv, rounded


class Factorized(Predictor):
    """Predicts the distribution of each number by itself (Ballé 2017), for codes of any shape."""

    middle: Tensor
    signed = False
    """Whether means are predicted, beside scales."""

    def build(self, latent_dim: int) -> None:
        """Make the layers."""
        self.base = nn.Parameter(torch.zeros(latent_dim, device="cpu"))
        self.relative = nn.Parameter(torch.zeros(latent_dim, device="cpu"))
        self.register_buffer("middle", torch.zeros(latent_dim, device="cpu"))
        self.start = ExactConv(2, self.width, axes=1)
        self.prediction = Prediction(self.width, latent_dim, self.signed, axes=1)

    def initialize(self, h: Tensor) -> None:
        """Start the middle and the scale of each number from a sample."""
        self.middle.copy_(h.flatten(0, -2).mean(0))
        with torch.no_grad():
            self.base.copy_(starting_scale((h - self.middle).movedim(-1, 1)))

    def parts(self, h: Tensor, step: Tensor) -> list[Tensor]:
        """Return the numbers, in steps, of shape (batch, latent_dim, *positions)."""
        return [((h - self.middle) / (step * self.relative.exp())).movedim(-1, 1)]

    def worth(self) -> list[Tensor | None]:
        """Return the squared relative step of each number."""
        return [self.relative.exp().square()]

    def whole(self, symbols: Sequence[Tensor], step: Tensor) -> Tensor:
        """Return z for symbols."""
        return symbols[-1].movedim(1, -1) * step * self.relative.exp() + self.middle

    def forward(self, take: Take, positions: Sequence[int], octaves: Tensor) -> list[Tensor]:
        """Take the symbols, and return them."""
        mean, scale = (
            torch.unflatten(each, 2, (1,) * len(positions)) if positions else each[..., 0]
            for each in self.prediction(*self.started(octaves))
        )
        everywhere = (-1, -1, *positions)
        return [take(0, mean.expand(everywhere), scale.expand(everywhere), None)]

    def started(self, octaves: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maps and the scale that are known from the step alone, at one position."""
        base = rounded(self.base, WEIGHT * ACTIVATION).view(-1, 1) - octaves.view(-1, 1, 1)
        return self.start(conditions(octaves, axes=1)), base
