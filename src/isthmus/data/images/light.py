"""Even light: images whose brightness and contrast are alike everywhere."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Light = Literal["as-is", "even"]

CELL = 8
"""Side of the cells whose means and variances are looked at, in pixels."""
WIDTH = 3.0
"""Standard deviation of the Gaussian by which these are averaged, in cells."""
SIDE = math.ceil(3 * WIDTH)
"""How many cells it looks at to each side."""
REACH = (SIDE + 1) * CELL
"""How many pixels away evened pixels depend on, at most."""
FLOOR = 0.02
"""Contrast below which it is not raised in full: that of noise, in the units of x."""
MIDDLE, CONTRAST = 0.5, 0.125
"""Mean and standard deviation of evened pixels."""


def even(x: Tensor) -> Tensor:
    """Return images less their local mean, divided by their local contrast: about 0.5, with a deviation of 1/8.

    Mean and contrast are those within a Gaussian of 24 pixels, the contrast that of all channels together: what is
    larger, such as a shadow or the fall of light to a side, disappears; small marks do not.

    Parameters
    ----------
    x : Tensor of shape (batch, channels, height, width)
        Pixels in [0, 1].
    """
    difference = x - around(x)
    variance = around(difference.square().mean(1, keepdim=True)).clamp_min(0)
    return MIDDLE + CONTRAST * difference * torch.rsqrt(variance + FLOOR**2)


def around(x: Tensor) -> Tensor:
    """Return the mean around each pixel, of the shape of x."""
    height, width = x.shape[2:]
    beyond = (0, (CELL - width % CELL) % CELL, 0, (CELL - height % CELL) % CELL)
    cells = functional.avg_pool2d(functional.pad(x, beyond, mode="replicate"), CELL)
    offset = torch.arange(-SIDE, SIDE + 1, device=x.device, dtype=x.dtype)
    weight = torch.exp(-0.5 * (offset / WIDTH).square())
    weight = weight / weight.sum()
    channels = x.shape[1]
    for shape in ((1, 1, 1, -1), (1, 1, -1, 1)):
        margin = (SIDE, SIDE, 0, 0) if shape[3] == -1 else (0, 0, SIDE, SIDE)
        kernel = weight.view(shape).expand(channels, -1, -1, -1)
        cells = functional.conv2d(functional.pad(cells, margin, mode="replicate"), kernel, groups=channels)
    smooth = functional.interpolate(cells, scale_factor=CELL, mode="bilinear", align_corners=False)
    return smooth[:, :, :height, :width]
