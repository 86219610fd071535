"""The distance of the patches of an image to the nearest of normal images."""

from __future__ import annotations

from collections.abc import Iterable
from math import lcm

import torch
from torch import Tensor
from torch.nn import functional

from isthmus.core.interfaces import Features
from isthmus.core.model import Model
from isthmus.core.part import arguments, part, resolve, unbuilt_copy
from isthmus.core.records import Output
from isthmus.parts.layers import blur_reach, blurred, cropped, principal_axes
from isthmus.parts.scores.peaks import Peak
from isthmus.support.errors import InputError

SAMPLE = 30_000
"""Patches from which the whitening is learnt, about."""
PIECE = 256
"""Patches whose distances are computed at a time."""


@part("score/patches")
class Patches(Peak):
    """The greatest distance of a patch to the nearest patch of normal images, by features of patches.

    Features are whitened softly: each principal axis by the root of its variance and a fraction of the first one's, so
    that noise does not count as much as structure. Memory banks of patches are those of PatchCore (Roth 2022).

    Parameters
    ----------
    features : str or Features, default "pixels"
    width : int or None, default None
        Principal axes that are looked at; None: as many as suit the features.
    soft : float, default 0.3
        What is added to the deviation along each axis, as a fraction of that along the first.
    bank : int, default 3072
        Patches that are kept.
    blur : float, default 1.5
        Standard deviation of the Gaussian that smooths the map, in pixels.
    channels, axes, rows : int, default 0
        Learnt: channels of x, and how many axes and patches there are.
    """

    PART_KINDS = {"features": "features"}
    keeps_rows = True
    needs_model = False
    mean: Tensor
    whitening: Tensor
    references: Tensor

    def __init__(
        self,
        features: str | Features = "pixels",
        width: int | None = None,
        soft: float = 0.3,
        bank: int = 3072,
        blur: float = 1.5,
        channels: int = 0,
        axes: int = 0,
        rows: int = 0,
    ) -> None:
        super().__init__()
        if (width is not None and width < 1) or soft < 0 or bank < 2 or blur <= 0:
            raise InputError(
                f"width={width}, soft={soft}, bank={bank}, blur={blur} of the score 'patches': expected at least 1, 0 "
                "and 2, and above 0"
            )
        self.features: Features = unbuilt_copy(resolve("features", features))
        self.width, self.soft, self.bank, self.blur = width, soft, bank, blur
        around = 2 * self.features.stride + blur_reach(blur)
        reach = self.features.felt or self.features.reach
        self.margin = None if reach is None else reach + around
        self.grid, self.smallest = lcm(self.features.grid, self.features.stride), self.features.smallest
        self.kept_rows = rows
        maps = self.features.width(channels) if channels else 0
        self.register_buffer("mean", torch.zeros(maps))
        self.register_buffer("whitening", torch.zeros(maps, axes))
        self.register_buffer("references", torch.zeros(rows, axes))

    def initialize(self) -> None:
        """Fetch the weights of the features."""
        self.features.initialize()

    def fit(self, outputs: Iterable[Output], model: Model) -> Patches:
        """Return a copy that keeps some of the patches of normal images."""
        self.initialize()
        images = [output.batch.x for output in self.images_of(outputs)]
        positions = sum(image[:, 0].numel() for image in images) / self.features.stride**2
        chance = min(1.0, (SAMPLE + self.bank) / positions)
        rows = torch.cat([self._some(image, chance) for image in images])
        rows = rows[torch.randperm(len(rows))]
        mean, axes, variance = principal_axes(rows[:SAMPLE], self.width or self.features.axes)
        whitening = axes.T / (variance + self.soft**2 * variance[:1]).sqrt()
        kept = (rows[-self.bank :] - mean) @ whitening
        learnt = {"channels": images[0].shape[1], "axes": len(axes), "rows": len(kept)}
        fitted = type(self)(**{**arguments(self), "features": self.features, **learnt})
        for name, values in (("mean", mean), ("whitening", whitening), ("references", kept)):
            getattr(fitted, name).copy_(values)
        return fitted

    def _some(self, x: Tensor, chance: float) -> Tensor:
        """Return the features of a random fraction of the patches of images, of shape (n, maps)."""
        rows: Tensor = self.features(x).movedim(1, -1).flatten(0, -2)
        return rows[torch.rand(len(rows)) < chance]

    def map(self, output: Output, model: Model) -> Tensor:
        """Return the distances, smoothed, of shape (batch, 1, height, width)."""
        x = output.batch.x
        points = self.features.projected(x, self.whitening, -self.mean @ self.whitening)
        flat = points.movedim(1, -1).flatten(0, -2)
        pieces = (flat,) if torch.compiler.is_exporting() else torch.split(flat, PIECE)
        distances = torch.cat([self._nearest(piece) for piece in pieces])
        grid = distances.view(x.shape[0], 1, *points.shape[2:])
        stride = self.features.stride
        wide = functional.interpolate(grid, scale_factor=stride, mode="bilinear", align_corners=False)
        smooth: Tensor = blurred(cropped(wide, x.shape[2:]), self.blur)
        return smooth

    def _nearest(self, points: Tensor) -> Tensor:
        """Return the distance of points to the nearest patch that is kept."""
        lengths = self.references.square().sum(1)
        nearest: Tensor = torch.addmm(lengths, points, self.references.T, alpha=-2).amin(1)
        return (nearest + points.square().sum(1)).clamp_min(0).sqrt()
