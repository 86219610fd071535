"""Slots: the coefficients of an image are coded in groups, each in the context of what is known of those before it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from isthmus.parts.bands import SECOND
from isthmus.parts.bottlenecks.plane import numbers_of, residuals
from isthmus.parts.bottlenecks.prediction import Prediction, Predictor, conditions, features, starting_scale
from isthmus.parts.bottlenecks.rounding import Take
from isthmus.parts.exact import ACTIVATION, SINGLE, WEIGHT, ExactConv, activated, rounded
from isthmus.support.errors import InputError

COARSE = (0, 1, 6, SECOND**2)
"""Where the groups of means begin, in zigzag order."""


class Groups(NamedTuple):
    """The groups of the coefficients of blocks, in zigzag order.

    Attributes
    ----------
    begins : tuple of int
        Where each begins, and where the last ends.
    near : int
        So many of the first are seen over 5 x 5 blocks, and those of brightness coded in two phases.
    signed : int
        So many of the first tell those after them their signs, and get a mean from those before, as means do.
    """

    begins: tuple[int, ...]
    near: int
    signed: int


FINE = {8: Groups((0, 5, 14, 27, 63), 1, 2), 4: Groups((0, 2, 5, 9, 15), 2, 4)}
"""For each side of blocks. The strokes of text give away signs: with them all, scans take 8 % fewer bits."""


class Slot(NamedTuple):
    """Some coefficients, which are coded together.

    Attributes
    ----------
    bands : list of int
        Which of the (colours x numbers) of its level.
    signed : bool
        Whether it has a mean, and its signs are seen.
    phases : int, default 1
        2: first the black fields of a chessboard, then the white.
    side : int, default 3
        Of the kernel by which it is seen.
    summed : bool, default False
        Whether its symbols are residuals in the plane: see `isthmus.parts.bottlenecks.plane`.
    seen : bool, default True
        Whether there is any after it, which sees it.
    """

    bands: list[int]
    signed: bool
    phases: int = 1
    side: int = 3
    summed: bool = False
    seen: bool = True


class Slots(Predictor):
    """Predicts the distribution of each coefficient of a lapped transform from those that are known by then.

    Means of blocks come first, those of cells before their differences; then groups of rising frequency, brightness
    before colours. A trunk of maps gathers what each group tells those after it, by one convolution; what a group is
    predicted from is that trunk alone. It has `width` maps, and half as many over the means.
    """

    def build(self, latent_dim: int) -> None:
        """Make the layers.

        Raises
        ------
        InputError
            Codes are not those of a lapped transform.
        """
        numbers = self.bands.cell**2
        if latent_dim % numbers:
            raise InputError(
                f"entropy='slots' takes the codes of the net 'lapped-transform', of {numbers:,} numbers for a channel, "
                f"not of {latent_dim:,}: choose 'factorized' or 'hyperprior'"
            )
        channels, half = latent_dim // numbers, self.width // 2
        self.channels = channels
        self.coarse = Level(channels * SECOND**2, coarse_slots(channels), half, 0)
        self.fine = Level(
            channels * self.bands.waves, fine_slots(channels, self.bands.block), self.width, len(self.coarse.slots)
        )
        self.up = nn.ModuleList([ExactConv(half, half), ExactConv(half, self.width * SECOND**2)])

    def initialize(self, h: Tensor) -> None:
        """Start the scale of each coefficient from the mean of its size."""
        for level, bands in zip((self.coarse, self.fine), self._bands(h), strict=True):
            level.base.copy_(starting_scale(bands))

    def parts(self, h: Tensor, step: Tensor) -> list[Tensor]:
        """Return the coefficients of each slot, in steps, of shape (batch, bands, *positions)."""
        coarse, fine = self._bands(h)
        return [*self.coarse.parts(coarse / step), *self.fine.parts(fine / step)]

    def worth(self) -> list[Tensor | None]:
        """Return the squared relative step of the bands of each slot; None where the nearest symbols must be chosen."""
        return [
            None if slot.summed else level.relative[slot.bands].exp().square()
            for level in (self.coarse, self.fine)
            for slot in level.slots
        ]

    def whole(self, symbols: Sequence[Tensor], step: Tensor) -> Tensor:
        """Return z for the symbols of each slot."""
        first = len(self.coarse.slots)
        bands = (self.coarse.whole(symbols[:first]) * step, self.fine.whole(symbols[first:]) * step)
        return self.bands.joined(*(torch.unflatten(level, 1, (self.channels, -1)) for level in bands))

    def forward(self, take: Take, positions: Sequence[int], octaves: Tensor) -> list[Tensor]:
        """Take the symbols of each slot, and return them."""
        seen, octaves = conditions(octaves), octaves.view(-1, 1, 1, 1)
        coarse, trunk = self.coarse(take, self.coarse.start(seen).expand(-1, -1, *positions), octaves)
        first, second = self.up
        trunk = nn.functional.pixel_shuffle(second(activated(first(activated(trunk)))), SECOND)
        fine, _ = self.fine(take, trunk + self.fine.start(seen), octaves)
        return [*coarse, *fine]

    def _bands(self, h: Tensor) -> list[Tensor]:
        return [level.flatten(1, 2) for level in self.bands.apart(h)]


class Level(nn.Module):
    """The slots of one level of the transform, and the trunk over it."""

    def __init__(self, numbers: int, slots: list[Slot], width: int, first: int) -> None:
        super().__init__()
        self.slots, self.first = slots, first
        self.order = torch.tensor([band for slot in slots for band in slot.bands], device="cpu").argsort()
        self.base = nn.Parameter(torch.zeros(numbers, device="cpu"))
        self.relative = nn.Parameter(torch.zeros(numbers, device="cpu"))
        self.start = ExactConv(2, width)
        self.contexts = nn.ModuleList(
            ExactConv(len(slot.bands) * (1 + slot.signed), width, slot.side, scale=0.5) if slot.seen else nn.Identity()
            for slot in slots
        )
        self.predictions = nn.ModuleList(
            nn.ModuleList(Prediction(width, len(slot.bands), slot.signed) for _ in range(slot.phases)) for slot in slots
        )

    def parts(self, bands: Tensor) -> list[Tensor]:
        """Return those of each slot, in its own relative steps."""
        scaled = bands / self.relative.exp().view(-1, 1, 1)
        parts = [scaled[:, slot.bands] for slot in self.slots]
        return [without_plane(part) if slot.summed else part for slot, part in zip(self.slots, parts, strict=True)]

    def whole(self, symbols: Sequence[Tensor]) -> Tensor:
        """Return the bands of the symbols of all slots."""
        return torch.cat(list(symbols), 1)[:, self.order] * self.relative.exp().view(-1, 1, 1)

    def forward(self, take: Take, trunk: Tensor, octaves: Tensor) -> tuple[list[Tensor], Tensor]:
        """Take the symbols of all slots; return them, and the trunk."""
        trunk = trunk if self.training or self._single() else trunk.double()
        taken = []
        for number, (slot, context) in enumerate(zip(self.slots, self.contexts, strict=True)):
            base = rounded(self.base[slot.bands], WEIGHT * ACTIVATION).view(-1, 1, 1) - octaves
            symbols, known = torch.zeros(()), trunk
            for phase, prediction in enumerate(cast(nn.ModuleList, self.predictions[number])):
                mean, scale = prediction(known, base)
                board = chessboard(trunk, phase) if slot.phases > 1 else None
                more = take(self.first + number, 0 * mean if slot.summed else mean, scale, board)
                symbols = symbols + more if phase else more
                symbols = numbers_of(symbols) if slot.summed else symbols
                known = trunk + context(features(symbols, slot.signed)) if slot.seen else trunk
            taken.append(symbols)
            trunk = known
        return taken, trunk

    def _single(self) -> bool:
        """Whether float32 holds all sums of the trunk exactly."""
        layers = (layer for layer in (self.start, *self.contexts) if isinstance(layer, ExactConv))
        return sum(layer.largest for layer in layers) < SINGLE


def without_plane(part: Tensor) -> Tensor:
    """Return coefficients less what is expected once those before them are rounded."""
    nearest = part.detach().round()
    return part - (nearest - residuals(nearest))


def chessboard(like: Tensor, phase: int) -> Tensor:
    """Return True for the fields of a phase, of shape (1, 1, *positions)."""
    rows, columns = (torch.arange(side, device=like.device) for side in like.shape[2:])
    return ((rows[:, None] + columns + phase) % 2 == 0)[None, None]


def coarse_slots(channels: int) -> list[Slot]:
    """Return the slots of the means: those of cells, then their differences."""
    colours = range(channels)
    return [Slot(_bands(colours, ends, SECOND**2), True, summed=ends[0] == 0) for ends in pairwise(COARSE)]


def fine_slots(channels: int, block: int) -> list[Slot]:
    """Return the slots of blocks: brightness, then colours, of each group."""
    begins, near, signed = FINE[block]
    each = [range(1), range(1, channels)][: min(channels, 2)]
    return [
        Slot(
            _bands(colours, ends, begins[-1]),
            signed=number < signed,
            phases=1 + (number < near and 0 in colours),
            side=5 if number < near else 3,
            seen=ends[1] < begins[-1] or colours is not each[-1],
        )
        for number, ends in enumerate(pairwise(begins))
        for colours in each
    ]


def _bands(colours: range, ends: tuple[int, int], numbers: int) -> list[int]:
    return [colour * numbers + number for colour in colours for number in range(*ends)]
