"""The spectral net, for cleaning waveforms: gates for each frequency, which a code of each frame corrects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Net, Sizes, fixed
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.layers import cropped, fitted_lines, kernels, zero_last
from isthmus.parts.nets.feature_map import axes_of, with_condition
from isthmus.parts.nets.spectra import Spectra
from isthmus.support.errors import InputError

LOUDNESS = 0.3
"""Factor of logarithms of powers, so that what the layers see is about 1."""
FAINT = 1e-2
"""Added to a power over that of the noise, before its logarithm is taken."""
SILENT = 1e-12
"""The least power that noise has, in the units of x."""
SMOOTHED = 5
"""Frames whose powers are averaged before the softest of them is looked for."""
STEEP = 0.8
"""How fast gates open with the logarithm of the power, before the first step."""
THRESHOLDS = (1.5, 3.0, 6.0)
"""How many times the power of the noise a power is of which half passes: tried before the first step."""
TRUST = (0.0, 0.5, 1.0)
"""How much the profile of the noise counts, beside what is softest at each frequency: tried before the first step."""


@part("net/spectral")
class Spectral(Net):
    """Lets those frequencies of each frame pass that are above the noise; a code of the frame corrects which.

    ::

        x ─ spectra ─┬──────────────────────────────────────────────────── · ─ mean of frames ─ y
                     ├─ power over the noise ─ gates ────────────────── + ─┘
                     └─ power over the noise ─ blocks ─ h … z ─ blocks ─┘

    Before the first step it is a spectral gate (Boll 1979; Sainburg 2020): the power of noise at each frequency is the
    mean over the corrupted sample, its profile, at the level of the softest frames nearby, or the softest power nearby
    at that frequency (Martin 2001), whichever restores the sample better. What is twice as loud comes out twice as
    loud. It looks at a second around each frame at most, so that a part of a recording gives the same as the whole.

    Parameters
    ----------
    frame : int, default 256
        Elements of a frame: about 32 ms.
    width : int, default 128
        Channels of the blocks.
    dilations : tuple of int, default (1, 2, 4, 8)
        Of the blocks before the code, in frames.
    after : tuple of int, default (1, 2)
        Of the blocks behind it.
    nearby : int, default 20
        Frames to each side in which the softest one is looked for.
    """

    profile: Tensor
    slope: Tensor
    shift: Tensor
    reconstructs_only = any_size = windows_only = True
    start_fraction = 1 / 64
    replicable = False  # the gates of each copy would be chosen together

    def __init__(
        self,
        frame: int = 256,
        width: int = 128,
        dilations: Sequence[int] = (1, 2, 4, 8),
        after: Sequence[int] = (1, 2),
        nearby: int = 20,
    ) -> None:
        super().__init__()
        self.frame, self.width, self.nearby = frame, width, nearby
        self.dilations, self.after = tuple(dilations), tuple(after)
        if frame < 8 or frame % 8 or min(width, nearby, *self.dilations, *self.after) < 1:
            raise InputError(
                f"frame={frame}, width={width}, dilations={self.dilations}, after={self.after}, nearby={nearby} of the "
                "net 'spectral': expected a multiple of 8, and numbers of at least 1"
            )
        self.stride = frame // 4
        seen = nearby + SMOOTHED // 2 + sum(self.dilations) + sum(self.after)
        self.reach = self.stride * (seen + 1) + 2 * ((frame - self.stride) // 2)

    def positions(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number of frames."""
        return (-(-x_shape[1] // self.stride),)

    def build(self, sizes: Sizes) -> None:
        """Make the layers.

        Raises
        ------
        InputError
            The rows are no windows of waveforms.
        """
        if axes_of(sizes, self) != 1:
            raise InputError(
                f"the net 'spectral' takes waveforms, of shape (channels, time), but the rows have shape {sizes.x}: "
                "choose 'lapped' for images"
            )
        self.sizes, (self.channels,), (out,) = sizes, fixed(sizes.x[:1]), fixed(sizes.y[:1])
        self.spectra = Spectra(self.frame, self.stride)
        bins = self.spectra.bins
        self.before = Blocks(2 * bins * self.channels, self.width, self.dilations)
        self.code = nn.Conv1d(self.width, sizes.h, 1)
        self.behind = Blocks(sizes.z + sizes.condition, self.width, self.after)
        self.gates = nn.Sequential(*zero_last([nn.Conv1d(self.width, bins * out, 1)]))
        self.threshold = nn.Parameter(torch.full((bins, 1), math.log(THRESHOLDS[1])))
        self.steepness = nn.Parameter(torch.full((bins, 1), STEEP))
        self.trust = nn.Parameter(torch.full((bins, 1), TRUST[1]))
        self.register_buffer("profile", torch.ones(bins))
        self.register_buffer("slope", torch.ones(out))
        self.register_buffer("shift", torch.zeros(out))

    # -- both ways -----------------------------------------------------------------------------------------------

    def encode(self, batch: Batch) -> tuple[Tensor, ...]:
        """Return h of shape (batch, frames, sizes.h), the spectra of each channel, and how far their gates are open."""
        spectra = self.spectra(batch.corrupted.flatten(0, 1))
        power, softest = self._over_noise(spectra)
        seen = torch.cat([power, softest], 1) * LOUDNESS
        h: Tensor = self.code(self.before(self._side_by_side(seen)))
        return h.movedim(1, -1), spectra, self._opening(power, softest)

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return y, as long as x."""
        spectra, opening = (self._of_each_channel(skip) for skip in skips)
        added = self.gates(self.behind(with_condition(z, batch, self.sizes).movedim(-1, 1))).float()
        gates = torch.sigmoid(opening + torch.unflatten(added, 1, (-1, self.spectra.bins)).flatten(0, 1))
        made = self.spectra.inverse(spectra * gates.repeat(1, 2, 1))
        y = torch.unflatten(made, 0, (-1, len(self.slope))) * self.slope[:, None] + self.shift[:, None]
        return cropped(y, (self.sizes.y if batch is None else batch.x.shape[1:])[1:])

    def orthogonal(self) -> list[nn.Parameter]:
        """Return the weights of all layers that mix maps: not of those that see each map by itself."""
        return [weight for weight in kernels(self) if weight.shape[1] > 1]

    def _side_by_side(self, maps: Tensor) -> Tensor:
        """Return the maps of the channels of a row beside each other."""
        return torch.unflatten(maps, 0, (-1, self.channels)).flatten(1, 2)

    def _of_each_channel(self, maps: Tensor) -> Tensor:
        """Return for each channel of y the map of that channel of x which it is of."""
        rows = torch.unflatten(maps, 0, (-1, self.channels))
        return rows.repeat(1, len(self.slope) // self.channels, 1, 1).flatten(0, 1)

    def _over_noise(self, spectra: Tensor) -> tuple[Tensor, Tensor]:
        """Return logarithms of the power, and of the softest power nearby, over those of the noise."""
        real, imaginary = spectra.chunk(2, 1)
        power = (real.square() + imaginary.square()) / self.profile[:, None] + SILENT
        smooth = nn.functional.avg_pool1d(power, SMOOTHED, 1, SMOOTHED // 2, count_include_pad=False)
        softest = -nn.functional.max_pool1d(-smooth.log(), 2 * self.nearby + 1, 1, self.nearby)
        level = math.log(self.spectra.bins) - torch.logsumexp(-softest, 1, keepdim=True)
        return (power / level.exp() + FAINT).log(), softest - level

    def _opening(self, power: Tensor, softest: Tensor) -> Tensor:
        """Return how far gates are open: 0 for half."""
        return self.steepness * (power - (1 - self.trust) * softest - self.threshold)

    # -- start ---------------------------------------------------------------------------------------------------

    def initialize_encoder(self, batch: Batch) -> None:
        """Learn the profile of what corrupted the sample, and choose the gates that restore it best."""
        noise = (batch.corrupted - batch.x).flatten(0, 1)
        noisy = noise[noise.square().mean(1) > SILENT]
        if len(noisy):
            real, imaginary = self.spectra(noisy / noisy.square().mean(1, keepdim=True).sqrt()).chunk(2, 1)
            self.profile.copy_((real.square() + imaginary.square()).mean((0, 2)).clamp_min(SILENT))
            self._choose_gates(batch)

    def _choose_gates(self, batch: Batch) -> None:
        spectra, clean = self.spectra(batch.corrupted.flatten(0, 1)), batch.x.flatten(0, 1)
        seen, errors = self._over_noise(spectra), {}
        for threshold, trust in product(THRESHOLDS, TRUST):
            self._set_gates(threshold, trust)
            made = self.spectra.inverse(spectra * torch.sigmoid(self._opening(*seen)).repeat(1, 2, 1))
            errors[threshold, trust] = float((made[:, : clean.shape[1]] - clean).square().mean())
        self._set_gates(*min(errors, key=errors.__getitem__))

    def _set_gates(self, threshold: float, trust: float) -> None:
        self.threshold.fill_(math.log(threshold))
        self.trust.fill_(trust)

    def initialize_decoder(self, z: Tensor, y: Tensor, batch: Batch) -> None:
        """Scale and shift what passes to what y should be of it, for likelihoods whose y is no x."""
        slope, shift = fitted_lines(batch.x.repeat(1, len(self.slope) // self.channels, 1), y)
        self.slope.copy_(slope)
        self.shift.copy_(shift)


class Blocks(nn.Module):
    """A layer over the maps of a frame, and residual blocks over frames that are some apart."""

    def __init__(self, d_in: int, width: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.first = nn.Conv1d(d_in, width, 1)
        self.blocks = nn.Sequential(*(Block(width, dilation) for dilation in dilations))

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, width, frames)."""
        y: Tensor = self.blocks(self.first(x))
        return y


class Block(nn.Module):
    """What three frames of twice as many channels tell, added to what came in; it starts at zero."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm, wide = nn.LayerNorm(width), 2 * width
        self.layers = nn.Sequential(
            nn.Conv1d(width, wide, 1),
            nn.GELU(),
            nn.Conv1d(wide, wide, 3, padding=dilation, dilation=dilation, groups=wide),
            nn.GELU(),
            *zero_last([nn.Conv1d(wide, width, 1)]),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return x and what the layers add to it."""
        y: Tensor = x + self.layers(self.norm(x.movedim(1, -1)).movedim(-1, 1))
        return y
