"""Spectra of overlapping frames as layers: the short-time Fourier transform, and its inverse."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from isthmus.parts.layers import continued, exactly


class Spectra(nn.Module):
    """Spectra of frames of `length` elements, one every `hop`; frame k is centred on elements k · hop to (k + 1) · hop.

    Both ways have the square root of a Hann window, so that what is unchanged comes back exactly.

    Parameters
    ----------
    length : int
        Elements of a frame; even.
    hop : int
        Elements from a frame to the next; at most half of `length`, with an even difference to it.
    """

    basis: Tensor
    inverse_basis: Tensor
    weight: Tensor

    def __init__(self, length: int, hop: int) -> None:
        super().__init__()
        self.length, self.hop, self.margin, self.bins = length, hop, (length - hop) // 2, length // 2 + 1
        steps, waves = (torch.arange(count, dtype=torch.float64, device="cpu") for count in (length, self.bins))
        window = (0.5 - 0.5 * torch.cos(2 * math.pi * (steps + 0.5) / length)).sqrt()
        turns = 2 * math.pi * waves[:, None] * steps / length
        basis = torch.cat([turns.cos(), -turns.sin()]) * window
        counted = torch.where((waves == 0) | (waves == length // 2), 1.0, 2.0).repeat(2)[:, None] / length
        self.register_buffer("basis", basis.float()[:, None], persistent=False)
        self.register_buffer("inverse_basis", (basis * counted).float()[:, None], persistent=False)
        self.register_buffer("weight", window.square().float()[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, 2 · bins, frames), real parts before imaginary ones, of x (batch, elements)."""
        with exactly(x):
            x = nn.functional.pad(continued(x.float()[:, None], self.hop), (self.margin, self.margin))
            return nn.functional.conv1d(x, self.basis, stride=self.hop)

    def inverse(self, spectra: Tensor) -> Tensor:
        """Return (batch, elements), whole hops, of which spectra are: the nearest in squared distance."""
        with exactly(spectra):
            ones = torch.ones_like(spectra[:1, :1])
            sums, weights = self._added(spectra, self.inverse_basis), self._added(ones, self.weight)
            return (sums / weights).squeeze(1)

    def _added(self, frames: Tensor, basis: Tensor) -> Tensor:
        return nn.functional.conv_transpose1d(frames, basis, stride=self.hop, padding=self.margin)
