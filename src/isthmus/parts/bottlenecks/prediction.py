"""What predicts the distributions of symbols: layers whose numbers are the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.parts.bands import BLOCKS, Bands
from isthmus.parts.bottlenecks.rounding import LARGEST, SMALLEST, Take
from isthmus.parts.exact import ACTIVATION, MAX_ACTIVATION, ExactConv, activated, rounded

FAR = 4095
"""Larger symbols look the same to those after them."""
FINEST, COARSEST = 2.0, 7.0
"""Steps that a context tells apart, as powers of two of 1/255."""
EIGHTHS, QUARTERS = 8, 4
MIN_SIZE = 0.5
"""Of the mean size of a number at the start, in 1/255."""


class Predictor(nn.Module):
    """Predicts the distributions of the numbers in a code (abstract).

    Numbers are taken in slots, one after the other: what is known of those before may tell how the next are
    distributed. All that decides on a distribution is computed exactly.

    Parameters
    ----------
    width : int, default 96
        Of the layers.
    block : {8, 4}, default 8
        Side of the blocks where the code is that of a lapped transform, in pixels.
    """

    def __init__(self, width: int = 96, block: int = BLOCKS[0]) -> None:
        super().__init__()
        self.width, self.bands = width, Bands(block)

    def build(self, latent_dim: int) -> None:
        """Make the layers."""
        raise NotImplementedError

    def initialize(self, h: Tensor) -> None:
        """Start the scale of each number from a sample of h, of shape (batch, *positions, latent_dim)."""
        raise NotImplementedError

    def parts(self, h: Tensor, step: Tensor) -> list[Tensor]:
        """Return the numbers of each slot, in steps, of shape (batch, bands, *positions)."""
        raise NotImplementedError

    def worth(self) -> list[Tensor | None]:
        """Return the squared relative step of the bands of each slot; None where the nearest symbols must be chosen."""
        raise NotImplementedError

    def whole(self, symbols: Sequence[Tensor], step: Tensor) -> Tensor:
        """Return z for the symbols of each slot."""
        raise NotImplementedError

    def forward(self, take: Take, positions: Sequence[int], octaves: Tensor) -> list[Tensor]:
        """Take the symbols of each slot, of shape (batch, bands, *positions), and return them.

        Parameters
        ----------
        take : Take
        positions : sequence of int
            Of the code.
        octaves : Tensor of shape (batch,)
            The step of each row, as a power of two of 1/255; whole numbers of 1/32.
        """
        raise NotImplementedError


class Prediction(nn.Module):
    """Mean and scale of some numbers, from maps."""

    def __init__(self, width: int, numbers: int, signed: bool, axes: int = 2) -> None:
        super().__init__()
        self.signed = signed
        self.first = ExactConv(width, width, axes=axes)
        self.last = ExactConv(width, numbers * (1 + signed), axes=axes, scale=0.1)

    def forward(self, maps: Tensor, base: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean, in whole eighths of a step, and the scale, as a power of two in whole quarters."""
        numbers = self.last(activated(self.first(activated(maps))))
        scale, mean = numbers.chunk(2, 1) if self.signed else (numbers, torch.zeros_like(numbers))
        octave = rounded((base + scale).clamp(SMALLEST, LARGEST), QUARTERS)
        return rounded(mean, EIGHTHS).float(), octave.float()


def conditions(octaves: Tensor, axes: int = 2) -> Tensor:
    """Return what the layers see of the step, of shape (batch, 2, 1, …)."""
    seen = octaves.clamp(FINEST, COARSEST)
    both = rounded(torch.stack([seen, seen.square() / 8], 1), ACTIVATION)
    return both.view(*both.shape, *[1] * axes)


def features(symbols: Tensor, signed: bool) -> Tensor:
    """Return what symbols tell those after them: the logarithm of their size, and also with their sign."""
    size = symbols.abs().clamp(max=FAR)
    logarithm = torch.log2(1 + (size if symbols.requires_grad else size.double()))  # the same on every machine
    seen = rounded(logarithm, ACTIVATION).clamp(max=MAX_ACTIVATION).to(symbols.dtype)
    return torch.cat([seen, symbols.sign() * seen], 1) if signed else seen


def starting_scale(numbers: Tensor) -> Tensor:
    """Return the scale at which each starts, as a power of two of 1/255, of shape (bands,).

    Parameters
    ----------
    numbers : Tensor of shape (batch, bands, *positions)
    """
    sizes = numbers.abs().transpose(0, 1).flatten(1).mean(1)
    return (255 * sizes).clamp_min(MIN_SIZE).log2()
