"""Pseudo-defects: spots, scratches, stains and foreign texture on images, so that a net learns to repair them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import ends, with_space
from isthmus.parts.corruptions.shading import offsets
from isthmus.parts.layers import filtered
from isthmus.support.errors import InputError

LINES = 0.3
"""The fraction of defects that are long and thin."""
THIN, LONG, ROUND = (0.8, 3.2), (2.8, 11.3), (1.0, 2.3)
"""Half the thickness of a line, in pixels; how much longer than their size lines are; the aspect of other defects."""
ROUGH = 0.6
"""How far an outline leaves its ellipse, at most, as a fraction of its radius."""
SOFT = (0.5, 2.8)
"""Pixels over which a defect fades at its outline."""
FAINT = 0.44
"""The weight of the faintest defect; the strongest has 1."""
SHIFT = 9
"""How far content is shifted inside of a defect, in pixels, at most; it is blurred over as many."""
EVENLY = (1 / SHIFT,) * SHIFT
"""The weights of that."""
POINTS = (2, 4, 8, 16, 32)
"""Points along each axis of random fields, from the smoothest to the roughest."""
EVEN = 0.2
"""The least deviation of an image, as a fraction of that of all, by which strengths are measured."""


@part("corruption/pseudo-defects")
class PseudoDefects(Corruption):
    """Puts defects of many sizes, shapes and kinds on images.

    A defect is a soft ellipse with a rough outline, or a bent line. Inside is a part of another image (CutPaste: Li
    2021; Schlüter 2022), the image itself made brighter or darker, random texture (DRAEM: Zavrtanik 2021), the image
    without its texture, or the image shifted by a few pixels. The wide range of sizes and kinds matters: a net
    repairs only what it has seen.

    Parameters
    ----------
    size : (float, float), default (1.2, 0.35)
        From the smallest radius, in pixels, to the largest, as a fraction of the shorter side.
    strength : (float, float), default (0.35, 3.2)
        From the least change of brightness to the greatest, in standard deviations of the image.
    number : int, default 3
        Defects of an image, at most; each is there with a probability of one half, the first in nine of ten images.

    Raises
    ------
    InputError
        A size or strength is out of range, or there are no defects.
    """

    replicable = False  # how far texture is moved is drawn once for a batch

    def __init__(
        self, size: tuple[float, float] = (1.2, 0.35), strength: tuple[float, float] = (0.35, 3.2), number: int = 3
    ) -> None:
        self.size, self.strength, self.number = ends(size), ends(strength), number
        if not (self.size[0] > 0 and 0 < self.size[1] <= 1 and 0 < self.strength[0] <= self.strength[1] and number > 0):
            raise InputError(
                f"size={size}, strength={strength}, number={number} of the corruption 'pseudo-defects': expected "
                "(pixels above 0, fraction of a side up to 1), (low, high) above 0, and at least 1"
            )

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with defects on ``corrupted``."""
        x = with_space(batch.x, self, axes=2)
        y = x
        for count in range(self.number):
            there = torch.rand(len(x), 1, 1, 1, device=x.device) < (0.5 if count else 0.9)
            weight = there * self._outline(x) * between((FAINT, 1.0), x)
            y = torch.lerp(y, self._inside(y), weight)
        return batch.with_(corrupted=y)

    # -- the outline ---------------------------------------------------------------------------------------------

    def _outline(self, x: Tensor) -> Tensor:
        """Return a defect's weight at each pixel, from 0 to 1, of shape (batch, 1, height, width)."""
        side = min(x.shape[2:])
        down, across = offsets(x, drawn(x), drawn(x))
        angle = math.pi * drawn(x)
        along = across * angle.cos() + down * angle.sin()
        beside = down * angle.cos() - across * angle.sin()
        line = drawn(x) < LINES
        size = between((self.size[0], max(self.size[1] * side, self.size[0])), x)
        aspect = torch.where(line, between(LONG, x), between(ROUND, x))
        long = torch.where(line, (size * aspect).clamp_max(side), size * aspect.sqrt())
        short = torch.where(line, between(THIN, x), size / aspect.sqrt())
        beside = beside + line * (drawn(x) - 0.5) / long * along.square()
        distance = torch.hypot(along / long, beside / short)
        rough = torch.where(line, ROUGH / 3, ROUGH * drawn(x)) * self._ragged(x, short / side)
        sharp = 1.5 * (short / between(SOFT, x)).clamp_min(1)
        return torch.sigmoid((1 - distance + rough) * sharp)

    def _ragged(self, x: Tensor, fraction: Tensor) -> Tensor:
        """Return a random field whose waves are about as long as a defect is wide, a fraction of the side."""
        wanted = (-(fraction * 0.7).log2()).round().clamp(1, len(POINTS)).long().flatten() - 1
        return torch.stack([field(x, points) for points in POINTS])[wanted, torch.arange(len(x), device=x.device)]

    # -- the inside ----------------------------------------------------------------------------------------------

    def _inside(self, x: Tensor) -> Tensor:
        """Return what is inside of a defect, for each image."""
        kinds: tuple[Callable[[Tensor], Tensor], ...] = (
            another,
            self._shaded,
            self._shaded,
            self._texture,
            self._flat,
            shifted,
        )
        which = torch.randint(len(kinds), (len(x),), device=x.device)
        return torch.stack([kind(x) for kind in kinds])[which, torch.arange(len(x), device=x.device)]

    def _shaded(self, x: Tensor) -> Tensor:
        """Return images, brighter or darker: all channels alike, or not."""
        sign = torch.where(drawn(x) < 0.5, -1.0, 1.0)
        colour = 2 ** (2 * drawn(x, x.shape[1]) - 1)
        return x + sign * between(self.strength, x) * deviation(x) * torch.where(drawn(x) < 0.5, colour, 1.0)

    def _texture(self, x: Tensor) -> Tensor:
        """Return random texture around the mean of each image."""
        points = POINTS[int(torch.randint(1, len(POINTS), ()))]
        each = torch.cat([field(x, points) for _ in range(x.shape[1])], 1)
        return x.mean((2, 3), keepdim=True) + between((0.5, 2.0), x) * deviation(x) * each

    def _flat(self, x: Tensor) -> Tensor:
        """Return images without their texture, a little brighter or darker."""
        wide = functional.pad(x, (SHIFT // 2,) * 4, mode="replicate")
        mean = filtered(filtered(wide, 3, EVENLY), 2, EVENLY)
        return mean + (self._shaded(x) - x) / 2


def drawn(x: Tensor, channels: int = 1) -> Tensor:
    """Return random numbers in [0, 1) for each image, of shape (batch, channels, 1, 1)."""
    return torch.rand(len(x), channels, 1, 1, device=x.device)


def between(limits: tuple[float, float], x: Tensor) -> Tensor:
    """Return a number for each image, whose logarithm is uniform between the limits."""
    low, high = limits
    return low * (high / low) ** drawn(x)


def deviation(x: Tensor) -> Tensor:
    """Return the standard deviation of each image, of shape (batch, 1, 1, 1)."""
    return spread(x, (1, 2, 3)).clamp_min(EVEN * float(x.std()))


def spread(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Return the standard deviation over axes, which are kept: ten times as fast as `Tensor.std` on CPUs."""
    return (x - x.mean(axes, keepdim=True)).square().mean(axes, keepdim=True).sqrt()


def field(x: Tensor, points: int) -> Tensor:
    """Return a smooth random map for each image, of one channel, of mean 0 and deviation 1."""
    coarse = torch.randn(len(x), 1, points + 1, points + 1, device=x.device)
    down, across = (cubic(points, side).to(x.device) for side in x.shape[2:])
    smooth = down @ coarse @ across.T
    return smooth / spread(smooth, (2, 3)).clamp_min(0.1)


@cache
def cubic(points: int, side: int) -> Tensor:
    """Return the matrix that interpolates between evenly spaced values by cubic polynomials: (side, points + 1).

    Examples
    --------
    >>> cubic(2, 5)[[0, 2, 4]].tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    units = torch.eye(points + 1, device="cpu")[None, None]
    return functional.interpolate(units, size=(side, points + 1), mode="bicubic", align_corners=True)[0, 0]


def another(x: Tensor) -> Tensor:
    """Return other images, moved and mirrored."""
    by = [int(torch.randint(side, ())) for side in x.shape[2:]]
    return x[torch.randperm(len(x), device=x.device)].roll(by, (2, 3)).flip(3)


def shifted(x: Tensor) -> Tensor:
    """Return images, moved by a few pixels."""
    by = [int(torch.randint(-SHIFT, SHIFT + 1, ())) for _ in range(2)]
    return x.roll(by, (2, 3))
