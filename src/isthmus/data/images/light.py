"""Even light: images whose brightness and contrast are alike everywhere."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from isthmus.data.images.pixels import scaled_pixels
from isthmus.parts.layers import blur_reach, blurred, continued, cropped

Light = Literal["as-is", "even"]

CELL = 8
"""Side of the cells whose means and variances are looked at, in pixels."""
WIDTH = 3.0
"""Standard deviation of the Gaussian by which these are averaged, in cells."""
REACH = 2 * (blur_reach(WIDTH) + 1) * CELL
"""How many pixels away those are that evened pixels depend on, at most: the contrast is that around the mean."""
STRIP = 512
"""Rows of large images that are brought to even light at a time."""
FAINT = 5e-3
"""Contrast of what is the same everywhere, but for noise, in the units of x."""
MIDDLE, CONTRAST = 0.5, 0.125
"""Mean and standard deviation of evened pixels."""


def even(x: Tensor, contrast: Tensor | None = None) -> Tensor:
    """Return images less their local mean, divided by their local contrast: about 0.5, with a deviation of 1/8.

    Mean and contrast are those within a Gaussian of 24 pixels, the contrast that of all channels together: what is
    larger, such as a shadow or the fall of light to a side, disappears; small marks do not. Where there is little
    contrast it is raised half-way only, to what it is in the whole image: noise is not taken for texture.

    Parameters
    ----------
    x : Tensor of shape (batch, channels, height, width)
        Pixels in [0, 1].
    contrast : Tensor of shape (batch,), or None
        That of the whole images of which x are parts, the root of the mean of their local variance; None: x are whole.
    """
    difference = x - around(x)
    variance = local_variance(difference)
    whole = root_mean(variance) if contrast is None else contrast
    return MIDDLE + CONTRAST * difference * torch.rsqrt((variance + whole.view(-1, 1, 1, 1).square()) / 2 + FAINT**2)


def evened(pixels: Tensor) -> Tensor:
    """Return one image of shape (1, channels, height, width), uint8 or float, in even light: float32.

    It is what `even` returns, computed strip by strip: beside the result little memory is needed.
    """
    height = pixels.shape[2]
    if height <= STRIP + 2 * REACH:
        return even(scaled_pixels(pixels))
    inner = [(top, min(top + STRIP, height)) for top in range(0, height, STRIP)]
    outer = [(max(top - REACH, 0), min(bottom + REACH, height)) for top, bottom in inner]
    spans = list(zip(inner, outer, strict=True))
    total = pixels.new_zeros((), dtype=torch.float64)
    for (top, bottom), (first, last) in spans:
        x = scaled_pixels(pixels[:, :, first:last])
        total += local_variance(x - around(x))[:, :, top - first : bottom - first].sum(dtype=torch.float64)
    contrast = (total / pixels[:, 0].numel()).sqrt().float().view(1)
    result = torch.empty(pixels.shape, device=pixels.device)
    for (top, bottom), (first, last) in spans:
        part = even(scaled_pixels(pixels[:, :, first:last]), contrast)
        result[:, :, top:bottom] = part[:, :, top - first : bottom - first]
    return result


def evened_image(image: np.ndarray) -> np.ndarray:
    """Return one image of shape (height, width, channels), uint8 or float, in even light: float32."""
    x = torch.from_numpy(np.ascontiguousarray(image)).movedim(-1, 0)[None]
    return evened(x)[0].movedim(0, -1).numpy()


def unevenness(x: Tensor) -> float:
    """Return how much light varies within images, as a multiple of how much pixels differ from their local mean.

    Light is taken for what a quadratic surface explains of the local mean: shadows, fall-off to the sides and to the
    corners. What else varies in it is structure, such as the conductors of a circuit board. Above 1 light varies more
    than texture.
    """
    mean = around(x)
    light = quadratic(mean) - mean.mean((2, 3), keepdim=True)
    return float((light.square().mean() / (x - mean).square().mean().clamp_min(FAINT**2)).sqrt())


def quadratic(x: Tensor) -> Tensor:
    """Return the quadratic surface that is nearest to each channel of images, by least squares.

    Examples
    --------
    >>> ramp = torch.arange(12.0).expand(1, 1, 8, 12)
    >>> torch.allclose(quadratic(ramp), ramp, atol=1e-4), float(quadratic(ramp.roll(6, 3)).std()) < float(ramp.std())
    (True, True)
    """
    down, across = (torch.linspace(-1, 1, side, device=x.device) for side in x.shape[2:])
    down, across = torch.meshgrid(down, across, indexing="ij")
    terms = torch.stack([torch.ones_like(down), down, across, down * across, down**2, across**2], -1).flatten(0, 1)
    axes = torch.linalg.qr(terms).Q
    return (x.flatten(2) @ axes @ axes.T).view_as(x)


def local_variance(difference: Tensor) -> Tensor:
    """Return the mean square of differences from the local mean around each pixel, over all channels."""
    return around(difference.square().mean(1, keepdim=True)).clamp_min(0)


def root_mean(variance: Tensor) -> Tensor:
    """Return the root of the mean of each image, of shape (batch,)."""
    return variance.flatten(1).mean(1).sqrt()


def around(x: Tensor) -> Tensor:
    """Return the mean around each pixel, of the shape of x."""
    cells = blurred(functional.avg_pool2d(continued(x, CELL), CELL), WIDTH)
    smooth = functional.interpolate(cells, scale_factor=CELL, mode="bilinear", align_corners=False)
    return cropped(smooth, x.shape[2:])
