"""The lapped net: a frame of cosines with learnt gates, and a body that corrects its coefficients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor, nn

from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.layers import BLOCK, POOL, continued, cropped, exactly
from isthmus.parts.nets.frame import Frame
from isthmus.parts.nets.restoring import RestoringNet
from isthmus.support.errors import InputError

THRESHOLDS = (2.7, 2.0, 3.3, 4.0, 5.0)
"""How many times the noise level a coefficient is of which half passes: tried before the first step (Dabov 2007)."""
CERTAIN = 16.0
"""How many times the threshold a coefficient is that passes wholly."""
TINY = 1e-6
"""Added to thresholds, in the units of x: without noise, all passes."""


@part("net/lapped", absent={"gains": False})
class Lapped(RestoringNet):
    """Lets those cosines of overlapping blocks pass that are above the noise, and corrects them.

    ::

        x ─┬─ cosines of blocks ─┬─ gates ─┬─────────────────── + ─ mean of overlapping blocks ─ y
           │                     └─────────┴─┬─ body ─┬─────────┤
           └─ noise level ───────────────────┘        └ gains ─ · what the gates removed

    Before the first step it removes noise as a sliding cosine transform with a threshold does (Yu & Sapiro 2011): the
    correction starts small. Colours are rotated to their principal axes, of which each has its own thresholds. How much
    of a cosine passes depends on its size over the noise level of the whole row: the known one, else the estimated one.

    The body adds to each cosine, and brings back a part of what its gate removed: it need only say where there is more
    than noise, not what it looks like.

    Parameters
    ----------
    stride : {2, 4, 8}, default 2
        Elements from a block of 8 x 8 to the next.
    widths : tuple of int, default (48, 96, 128)
        Channels of each level of the body; each has half as many positions along each axis as the one before.
    blocks : tuple of int, default (1, 1, 1)
        Residual blocks of each level on the way down, and as many on the way up.
    gains : bool, default True
        Whether the body says how much comes back of what the gates removed.
    """

    colours: Tensor
    estimates_noise = True
    at_once = 2**20

    def __init__(
        self,
        stride: int = 2,
        widths: Sequence[int] = (48, 96, 128),
        blocks: Sequence[int] = (1, 1, 1),
        gains: bool = True,
    ) -> None:
        if stride not in (2, 4, 8):
            raise InputError(f"stride={stride} of the lapped net: choose 2, 4 or 8")
        overlap, margin = BLOCK // (2 * stride), (BLOCK - stride) // 2 + stride
        super().__init__(widths, blocks, stride, ends=1, overlap=overlap, margin=margin)
        if gains:
            self.kept, self.numbers_each = 3, 2

    def front(self, channels: int) -> tuple[int, int]:
        """Make the frame, a gate for each cosine but the constant one, and the rotation of colours."""
        numbers = BLOCK**self.axes
        self.frame = Frame(self.cell, self.axes)
        gates = channels, numbers - 1, *[1] * self.axes
        self.threshold = nn.Parameter(torch.full(gates, math.log(THRESHOLDS[0])))
        self.register_buffer("colours", torch.eye(channels, device="cpu"))  # on meta, eye imports a compiler
        return channels * (2 * numbers - 1) + 1, numbers

    def analysed(self, x: Tensor, batch: Batch) -> tuple[Tensor, ...]:
        """Return the cosines of x, what the gates removed of those, and the noise level, as maps; and what passed.

        With gains, also what the gates removed, and the noise level.
        """
        cosines = self.frame(rotated(continued(x, self.stride), self.colours))
        mean, waves = cosines[:, :, :1], cosines[:, :, 1:]
        noise = self.noise_level(batch)
        removed = torch.cat([torch.zeros_like(mean), self._removed(waves, noise)], 2)
        each = (maps.unbind(1) for maps in (self._differences(mean), waves, removed[:, :, 1:]))
        of_colours = chain.from_iterable(zip(*each, strict=True))
        maps = torch.cat([*of_colours, self.everywhere(noise, mean[:, 0])], 1)
        passed = cosines - removed
        return maps, *(passed.flatten(1, 2), removed.flatten(1, 2), noise)[: self.kept]

    def corrected(self, body: Tensor, base: Tensor, *beside: Tensor) -> Tensor:
        """Return the cosines that passed, with what the body adds, and with what comes back of those removed."""
        if not beside:
            return super().corrected(body, base)
        removed, noise = beside
        more, gains = body.chunk(2, 1)
        return super().corrected(more, base) + torch.tanh(gains / (noise + TINY)) * self._sloped(removed)

    def joined(self, maps: Tensor) -> Tensor:
        """Return the mean of overlapping blocks, in the user's colours."""
        return rotated(self.frame.inverse(torch.unflatten(maps, 1, (-1, self.numbers))), self.colours.T)

    def _removed(self, waves: Tensor, noise: Tensor) -> Tensor:
        """Return what does not pass the gates: of each cosine 1 / (1 + r⁸), r its size over the threshold."""
        ratio = waves / (self.threshold.exp() * noise.unsqueeze(1) + TINY)
        return waves / (1 + ratio.clamp(-CERTAIN, CERTAIN).square().square().square())

    def _differences(self, mean: Tensor) -> Tensor:
        """Return the mean of each block less that of the blocks around it: brightness alone changes nothing."""
        around = POOL[self.axes - 1](mean.squeeze(2), 3, 1, 1, count_include_pad=False)
        return mean - around.unsqueeze(2)

    def initialize_encoder(self, batch: Batch) -> None:
        """Rotate colours to their principal axes, and choose the gates of each axis that restore it best."""
        x = batch.x.transpose(0, 1).flatten(1).double()
        self.colours.copy_(torch.linalg.eigh(torch.cov(x).view(len(x), len(x)))[1].T)
        errors = torch.stack([self._errors_of_gates(threshold, batch) for threshold in THRESHOLDS])
        best = torch.tensor(THRESHOLDS, device=errors.device)[errors.argmin(0)]
        self.threshold.copy_(best.log().view(-1, 1, *[1] * self.axes).expand_as(self.threshold))

    def _errors_of_gates(self, threshold: float, batch: Batch) -> Tensor:
        """Return the squared error of each axis of colours after gates alone."""
        self.threshold.fill_(math.log(threshold))
        _, base, *_ = self.analysed(batch.corrupted, batch)
        restored = self.frame.inverse(torch.unflatten(base, 1, (-1, self.numbers)))
        error = cropped(restored, batch.x.shape[2:]) - rotated(batch.x, self.colours)
        return error.square().transpose(0, 1).flatten(1).sum(1)


def rotated(x: Tensor, colours: Tensor) -> Tensor:
    """Return rows with a rotation of each group of channels."""
    groups = torch.unflatten(x, 1, (-1, len(colours)))
    with exactly(x):
        return torch.einsum("cd,ngd...->ngc...", colours, groups).flatten(1, 2)
