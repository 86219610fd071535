"""Filling: what is missing, as a smooth continuation of what is around it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.parts.layers import continued
from isthmus.parts.nets.feature_map import cropped

LEVELS = 7
"""Grids, each twice as coarse as the one before: what is wider than 2^LEVELS elements stays 0 in its middle."""
REACH = 2 ** (LEVELS + 1)
"""Elements that what is filled depends on, on each side."""
POOL = (nn.functional.avg_pool1d, nn.functional.avg_pool2d)
SMOOTH = ("linear", "bilinear")
LEAST = 1e-6
"""Less of a cell that is known counts as nothing."""


def filled(x: Tensor, missing: Tensor) -> Tensor:
    """Return x with what is missing filled by push and pull (Gortler 1996): means of ever larger cells, interpolated.

    Parameters
    ----------
    x : Tensor of shape (batch, channels, *space)
    missing : bool Tensor that broadcasts against x, of as many axes
    """
    whole = continued(x, 2**LEVELS)
    known = continued((~missing).to(x.dtype).expand_as(x), 2**LEVELS)
    levels = [(whole * known, known)]
    for _ in range(LEVELS):
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    sums, known = levels.pop()
    y = sums / known.clamp_min(LEAST)
    for sums, known in reversed(levels):
        y = sums + (1 - known) * _doubled(y)
    return torch.where(missing, cropped(y, x.shape[2:]), x)


def _halved(x: Tensor) -> Tensor:
    return POOL[x.ndim - 3](x, 2)


def _doubled(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2, mode=SMOOTH[x.ndim - 3])
