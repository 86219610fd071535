"""MS-SSIM: how alike the structure of two images is, on several scales (Wang 2003)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIDE, SPREAD = 11, 1.5
"""Of the window over which means and variances are taken."""
LUMINANCE, CONTRAST = 0.01**2, 0.03**2
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales, the finest first."""
IDENTICAL = 1e-10


def decibels(one: Tensor, other: Tensor) -> float:
    """Return -10 log10(1 - MS-SSIM) of two images, of shape (1, channels, height, width), in [0, 1].

    Scales on which an image is smaller than the window are left out.

    Examples
    --------
    >>> image = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    >>> decibels(image, image), decibels(image, 0.9 * image) > decibels(image, 0.5 * image)
    (100.0, True)
    """
    scales = [weight for scale, weight in enumerate(WEIGHTS) if min(one.shape[2:]) >> scale >= SIDE]
    alike = one.new_ones(one.shape[1], dtype=torch.float64)
    for scale, weight in enumerate(scales):
        both, contrast = _of_scale(one, other)
        last = scale == len(scales) - 1
        alike = alike * (both if last else contrast).clamp_min(0) ** (weight / sum(scales))
        one, other = (nn.functional.avg_pool2d(image, 2) for image in (one, other))
    return float(-10 * torch.log10((1 - alike.mean()).clamp_min(IDENTICAL)))


def _of_scale(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean similarity of brightness and contrast together, and of contrast alone, of each channel."""
    means = [_blurred(image.double()) for image in (one, other)]
    squares = [_blurred(image.double().square()) for image in (one, other)]
    spread = squares[0] - means[0].square() + squares[1] - means[1].square()
    together = _blurred(one.double() * other.double()) - means[0] * means[1]
    contrast = (2 * together + CONTRAST) / (spread + CONTRAST)
    luminance = (2 * means[0] * means[1] + LUMINANCE) / (means[0].square() + means[1].square() + LUMINANCE)
    return (luminance * contrast).mean((0, 2, 3)), contrast.mean((0, 2, 3))


def _blurred(image: Tensor) -> Tensor:
    """Return the means over the window, where it lies within the image."""
    at = torch.arange(SIDE, dtype=image.dtype) - SIDE // 2
    window = torch.exp(-at.square() / (2 * SPREAD**2))
    window = (window / window.sum()).expand(image.shape[1], 1, 1, SIDE)
    rows = nn.functional.conv2d(image, window, groups=image.shape[1])
    return nn.functional.conv2d(rows, window.transpose(2, 3), groups=image.shape[1])
