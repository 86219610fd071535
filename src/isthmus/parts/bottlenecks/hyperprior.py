"""The hyperprior: a few numbers beside the code tell how the numbers of the code are distributed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from isthmus.parts.bands import STEP
from isthmus.parts.bottlenecks.factorized import Factorized
from isthmus.parts.bottlenecks.rounding import Take
from isthmus.parts.exact import MAX_ACTIVATION, ExactConv

FEWER = 4
"""Numbers of the code for one beside it."""
FARTHEST = int(MAX_ACTIVATION)
"""Symbols beside the code that are farther from 0 look the same."""
TINY = 1e-3
"""Numbers that vary less, in steps, are left as they are."""


class Hyperprior(Factorized):
    """Predicts distributions from numbers that are written before the code (Ballé 2018).

    There is one for `FEWER` numbers of the code, and two neighbours along each axis of positions share them. What makes
    these numbers is needed for encoding only; all that reads them is computed exactly.
    """

    signed = True

    def build(self, latent_dim: int) -> None:
        """Make the layers."""
        super().build(latent_dim)
        fewer = -(-latent_dim // FEWER)
        self.summary = nn.Sequential(nn.Linear(latent_dim, self.width), nn.ReLU(), nn.Linear(self.width, fewer))
        self.beside = Factorized(self.width)
        self.beside.build(fewer)
        self.context = ExactConv(fewer, self.width, axes=1)

    def initialize(self, h: Tensor) -> None:
        """Start the middle and the scale of each number from a sample, and numbers beside it that tell these apart."""
        super().initialize(h)
        with torch.no_grad():
            numbers, last = self._in_steps(h, h.new_tensor(STEP)), cast(nn.Linear, self.summary[-1])
            beside = self._summarised(numbers).flatten(0, -2)
            spread = beside.std(0, correction=0)
            spread = torch.where(spread > TINY, spread, 1)
            last.weight.div_(spread[:, None])
            last.bias.sub_(beside.mean(0)).div_(spread)
            self.beside.initialize(self._summarised(numbers) * STEP)

    def parts(self, h: Tensor, step: Tensor) -> list[Tensor]:
        """Return the numbers beside the code, and those of the code, in steps."""
        numbers = self._in_steps(h, step)
        return [*self.beside.parts(self._summarised(numbers) * step, step), numbers]

    def _in_steps(self, h: Tensor, step: Tensor) -> Tensor:
        (numbers,) = super().parts(h, step)
        return numbers

    def _summarised(self, numbers: Tensor) -> Tensor:
        """Return what is told of numbers beside them, of shape (batch, *half the positions, fewer)."""
        beside: Tensor = self.summary(torch.log2(1 + halved(numbers.abs())).movedim(1, -1))
        return beside

    def worth(self) -> list[Tensor | None]:
        """Return the squared relative step of each number; None beside the code, of which no error is known."""
        return [None, *super().worth()]

    def forward(self, take: Take, positions: Sequence[int], octaves: Tensor) -> list[Tensor]:
        """Take the symbols, and return them."""
        (beside,) = self.beside(take, [-(-side // 2) for side in positions], octaves)
        seen = doubled(beside.clamp(-FARTHEST, FARTHEST), positions)
        seen = seen.flatten(2) if positions else seen[..., None]
        start, base = self.started(octaves)
        both = self.prediction(self.context(seen) + start, base)
        mean, scale = (torch.unflatten(each, 2, tuple(positions)) if positions else each[..., 0] for each in both)
        return [beside, take(1, mean, scale, None)]


def halved(x: Tensor) -> Tensor:
    """Return the mean of each two neighbours along each axis behind the second; the last of an odd number is alone."""
    for axis in range(2, x.ndim):
        first, second = x.movedim(axis, 0)[::2], x.movedim(axis, 0)[1::2]
        second = torch.cat([second, first[-1:]]) if len(second) < len(first) else second
        x = ((first + second) / 2).movedim(0, axis)
    return x


def doubled(x: Tensor, sides: Sequence[int]) -> Tensor:
    """Return each position twice along each axis behind the second, as many as there are to be."""
    for axis, side in enumerate(sides, 2):
        x = x.repeat_interleave(2, axis).narrow(axis, 0, side)
    return x
