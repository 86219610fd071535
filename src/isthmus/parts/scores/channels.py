"""Scores of windows of a signal: by the channel that is reconstructed worst, and by error and code together."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from isthmus.core.model import Model
from isthmus.core.part import part
from isthmus.core.records import Output
from isthmus.parts.scores.errors import Error, range_of

LITTLE = 1e-6
"""Added to the typical error: there may be none."""
STILL = 1e-3
"""Added to the variance of a code: it may be constant."""


@part("score/channel")
class Channel(Error):
    """The mean error of the channel that is reconstructed worst: one sensor that fails does not drown among many.

    What is no signal has its elements for channels.

    Parameters
    ----------
    width : int
        Learnt: numbers in a row, or its channels.
    per_channel : bool, default False
        Learnt: whether the range is that of a channel, as it is where rows have any size.
    """

    def pool(self, map: Tensor) -> Tensor:
        """Return the largest of the channels' mean errors."""
        return by_channel(map).amax(1)


@part("score/monitoring")
class Monitoring(Error):
    """The error and the distance of the code from its mean, each divided by its typical value in normal rows.

    The Q statistic over its mean, and the mean of T² over the numbers of the code, as processes are monitored by
    principal components (Jackson & Mudholkar 1979), here by any autoencoder: the error tells what cannot be
    reconstructed, the code what can be, but lies far out.

    Parameters
    ----------
    width, codes : int
        Learnt: numbers in a row, and in a code.
    """

    any_size = has_map = False
    typical_scale: Tensor
    centre: Tensor
    variance: Tensor

    def __init__(self, width: int = 0, codes: int = 0) -> None:
        super().__init__(width)
        self.register_buffer("typical_scale", torch.ones(()))
        self.register_buffer("centre", torch.zeros(codes))
        self.register_buffer("variance", torch.ones(codes))

    def fit(self, outputs: Iterable[Output], model: Model) -> Monitoring:
        """Return a copy that knows the typical error, mean and variance of the codes, and the range of each element."""
        triples = [(o.batch.x.flatten(1), o.code.z.flatten(1), errors(o, model).flatten(1).mean(1)) for o in outputs]
        x, codes, error = (torch.cat(side) for side in zip(*triples, strict=True))
        fitted = Monitoring(x.shape[1], codes.shape[1])
        fitted._learn_range([range_of(x)])
        fitted.typical_scale.copy_(error.mean() + LITTLE)
        fitted.centre.copy_(codes.mean(0))
        fitted.variance.copy_(codes.var(0, correction=0) + STILL)
        return fitted

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the sum of both."""
        distance = (output.code.z.flatten(1) - self.centre).square() / self.variance
        return errors(output, model).flatten(1).mean(1) / self.typical_scale + distance.mean(1)

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return the error of each element and its excess over the range, over the typical error: a code has none."""
        return super().contributions(output, model) / self.typical_scale


def errors(output: Output, model: Model) -> Tensor:
    """Return the error of each element, of the shape of x."""
    return model.error(output.batch, output.y.float())


def by_channel(error: Tensor) -> Tensor:
    """Return the mean error of each channel, of shape (batch, channels)."""
    return error if error.ndim == 2 else error.flatten(2).mean(2)
