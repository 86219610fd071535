"""The frame of nets that restore: a front, levels of residual blocks with skip connections, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Net, Sizes, fixed
from isthmus.core.part import kind_and_name
from isthmus.core.records import Batch
from isthmus.parts.layers import BLOCK, CONSTANT, CONV, cropped, kernels
from isthmus.parts.nets.feature_map import axes_of, with_condition
from isthmus.parts.nets.levels import Levels, reach
from isthmus.parts.noise_level import NoiseLevel
from isthmus.support.errors import InputError


class RestoringNet(Net):
    """``y = base + body``; abstract: a subclass gives the base, the maps that the body sees, and the way back.

    ::

        x ─┬─ base ─────────────────────────────────────────────────────── + ─ way back ─ y
           └─ maps ─ blocks ─┬─ skip ───────────────────────── + ─ blocks ─┘
                             └─ /2 ─ blocks ─ … h … z ─ … blocks ─ ·2 ─┘

    The code is the deepest map, seen through `latent_dim` numbers a position. Before the first step, the base is scaled
    and shifted to what y should be of x, which matters for likelihoods whose y is no x, such as logits.
    """

    slope: Tensor
    shift: Tensor
    reconstructs_only = any_size = True
    reading = BLOCK
    kept = 1
    """How many tensors `analysed` returns for `corrected`."""
    numbers_each = 1
    """How many numbers the body gives for each one of the base."""
    start_fraction = 1 / 64
    rate_scale = 0.5

    def __init__(
        self,
        widths: Sequence[int],
        blocks: Sequence[int],
        cell: int,
        ends: int = 3,
        overlap: int = 0,
        margin: int = 0,
    ) -> None:
        super().__init__()
        self.widths, self.blocks = tuple(widths), tuple(blocks)
        if not self.widths or len(self.widths) != len(self.blocks) or min(self.widths) < 1 or min(self.blocks) < 0:
            raise InputError(
                f"widths={self.widths}, blocks={self.blocks} of the net {kind_and_name(self)[1]!r}: expected a width "
                "of at least 1, and a number of blocks, for each level"
            )
        self.stride = cell * 2 ** (len(self.widths) - 1)
        self.reach = cell * reach(self.blocks, ends, overlap) + margin
        self.cell, self.ends = cell, ends

    def front(self, channels: int) -> tuple[int, int]:
        """Make the layers before the body; return how many maps it sees, and how many stand for a channel."""
        raise NotImplementedError

    def analysed(self, x: Tensor, batch: Batch) -> tuple[Tensor, ...]:
        """Return the maps that the body sees, the base, and what else `corrected` needs.

        The base are the maps of x, or what is made of them before.
        """
        raise NotImplementedError

    def corrected(self, body: Tensor, base: Tensor, *beside: Tensor) -> Tensor:
        """Return the base with the correction that the body says."""
        return self._sloped(base) + body

    def joined(self, maps: Tensor) -> Tensor:
        """Return what maps stand for, of shape (batch, channels, *space)."""
        raise NotImplementedError

    def positions(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the positions of the deepest map."""
        return tuple(-(-side // self.stride) for side in x_shape[1:])

    def build(self, sizes: Sizes) -> None:
        """Make the layers.

        Raises
        ------
        InputError
            The rows are neither images nor windows.
        """
        self.sizes, self.axes = sizes, axes_of(sizes, self)
        (channels,), (out,), deepest = fixed(sizes.x[:1]), fixed(sizes.y[:1]), self.widths[-1]
        if self.estimates_noise:
            self.level = NoiseLevel(channels, self.axes)
        maps, self.numbers = self.front(channels)
        self.body = Levels(maps, self.numbers_each * out * self.numbers, self.widths, self.blocks, self.axes, self.ends)
        self.code = CONV[self.axes - 1](deepest, sizes.h, 1, bias=False)
        self.decode_code = CONV[self.axes - 1](sizes.z + sizes.condition, deepest, 1, bias=False)
        self._start_code()
        self.register_buffer("slope", torch.ones(out // channels))
        self.register_buffer("shift", torch.zeros(out))

    def _start_code(self) -> None:
        """Let the code start as what passes the deepest map on unchanged, or an orthogonal projection of it."""
        h, z, deepest = self.sizes.h, self.sizes.z, self.widths[-1]
        axes = torch.linalg.qr(torch.randn(max(h, deepest), min(h, deepest), device="cpu")).Q
        axes = axes if h >= deepest else axes.T
        back = torch.zeros(deepest, z + self.sizes.condition, device="cpu")
        back[:, :z] = axes[:z].T
        for layer, weight in ((self.code, axes), (self.decode_code, back)):
            layer.weight = nn.Parameter(weight.reshape(layer.weight.shape))

    # -- both ways -----------------------------------------------------------------------------------------------

    def encode(self, batch: Batch) -> tuple[Tensor, ...]:
        """Return h of shape (batch, *positions, sizes.h), what is kept of the front, and the maps above the deepest."""
        analysed = list(self.analysed(batch.corrupted, batch))
        *finer, deepest = self.body.down(analysed.pop(0))  # whose memory is free after the first layer
        h: Tensor = self.code(deepest)
        return h.movedim(1, -1), *analysed, *finer

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return y, as large as x."""
        kept, finer = skips[: self.kept], list(skips[self.kept :])
        body = self.body.up(self.decode_code(with_condition(z, batch, self.sizes).movedim(-1, 1)), finer).float()
        y = self.joined(self.corrected(body, *kept)) + self._each(self.shift)
        return cropped(y, (self.sizes.y if batch is None else batch.x.shape[1:])[1:])

    def orthogonal(self) -> list[nn.Parameter]:
        """Return the weights of all convolutions."""
        return kernels(self)

    def _sloped(self, base: Tensor) -> Tensor:
        """Return the base for each group of channels of y that are of x, times the slope of the group."""
        return (self._each(self.slope).unsqueeze(1) * base.unsqueeze(1)).flatten(1, 2)

    def _each(self, numbers: Tensor) -> Tensor:
        """Return a number for each channel, or row, shaped so that it broadcasts against rows."""
        return numbers.view(-1, *[1] * self.axes)

    # -- the noise level -----------------------------------------------------------------------------------------

    def readings(self, batch: Batch) -> Tensor:
        """Return the energy of high frequencies in each block of what the encoder sees."""
        readings: Tensor = self.level.readings(batch.corrupted)
        return readings

    def noise(self, readings: Tensor) -> Tensor:
        """Return the standard deviation of white noise."""
        noise: Tensor = self.level(readings)
        return noise

    def noise_level(self, batch: Batch) -> Tensor:
        """Return the noise level of each row, known or estimated, shaped so that it broadcasts against rows."""
        noise = self.noise(self.readings(batch)) if batch.noise is None else batch.noise
        return self._each(noise).unsqueeze(1)

    def everywhere(self, level: Tensor, like: Tensor) -> Tensor:
        """Return a map as large as another that is a level, such as that of the noise, at each position."""
        return level.expand(-1, 1, *like.shape[2:])

    # -- start ---------------------------------------------------------------------------------------------------

    def initialize_decoder(self, z: Tensor, y: Tensor, batch: Batch) -> None:
        """Fit a line from x to y: a slope for each group of channels of y that are of x, and a shift for each channel.

        The slope is 1 where x is the same everywhere.
        """
        groups = torch.unflatten(y.double(), 1, (len(self.slope), -1)).transpose(0, 1).transpose(1, 2).flatten(2)
        x = batch.x.double().transpose(0, 1).flatten(1)
        x_mean, y_mean = x.mean(1, keepdim=True), groups.mean(2, keepdim=True)
        energy = (x - x_mean).square().sum()
        if energy > CONSTANT * x.numel():
            self.slope.copy_(((x - x_mean) * (groups - y_mean)).sum((1, 2)) / energy)
        self.shift.copy_((y_mean.squeeze(2) - self.slope.double()[:, None] * x_mean.squeeze(1)).flatten())
