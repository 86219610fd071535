"""Layers that give the same numbers on every machine: what picks the tables of an entropy coder must (Ballé 2019).

Weights are whole numbers of 1/64, activations of 1/16: sums of their products are whole numbers of 1/1024, and a float
holds each of them exactly as long as there are not too many. Neither the order of the sum, nor the number of threads,
nor the processor changes a digit. What is trained is what is used: rounding is passed straight through by gradients.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.parts.layers import FUNCTIONAL, exactly

WEIGHT, ACTIVATION = 64, 16
"""Parts of one: weights are whole numbers of 1/64, activations of 1/16."""
MAX_WEIGHT, MAX_ACTIVATION = 127 / WEIGHT, 255 / ACTIVATION
SINGLE, DOUBLE = 2**24, 2**53
"""Whole numbers that float32 and float64 hold exactly, up to."""


class ExactConv(nn.Module):
    """A convolution whose sums are exact, with as many positions out as in.

    Parameters
    ----------
    d_in, d_out : int
        Channels.
    side : int
        Side of the kernel; odd.
    axes : {1, 2}
        Axes behind the channels.
    scale : float, default 1.0
        Of the weights before the first step, times the usual.
    """

    def __init__(self, d_in: int, d_out: int, side: int = 1, axes: int = 2, scale: float = 1.0) -> None:
        super().__init__()
        self.side, self.axes = side, axes
        scale *= (d_in * side**axes) ** -0.5
        self.weight = nn.Parameter(scale * (2 * torch.rand(d_out, d_in, *[side] * axes, device="cpu") - 1))
        self.bias = nn.Parameter(torch.zeros(d_out, device="cpu"))

    def forward(self, x: Tensor) -> Tensor:
        """Return whole numbers of 1/1024 for whole numbers of 1/16, of at most 255/16 either way."""
        weight, bias = self._rounded()
        with exactly(x):
            if self.training or self._in_single(x.device):
                return self._convolution(x, weight, bias)
            return self._convolution(x.double(), weight.double(), bias.double())

    def _in_single(self, device: torch.device) -> bool:
        """Whether float32 holds each sum; an exported graph has no values to ask for, and takes float32."""
        if torch.compiler.is_exporting():
            return True
        return self.largest < SINGLE and single_is_exact(self.axes, self.side, device)

    @property
    def largest(self) -> float:
        """What no sum can exceed, nor any part of one, in whole numbers of 1/1024."""
        weight, bias = (rounded.detach() for rounded in self._rounded())
        sums = MAX_ACTIVATION * weight.abs().flatten(1).sum(1) + bias.abs()
        return float(sums.max()) * WEIGHT * ACTIVATION

    def _rounded(self) -> tuple[Tensor, Tensor]:
        weight = self.weight.clamp(-MAX_WEIGHT, MAX_WEIGHT)
        return rounded(weight, WEIGHT), rounded(self.bias, WEIGHT * ACTIVATION)

    def _convolution(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        y: Tensor = FUNCTIONAL[self.axes - 1](x, weight, bias, padding=self.side // 2)
        return y


def activated(sums: Tensor) -> Tensor:
    """Return sums between 0 and 255/16, rounded to whole numbers of 1/16, as float32."""
    return rounded(clamped(sums), ACTIVATION).float()


def clamped(sums: Tensor) -> Tensor:
    """Return sums clamped to what an activation can be."""
    return sums.clamp(0.0, MAX_ACTIVATION)


def rounded(x: Tensor, parts: int) -> Tensor:
    """Return x rounded to multiples of 1 / parts, a power of two; halves to even. Gradients pass."""
    near = (x.detach() * parts).round_().div_(parts)
    return x + (near - x).detach() if x.requires_grad else near


@cache
def single_is_exact(axes: int, side: int, device: torch.device) -> bool:
    """Whether convolutions in float32 are exact there where they can be: fast algorithms (Winograd 1980) may not be."""
    generator = torch.Generator().manual_seed(0)
    space = [11, 13][:axes]
    x, weight = (
        torch.randint(low, high, shape, generator=generator).to(device)
        for low, high, shape in ((0, 256, (2, 48, *space)), (-31, 32, (64, 48, *[side] * axes)))
    )
    single, whole = (
        FUNCTIONAL[axes - 1](x.to(dtype), weight.to(dtype), padding=side // 2)
        for dtype in (torch.float32, torch.float64)
    )
    return bool((single == whole).all())


def table_of(values: Any) -> Tensor:
    """Return numbers as a tensor of whole numbers of 1/16, of at most 255/16."""
    numbers = torch.as_tensor(values, dtype=torch.float64)
    return (torch.round(numbers * ACTIVATION) / ACTIVATION).clamp(-MAX_ACTIVATION, MAX_ACTIVATION).float()
