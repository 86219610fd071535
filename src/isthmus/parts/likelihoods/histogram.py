"""The histogram likelihood: a density of any shape on [0, 1], as bars whose heights the decoder gives."""

from __future__ import annotations

import math
from math import prod

import torch
from torch import Tensor

from isthmus.core.interfaces import Likelihood, Shape, fixed, widened
from isthmus.core.part import part
from isthmus.support.errors import InputError

OUTSIDE = 1e-3
"""Probability that is kept for x outside [0, 1], where the density falls by e with each unit of distance."""


@part("likelihood/histogram")
class Histogram(Likelihood):
    """−log p(x) in nats of x in [0, 1], whose density is constant on each of some bars of equal width.

    The decoder gives one logit for each bar of each element, so that a column may have several modes, spikes and
    gaps, whatever its code. A thousandth of the probability lies outside [0, 1]: values beyond what was learnt cost
    the more the further they are.

    Parameters
    ----------
    bins : int or tuple of int, default 64
        Bars of every element, or of each (x has then one axis).

    Raises
    ------
    InputError
        An element has no bars, or there are not as many numbers in `bins` as elements.
    """

    normalised = True
    bars: Tensor
    padding: Tensor

    def __init__(self, bins: int | tuple[int, ...] = 64) -> None:
        super().__init__()
        self.bins = (bins,) if isinstance(bins, int) else tuple(bins)
        self.any_size = len(self.bins) == 1
        if not self.bins or min(self.bins) < 1:
            raise InputError(f"bins={bins} of the histogram likelihood; each element needs at least one bar")

    @property
    def _max_bars(self) -> int:
        return max(self.bins)

    def shape(self, x_shape: Shape) -> Shape:
        """Return the shape of y: as many times the channels, or the columns, as there are bars."""
        return widened(x_shape, self._max_bars)

    def build(self, x_shape: Shape) -> None:
        """Note which logits stand for no bar, where the elements differ in their number."""
        if len(self.bins) > 1 and len(self.bins) != prod(fixed(x_shape)):
            raise InputError(f"bins names the bars of {len(self.bins)} elements, but the rows have shape {x_shape}")
        tail = (1,) * (len(x_shape) - 1)
        bars = torch.tensor(self.bins, device="cpu")
        padding = torch.arange(self._max_bars, device="cpu") >= bars[:, None]
        self.register_buffer("bars", bars.float().view(-1, *tail), persistent=False)
        self.register_buffer("padding", padding.view(*padding.shape, *tail), persistent=False)

    def _log_probabilities(self, y: Tensor) -> Tensor:
        """Return log p of each bar, of shape (batch, x_shape[0], bars, *x_shape[1:])."""
        logits = torch.unflatten(y, 1, (-1, self._max_bars)).masked_fill(self.padding, -math.inf)
        return torch.log_softmax(logits, 2)

    def _bar(self, x: Tensor) -> Tensor:
        return torch.minimum((x * self.bars).floor().clamp_min(0), self.bars - 1).long()

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return −log p(x)."""
        chosen = self._log_probabilities(y).gather(2, self._bar(x).unsqueeze(2)).squeeze(2)
        beyond = torch.maximum(-x, x - 1)
        inside = -chosen - torch.log(self.bars) - math.log1p(-OUTSIDE)
        return torch.where(beyond > 0, beyond - math.log(OUTSIDE / 2), inside)

    def mean(self, y: Tensor) -> Tensor:
        """Return the expected x."""
        centres = torch.arange(self._max_bars, device=y.device).view(-1, *(1,) * (y.ndim - 2)) + 0.5
        return (self._log_probabilities(y).exp() * centres).sum(2) / self.bars

    def link(self, x: Tensor) -> Tensor:
        """Return the centred log of smoothed probabilities."""
        there = torch.nn.functional.one_hot(self._bar(x), self._max_bars).movedim(-1, 2)
        logits = torch.log(0.02 / self._max_bars + 0.98 * there)
        return (logits - logits.mean(2, keepdim=True)).flatten(1, 2)

    def sample(self, y: Tensor) -> Tensor:
        """Draw a bar, and a position in it."""
        noise = torch.unflatten(torch.empty_like(y).exponential_().log(), 1, (-1, self._max_bars))
        bar: Tensor = (self._log_probabilities(y) - noise).argmax(2)
        return (bar + torch.rand_like(bar, dtype=y.dtype)) / self.bars
