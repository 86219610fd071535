"""The lapped transform: cosines of overlapping blocks, as many as there are pixels, and a net that corrects them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Net, Shape, Sizes, fixed
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.bands import BLOCKS, SECOND, Bands, steps, zigzag
from isthmus.parts.layers import continued, cropped, exactly, zero_last
from isthmus.parts.nets.lapped import rotated
from isthmus.parts.nets.linear_skip import condition
from isthmus.support.errors import InputError

NEAR = 2.0
"""Coefficients in steps are seen as they are up to this, and beyond by their logarithm."""
FILTERS = {
    8: (
        (1.1227, 0.4853, 0.2097, 0.1266),
        (-0.5667, 1.0736, 0.2631, 0.1398),
        (-0.0206, -0.2685, 1.0910, 0.1734),
        (-0.0336, -0.0472, -0.0991, 1.1220),
    ),
    4: ((1.2826, 0.3440), (-0.2126, 1.1997)),
}
"""Filters of blocks of so many pixels, fitted on photographs by ``training/lapped_filter.py``.

Beside those of the orthogonal transform, at equal errors and with entropies by context, pictures 1 to 8 of Kodak take
5.1 % fewer bits with that of 8, 9 to 16 take 4.3 % fewer, clean and dirty scans 4.6 and 5.0 %.
"""
REACH = 0.5 + SECOND + SECOND // 2
"""How many blocks beyond its cell a pixel depends on others through the means of blocks."""


@part("net/lapped-transform")
class LappedTransform(Net):
    """A code of cosines, of which as many as there are pixels describe an image wholly.

    ::

        x ─ colours ─ blocks, lapped ┬─ means ─ 4 x 4, lapped ─┬─ h … z ─┬─ the inverse of all ─┬─ + ─ y
                                     └─ the others ────────────┘         └─ blocks ─────────────┘

    Both are lapped transforms in the form of a filter before the cosine transform (Tran 2003): blocks overlap by half,
    so that their borders do not show where coefficients were rounded. Colours are rotated to their principal axes. The
    blocks see the rounded coefficients, in steps, and correct them; they start at zero. Images whose sides are no
    multiples of four blocks are continued by their last row and column, and cut again.

    Parameters
    ----------
    width : int, default 96
        Channels of the blocks that correct; 0: there are none.
    blocks : int, default 2
        Residual blocks.
    block : {8, 4}, default 8
        Side of the blocks of pixels. At equal errors, scans of text take a fifth fewer bits with 4, photographs more.

    Raises
    ------
    InputError
        `width` or `blocks` is negative, or `block` neither 8 nor 4.
    """

    any_size = images_only = True
    replicable = False
    predictor = "slots"
    colours: Tensor
    middle: Tensor

    def __init__(self, width: int = 96, blocks: int = 2, block: int = BLOCKS[0]) -> None:
        super().__init__()
        self.block, self.bands = block, Bands(block)
        self.stride = self.grid = self.bands.cell
        if min(width, blocks) < 0:
            raise InputError(f"width={width}, blocks={blocks} of the lapped transform: expected at least 0")
        self.width, self.blocks = width, blocks
        self.reach = round(block * (REACH + (2 * blocks + 1 if width else 0)))

    def positions(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number of cells along each axis."""
        return tuple(-(-side // self.stride) for side in x_shape[1:])

    def code_width(self, x_shape: Shape) -> int:
        """Return the coefficients of a cell."""
        return fixed(x_shape[:1])[0] * self.stride**2

    def build(self, sizes: Sizes) -> None:
        """Make the transforms, and the blocks that correct.

        Raises
        ------
        InputError
            Rows are no images, or codes have another length.
        """
        self.sizes, channels = sizes, fixed(sizes.x[:1])[0]
        numbers = self.code_width(sizes.x)
        if len(sizes.x) != 3:
            raise InputError(f"the net 'lapped-transform' takes images, but the rows have shape {sizes.x}")
        if sizes.z != numbers or sizes.y[0] != channels:
            raise InputError(
                f"latent_dim={sizes.z} of the net 'lapped-transform': a cell of {self.stride} x {self.stride} pixels "
                f"in {channels} channels has {numbers} coefficients; leave latent_dim out"
            )
        self.first, self.second = Lapping(self.block), Lapping(SECOND)
        self.register_buffer("colours", torch.eye(channels, device="cpu"))  # on meta, eye imports a compiler
        self.register_buffer("middle", torch.zeros(channels, device="cpu"))
        self.correction = (
            Correction(channels * self.block**2, self.width, self.blocks, sizes.condition) if self.width else None
        )

    def initialize_encoder(self, batch: Batch) -> None:
        """Rotate colours to their principal axes: the first is brightness."""
        x = batch.x.transpose(0, 1).flatten(1).double()
        self.middle.copy_(x.mean(1))
        axes = torch.linalg.eigh(torch.cov(x).view(len(x), len(x)))[1].flip(1).T
        self.colours.copy_(axes * torch.where(axes.sum(1, keepdim=True) < 0, -1, 1))

    def encode(self, batch: Batch) -> Tensor:
        """Return h of shape (batch, *positions, sizes.h)."""
        x = batch.corrupted - self.middle.view(-1, 1, 1)
        bands = self.first(rotated(continued(x, self.stride), self.colours))
        return self.bands.joined(self.second(bands[:, :, 0]), bands[:, :, 1:])

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return y, as large as x; where that is not known, and sizes differ, whole cells."""
        coarse, fine = self.bands.apart(z)
        bands = torch.cat([self.second.inverse(coarse).unsqueeze(2), fine], 2)
        if self.correction is not None:
            known = condition(batch) if self.sizes.condition else None
            bands = self.correction(bands, steps(None if batch is None else batch.step, bands), known)
        y = rotated(self.first.inverse(bands), self.colours.T) + self.middle.view(-1, 1, 1)
        shape = self.sizes.y if batch is None or batch.x.ndim != y.ndim else batch.x.shape[1:]
        return cropped(y, shape[1:])

    def orthogonal(self) -> list[nn.Parameter]:
        """Return the kernels of the blocks."""
        return [] if self.correction is None else self.correction.kernels()


class Lapping(nn.Module):
    """A lapped transform of blocks that overlap by half of their side to each side.

    Beyond its border, an image is continued by its mirror image. Cells that lie across the corners of four blocks see
    these alone, so that both ways are convolutions of 2 x 2 cells.

    Parameters
    ----------
    side : int
        Of the blocks, which are as far apart.
    """

    down: Tensor
    right: Tensor
    analysis: Tensor
    synthesis: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side
        order = zigzag(side)
        turn = torch.tensor(FILTERS[side], dtype=torch.float64, device="cpu")
        parts = (torch.unflatten(way, 1, (2, side)) for way in pair_of(turn))
        analysis, synthesis = (
            torch.einsum("uai,vbj->uvijab", one, one).flatten(2, 3).flatten(0, 1)[order].float() for one in parts
        )
        self.register_buffer("analysis", analysis, persistent=False)
        self.register_buffer("synthesis", synthesis.transpose(0, 1).flip(2, 3).contiguous(), persistent=False)
        even = 1 - 2 * (torch.arange(side, device="cpu") % 2)
        signs = torch.stack([even[:, None].expand(side, side), even.expand(side, side)]).flatten(1)[:, order].float()
        self.register_buffer("down", signs[0].view(-1, 1, 1), persistent=False)
        self.register_buffer("right", signs[1].view(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, channels, side², *blocks), in zigzag order."""
        half = self.side // 2
        x = torch.cat([x[..., :half, :].flip(-2), x, x[..., -half:, :].flip(-2)], -2)
        x = torch.cat([x[..., :half].flip(-1), x, x[..., -half:].flip(-1)], -1)
        cells = nn.functional.pixel_unshuffle(x.flatten(0, 1).unsqueeze(1), self.side)
        with exactly(x):
            each = nn.functional.conv2d(cells, self.analysis)
        return torch.unflatten(each, 0, x.shape[:2])

    def inverse(self, bands: Tensor) -> Tensor:
        """Return (batch, channels, *space).

        The bands of the mirror image beyond the border are those of the last block, with the sign of the symmetry of
        each cosine.
        """
        half = self.side // 2
        y = torch.cat([bands[..., :1, :] * self.down, bands, bands[..., -1:, :] * self.down], -2)
        y = torch.cat([y[..., :1] * self.right, y, y[..., -1:] * self.right], -1)
        with exactly(y):
            cells = nn.functional.conv2d(y.flatten(0, 1), self.synthesis)
        x = nn.functional.pixel_shuffle(cells, self.side)
        return torch.unflatten(x[:, 0, half:-half, half:-half], 0, bands.shape[:2])


class Correction(nn.Module):
    """Residual blocks over the coefficients of blocks, in steps; what they add is in steps too."""

    def __init__(self, numbers: int, width: int, blocks: int, condition: int = 0) -> None:
        super().__init__()
        self.first = nn.Conv2d(2 * numbers, width, 1)
        self.step = nn.Linear(2 + condition, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1))
            for _ in range(blocks)
        )
        self.last = nn.Conv2d(width, numbers, 1)
        zero_last([self.last])

    def forward(self, bands: Tensor, step: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return the bands of shape (batch, channels, block², *blocks), corrected."""
        seen = bands / step
        means = seen[:, :, 0]
        around = nn.functional.avg_pool2d(means, 3, 1, 1, count_include_pad=False)
        seen = torch.cat([(means - around).unsqueeze(2), seen[:, :, 1:]], 2).flatten(1, 2)
        maps = torch.cat([seen.clamp(-NEAR, NEAR), seen.sign() * torch.log2(1 + seen.abs())], 1)
        octaves = (torch.log2(step.flatten() * 255) / 3 - 1).unsqueeze(1)
        everywhere = [octaves, octaves.square()] + ([] if condition is None else [condition])
        body = self.first(maps) + self.step(torch.cat(everywhere, 1))[:, :, None, None]
        for block in self.blocks:
            body = body + block(body)
        more: Tensor = self.last(nn.functional.relu(body))
        return bands + torch.unflatten(more, 1, bands.shape[1:3]) * step

    def kernels(self) -> list[nn.Parameter]:
        """Return the kernels of the blocks and of the first layer."""
        return [weight for name, weight in self.named_parameters() if name.endswith("weight") and weight.ndim == 4]


def cost(coefficients: Tensor, step: float) -> Tensor:
    """Return about the bits of each coefficient that is rounded to whole steps, where errors of all count alike."""
    return torch.log2(1 + 2 * (coefficients / step).square()) / 2


def pair_of(turn: Tensor) -> tuple[Tensor, Tensor]:
    """Return both directions of the lapped transform in one dimension, each of shape (side, 2 · side), in float64.

    The functions of the way back have length 1: errors of all coefficients count alike.

    Parameters
    ----------
    turn : float64 Tensor of shape (side / 2, side / 2)
        What is done to the differences across borders, before the cosine transform.
    """
    half = len(turn)
    one = torch.eye(half, dtype=torch.float64, device="cpu")
    mirror = one.flip(0)
    butterflies = torch.cat([torch.cat([one, mirror], 1), torch.cat([mirror, -one], 1)]) / math.sqrt(2)
    filtered = butterflies @ _apart(one, turn) @ butterflies
    inverse = (butterflies @ _apart(one, torch.linalg.inv(turn)) @ butterflies).T
    analysis, synthesis = (cosines(2 * half) @ _apart(way[half:], way[:half]) for way in (filtered, inverse))
    lengths = synthesis.norm(dim=1, keepdim=True)
    return analysis * lengths, synthesis / lengths


def _apart(first: Tensor, second: Tensor) -> Tensor:
    """Return two matrices on the diagonal of one."""
    diagonal: Tensor = torch.block_diag(first, second)  # type: ignore[no-untyped-call]  # torch leaves it so
    return diagonal


def cosines(side: int) -> Tensor:
    """Return the cosine transform, orthogonal."""
    i = torch.arange(side, dtype=torch.float64, device="cpu")
    rows = torch.cos(math.pi * i[:, None] * (2 * i + 1) / (2 * side)) * math.sqrt(2 / side)
    rows[0] /= math.sqrt(2)
    return rows
