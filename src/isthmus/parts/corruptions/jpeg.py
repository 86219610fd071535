"""JPEG: images lose what its quantisation takes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_floored, with_space
from isthmus.parts.layers import BLOCK, continued, dct

LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""The standard's steps for brightness, at quality 50 (ITU-T T.81, annex K)."""
CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
"""The same for colour."""
TO_YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
"""Brightness, and how blue and how red (JFIF)."""
TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))
"""The way back (JFIF)."""
TIE = 1e-5
"""How near to the middle of two whole numbers a number is there."""


@part("corruption/jpeg")
class Jpeg(Corruption):
    """Compresses images as JPEG does, and restores them: in 8 bits, colours at half the resolution.

    x is cut to [0, 1]. Images of three channels are RGB; of any other number, each channel is an image in grey.

    Parameters
    ----------
    level : float or (float, float), default (30, 90)
        Quality as encoders count it: from 1 to 100, the highest.
    aligned : bool, default True
        Whether blocks start in the corner, as in a file of which nothing was cut off; False: anywhere, alike for all
        rows of a batch.

    Raises
    ------
    InputError
        A quality is below 1 or above 100.
    """

    def __init__(self, level: Level = (30, 90), aligned: bool = True) -> None:
        self.level, self.aligned = check_level(level, maximum=100, minimum=1), aligned

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with ``corrupted`` as it comes out of a file."""
        x = with_space(batch.x, self, axes=2)
        quality = draw_floored(self.level, x, 1).round()
        pixels = x.clamp(0, 1).mul(255).round()
        through = in_colour if x.shape[1] == 3 else in_grey
        top, left = (0, 0) if self.aligned else torch.randint(BLOCK, (2,)).tolist()
        pixels = functional.pad(pixels, (left, 0, top, 0), mode="replicate")
        compressed = through(pixels, quality)[..., top:, left:]
        return batch.with_(corrupted=compressed.round().clamp(0, 255) / 255)


def in_grey(pixels: Tensor, quality: Tensor, table: tuple[tuple[int, ...], ...] = LUMA) -> Tensor:
    """Return channels of numbers from 0 to 255, quantised by a table."""
    height, width = pixels.shape[2:]
    whole = continued(pixels - 128, BLOCK).flatten(0, 1).unsqueeze(1)
    basis = dct(2).to(pixels.device)
    steps = scaled(table, quality).repeat_interleave(pixels.shape[1], 0)
    eighths = (functional.conv2d(whole, basis, stride=BLOCK) * 8).round()  # the precision of encoders
    levels = nearest(eighths / (8 * steps))
    blocks = functional.conv_transpose2d(levels * steps, basis, stride=BLOCK)
    apart: Tensor = torch.unflatten(blocks, 0, pixels.shape[:2]).squeeze(2)
    return apart[..., :height, :width] + 128


def in_colour(pixels: Tensor, quality: Tensor) -> Tensor:
    """Return RGB, quantised as brightness and as colours at half the resolution."""
    height, width = pixels.shape[2:]
    to_ycc, to_rgb = (torch.tensor(matrix, device=pixels.device) for matrix in (TO_YCBCR, TO_RGB))
    centre = torch.tensor((0.0, 128.0, 128.0), device=pixels.device).view(3, 1, 1)
    ycc = (torch.einsum("cd,ndhw->nchw", to_ycc, pixels) + centre).round()
    luma = in_grey(ycc[:, :1], quality)
    half = alternately(functional.avg_pool2d(continued(ycc[:, 1:], 2), 2), 0.25, 0.5)
    chroma = in_grey(half, quality, CHROMA).round().clamp(0, 255)
    chroma = alternately(functional.interpolate(chroma, scale_factor=2, mode="bilinear"), 8 / 16, 7 / 16)
    ycc = torch.cat([luma.round().clamp(0, 255), chroma[..., :height, :width]], 1) - centre
    return torch.einsum("cd,ndhw->nchw", to_rgb, ycc)


def nearest(x: Tensor) -> Tensor:
    """Return the nearest whole numbers, and of two the one further from zero."""
    return x.sign() * (x.abs() + 0.5 + TIE).floor()


def alternately(x: Tensor, even: float, odd: float) -> Tensor:
    """Return whole numbers, of which those in even and in odd columns are rounded up from different fractions on."""
    columns = torch.arange(x.shape[3], device=x.device) % 2
    return (x + even + (odd - even) * columns).floor()


def scaled(table: tuple[tuple[int, ...], ...], quality: Tensor) -> Tensor:
    """Return the steps of each row, of shape (batch, 64, 1, 1), as the Independent JPEG Group scales them."""
    percent = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)
    steps = torch.tensor(table, device=quality.device).view(1, -1, 1, 1)
    return ((steps * percent + 50) / 100).floor().clamp(1, 255)
