"""Rounding: coefficients become symbols, which cost bits under the distribution that was predicted for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from isthmus.core.interfaces import per_sample

SMALLEST, LARGEST = -4.5, 11.25
"""Scales as powers of two, in steps."""
RAREST = 2.0**-18
"""No symbol is taken to be rarer: it would be coded in another way."""


class Take(Protocol):
    """Gives the symbols of a slot, for their distributions."""

    def __call__(self, slot: int, mean: Tensor, scale: Tensor, board: Tensor | None) -> Tensor:
        """Return symbols of shape (batch, bands, *positions).

        Parameters
        ----------
        slot : int
        mean, scale : Tensor of shape (batch, bands, *positions)
            Of a Laplace distribution: the mean in steps, and the scale as a power of two.
        board : bool Tensor of shape (1, 1, *positions), or None
            Where there are symbols now; 0 elsewhere. None: everywhere.
        """
        ...


Watch = Callable[[int, Tensor, Tensor, Tensor, Tensor | None], None]
"""Called with a slot, its symbols, their mean and scale, and the board."""


class Rounding:
    """Rounds coefficients, in training and for encoding; gradients pass through the rounding.

    A symbol one nearer to 0 is chosen where it saves more bits than the error that it adds is worth.

    Parameters
    ----------
    parts : sequence of Tensor of shape (batch, bands, *positions)
        The coefficients of each slot, in steps.
    worth : sequence of Tensor of shape (bands,), or of None
        The squared relative step of each, in squared steps; None: the nearest symbol is chosen.
    trade : float
        What a bit is worth, in squared steps; 0: the nearest symbol is chosen.
    watch : callable, optional
        What sees the symbols; without, bits are counted.
    """

    def __init__(
        self, parts: Sequence[Tensor], worth: Sequence[Tensor | None], trade: float, watch: Watch | None = None
    ) -> None:
        self.parts, self.worth, self.trade, self.watch = parts, worth, trade, watch
        self.bits = parts[0].new_zeros(parts[0].shape[:1])

    def __call__(self, slot: int, mean: Tensor, scale: Tensor, board: Tensor | None) -> Tensor:
        """Return the symbols of a slot."""
        part, worth = self.parts[slot], self.worth[slot]
        spread = torch.exp2(scale)
        with torch.no_grad():
            symbols = part.round()
            if worth is not None and self.trade:
                symbols = self._chosen(symbols, part, mean, spread, worth)
        symbols = part + (symbols - part).detach() if part.requires_grad else symbols
        symbols = symbols if board is None else symbols * board
        if self.watch is None:
            cost = bits(symbols, mean, spread)
            self.bits = self.bits + per_sample(cost if board is None else cost * board)
        else:
            self.watch(slot, symbols, mean, scale, board)
        return symbols

    def _chosen(self, nearest: Tensor, part: Tensor, mean: Tensor, spread: Tensor, worth: Tensor) -> Tensor:
        """Return the nearest symbols, or the next nearer to 0 where bits saved outweigh the error added."""
        chosen = nearest.clone()
        some = nearest.nonzero(as_tuple=True)  # a few of a hundred
        worth = worth.view(-1, *[1] * (part.ndim - 2))
        near, x, mean, spread, worth = (of.expand_as(nearest)[some] for of in (nearest, part, mean, spread, worth))
        lower = near - near.sign()
        error = ((lower - x).square() - (near - x).square()) * worth / self.trade
        saved = bits(near, mean, spread) - bits(lower, mean, spread)
        chosen[some] = torch.where(saved > error, lower, near)
        return chosen


def bits(symbols: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    """Return the bits of whole numbers under a Laplace distribution that is integrated over each."""
    away = (symbols - mean).abs()
    beyond = 0.5 * torch.exp(-(away - 0.5).clamp_min(0) / spread) * -torch.expm1(-1 / spread)
    within = 1 - 0.5 * (torch.exp(-(away + 0.5) / spread) + torch.exp(-(0.5 - away).clamp_min(0) / spread))
    return -torch.log2(torch.where(away > 0.5, beyond, within).clamp_min(RAREST))
