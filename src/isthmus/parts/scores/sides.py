"""How unusual pixels are, brighter and darker apart: beside what a model makes of them, or by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Self

import numpy as np
import torch
from torch import Tensor

from isthmus.core.model import Model
from isthmus.core.part import kind_and_name, part
from isthmus.core.records import Output
from isthmus.parts.layers import blur_reach, blurred
from isthmus.parts.scores.peaks import Peak
from isthmus.support.errors import InputError

TAIL = 0.001
"""The fraction of normal pixels beyond which a change is of unit size, on each side."""
NUMBERS = 2**22
"""Pixels of each kind of change from which tails are learnt, about."""
TINY = 1e-6
"""The smallest unit."""


class Sided(Peak):
    """The greatest difference in an image, relative to those of normal images; abstract.

    Averaged over some pixels before they are squared, differences of noise cancel out, and those of a defect do not:
    the filter is matched to marks of its size. Where normal images have bright streaks but no dark ones, a dark one is
    the more abnormal: each side is measured by its own tail.

    Parameters
    ----------
    widths : sequence of float, default (1.5,)
        Standard deviations of the Gaussians, in pixels.
    channels : int, default 0
        Learnt: channels of x.
    """

    middle: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, widths: Sequence[float] = (1.5,), channels: int = 0) -> None:
        super().__init__()
        if not widths or min(widths) <= 0:
            raise InputError(f"widths={tuple(widths)} of the score {kind_and_name(self)[1]!r}: expected some, above 0")
        self.widths, self.channels = tuple(widths), channels
        self.margin = blur_reach(max(widths))
        for name in ("middle", "low", "high"):
            self.register_buffer(name, torch.ones(channels * len(self.widths)))

    def differences(self, output: Output, model: Model) -> Tensor:
        """Return the difference of each element of x from what is expected."""
        raise NotImplementedError

    def fit(self, outputs: Iterable[Output], model: Model) -> Self:
        """Return a copy that knows the tails of the differences in normal images."""
        outputs = self.images_of(outputs)
        pixels = sum(output.batch.x[:, 0].numel() for output in outputs)
        every = max(1, ceil(pixels / NUMBERS))
        each = [self._averaged(output, model).movedim(1, 0).flatten(1)[:, ::every] for output in outputs]
        fitted = type(self)(self.widths, outputs[0].batch.x.shape[1])
        lowest, middle, highest = ordered(torch.cat(each, 1))
        fitted.middle.copy_(middle)
        fitted.low.copy_((middle - lowest).clamp_min(TINY))
        fitted.high.copy_((highest - middle).clamp_min(TINY))
        return fitted

    def _averaged(self, output: Output, model: Model) -> Tensor:
        """Return differences averaged by each Gaussian, of shape (batch, widths x channels, height, width)."""
        differences = self.differences(output, model)
        return torch.cat([blurred(differences, width) for width in self.widths], 1)

    def map(self, output: Output, model: Model) -> Tensor:
        """Return the root of the mean square over Gaussians and channels, of shape (batch, 1, height, width)."""
        middle, low, high = (side.view(-1, 1, 1) for side in (self.middle, self.low, self.high))
        beside = self._averaged(output, model) - middle
        units: Tensor = torch.maximum(beside / high, -beside / low)
        return units.square().mean(1, keepdim=True).sqrt()


def ordered(values: Tensor) -> Tensor:
    """Return what is beyond the lower tail of each row of values, in the middle, and beyond the upper tail: (3, rows).

    Examples
    --------
    >>> ordered(torch.arange(4001.0).flip(0)[None]).tolist()
    [[4.0], [2000.0], [3996.0]]
    """
    n = values.shape[1]
    beyond = int(TAIL * (n - 1))
    at = [beyond, n // 2, n - 1 - beyond]
    return torch.from_numpy(np.partition(values.detach().cpu().numpy(), at, 1)[:, at].T.copy())  # 5 x as fast as a sort


@part("score/repair")
class Repair(Sided):
    """The greatest repair of an image: what a model changes, relative to what it changes in normal images."""

    def differences(self, output: Output, model: Model) -> Tensor:
        """Return x less its reconstruction."""
        return output.batch.x - model.likelihood.mean(output.y)


@part("score/values")
class Values(Sided):
    """The most unusual pixels of an image, by their values alone: blots, holes, burrs.

    Parameters
    ----------
    widths : sequence of float, default (0.7,)
        As of the base class: pixels are looked at nearly one by one.
    channels : int, default 0
        Learnt: channels of x.
    """

    needs_model = False

    def __init__(self, widths: Sequence[float] = (0.7,), channels: int = 0) -> None:
        super().__init__(widths, channels)

    def differences(self, output: Output, model: Model) -> Tensor:
        """Return x, of which the middle of normal pixels is known."""
        return output.batch.x
