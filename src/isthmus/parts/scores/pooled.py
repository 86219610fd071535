"""How far the pooled features of an image are from those of normal images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Features
from isthmus.core.model import Model
from isthmus.core.part import arguments, lookup, part
from isthmus.core.records import Output
from isthmus.core.terms import Score
from isthmus.parts.layers import exactly, principal_axes
from isthmus.support.errors import InputError

DEEPEST = {"stride": 16, "blocks": (10,)}
"""Settings of the default features."""
SHORTEST, LONGEST = 128, 224
"""Pixels along the longer side of what the features see, at least and at most."""
ACTIVATIONS = 24
"""Numbers that features hold at a time for each pixel, about."""
PIECE = 32
"""Images at a time, in fitting."""
LITTLE, TINY = 1e-2, 1e-6
"""Added to the deviation of a feature: a fraction of the mean deviation; and where all images are the same."""


@part("score/pooled")
class Pooled(Score):
    """The distance of an image from normal ones, by features of a frozen network, each averaged over a few cells.

    Pixels enter by what a network that has learnt from other images makes of them, averaged over the cells of a coarse
    grid: what an image shows, and about where. The distance is that of Mahalanobis (1936), as between the features of
    such a network in Rippel (2021), measured over the whole grid at once; the covariance is that of standardised
    features, shrunk towards the identity as far as the number of images asks for (Ledoit & Wolf 2004). Only some
    principal axes are kept: along the others the variance is their mean (Tipping & Bishop 1999). The distance is
    that of whitened features nearest to the features themselves (Kessy, Lewin & Strimmer 2018), so that each cell
    has its own fraction of it.

    Images are brought to a longer side of 128 to 224 pixels first, and to sides of whole cells. The model is not
    looked at, but for contributions: within a cell they are distributed in proportion to its errors.

    Parameters
    ----------
    features : Features or None, default None
        None: the maps of block 10 of `isthmus.parts.features.lite0.Lite0`, which the extra ``features`` brings.
    cells : int, default 2
        Cells along each axis.
    max_axes : int, default 512
        Principal axes that are kept, at most.
    image : sequence of int, default ()
        Learnt: channels, height and width of an image.
    axes : int, default 0
        Learnt: how many are kept.

    Raises
    ------
    InputError
        A number is below 1.
    """

    needs_model, images_only = False, True
    centre: Tensor
    scale: Tensor
    directions: Tensor
    gains: Tensor
    rest: Tensor
    rows: Tensor
    columns: Tensor
    rows_of_cells: Tensor
    columns_of_cells: Tensor

    def __init__(
        self,
        features: Features | None = None,
        cells: int = 2,
        max_axes: int = 512,
        image: Sequence[int] = (),
        axes: int = 0,
    ) -> None:
        super().__init__()
        if min(cells, max_axes) < 1:
            raise InputError(f"cells={cells}, max_axes={max_axes} of the score 'pooled': expected at least 1 and 1")
        self.features: Features = lookup("features/lite0")(**DEEPEST) if features is None else features
        self.cells, self.max_axes, self.image = cells, max_axes, tuple(image)
        width = self.features.width(self.image[0]) * cells**2 if image else 0
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("directions", torch.zeros(axes, width))
        self.register_buffer("gains", torch.ones(axes))
        self.register_buffer("rest", torch.ones(()))
        if image:
            self._lay_out(*self.image[1:])

    @staticmethod
    def suits(image: Sequence[int]) -> bool:
        """Tell whether the default features take images of (channels, height, width), and can be fetched."""
        lite0: Any = lookup("features/lite0")
        return image[0] in lite0.channels and min(image[1:]) >= lite0.smallest and lite0.available()

    def _lay_out(self, height: int, width: int) -> None:
        """Make what brings images to the size that the features see, and what says in which cell a pixel is."""
        unit = self.cells * max(self.features.stride, self.features.grid)
        for name, old, new in zip(("rows", "columns"), (height, width), seen(height, width, unit), strict=True):
            self.register_buffer(name, resizing(old, new), persistent=False)
            self.register_buffer(f"{name}_of_cells", membership(old, self.cells), persistent=False)
        pixels = len(self.rows) * len(self.columns)
        self.elements = ACTIVATIONS * pixels
        self.elements_of_contributions = self.elements + prod(self.image)

    def fit(self, outputs: Iterable[Output], model: Model) -> Pooled:
        """Return a copy that knows the mean and the covariance of the features of normal images."""
        self.features.initialize()
        fitted, parts = self, []
        for output in outputs:
            fitted = fitted if fitted.image else self._sized(output.batch.x)
            parts += [fitted.vectors(piece) for piece in torch.split(output.batch.x, PIECE)]
        vectors = torch.cat(parts)
        if len(vectors) < 2:
            raise InputError("the score 'pooled' needs at least 2 normal images")
        return fitted._learnt(vectors)

    def _sized(self, x: Tensor) -> Pooled:
        """Return a copy for images of the size of x."""
        if x.ndim != 4:
            raise InputError(f"the score 'pooled' takes images of one size, not rows of shape {tuple(x.shape[1:])}")
        return self._with(tuple(x.shape[1:]), 0)

    def _with(self, image: tuple[int, ...], axes: int) -> Pooled:
        """Return a copy with what is learnt, and the same features."""
        return Pooled(**{**arguments(self), "features": self.features, "image": image, "axes": axes})

    def _learnt(self, vectors: Tensor) -> Pooled:
        """Return a copy that knows mean and covariance of vectors."""
        centre, scale = vectors.mean(0), vectors.std(0, correction=0)
        scale = scale + LITTLE * scale.mean() + TINY
        standard = (vectors - centre) / scale
        _, directions, variance = principal_axes(standard, self.max_axes)
        variance, rest = shrunk(standard, variance * (len(standard) - 1) / len(standard))
        fitted = self._with(self.image, len(directions))
        for name, value in {"centre": centre, "scale": scale, "directions": directions}.items():
            getattr(fitted, name).copy_(value)
        fitted.gains.copy_(variance.rsqrt())
        fitted.rest.copy_(rest.rsqrt())
        return fitted

    def vectors(self, x: Tensor) -> Tensor:
        """Return the features of images, averaged over each cell, of shape (batch, maps x cells x cells)."""
        with exactly(x):
            seen = self.rows @ x @ self.columns.T
        maps = self.features(seen)
        sides = [side // self.cells for side in maps.shape[2:]]
        means: Tensor = nn.functional.avg_pool2d(maps, sides).flatten(1)
        return means

    def whitened(self, x: Tensor) -> Tensor:
        """Return whitened features, of which those of normal images have a variance of about 1."""
        standard = (self.vectors(x) - self.centre) / self.scale
        with exactly(x):
            along = standard @ self.directions.T
            beside = standard - along @ self.directions
            return (along * self.gains) @ self.directions + self.rest * beside

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the distance, over the root of the number of features."""
        return self.whitened(output.batch.x).square().mean(1).sqrt()

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return the fraction of each cell in the squared distance, distributed over the errors of its pixels."""
        squares = torch.unflatten(self.whitened(output.batch.x).square(), 1, (-1, self.cells, self.cells)).mean(1)
        error = model.error(output.batch, output.y.float()).clamp_min(0) + TINY
        rows, columns = self.rows_of_cells, self.columns_of_cells
        sums = rows.T @ error.sum(1) @ columns
        each: Tensor = rows @ (squares / sums / self.cells**2) @ columns.T
        return error * each[:, None]


def seen(height: int, width: int, unit: int) -> tuple[int, int]:
    """Return the sides that images are brought to: multiples of a unit, with the ratio kept as far as these allow.

    Examples
    --------
    >>> seen(28, 28, 32), seen(400, 200, 32)
    ((128, 128), (224, 128))
    """
    longer = max(height, width)
    factor = min(max(longer, SHORTEST), LONGEST) / longer
    rows, columns = (max(1, int(side * factor / unit + 0.5)) * unit for side in (height, width))
    return rows, columns


def resizing(old: int, new: int) -> Tensor:
    """Return the matrix, of shape (new, old), that resizes a side bilinearly, without aliases where it shrinks.

    A product with it is the same in every runtime.
    """
    each = torch.eye(old, device="cpu")[None, None]  # numbers also where layers have no memory
    resized = nn.functional.interpolate(each, (old, new), mode="bilinear", antialias=True, align_corners=False)
    return resized[0, 0].T.contiguous()


def membership(pixels: int, cells: int) -> Tensor:
    """Return in which cell each pixel of a side is, of shape (pixels, cells): 1 there, else 0."""
    which = torch.arange(pixels, device="cpu") * cells // pixels
    return nn.functional.one_hot(which, cells).float()


def shrunk(standard: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """Return the variances along the first principal axes of centred rows, and along any other, shrunk to the mean.

    The fraction of the mean is that of Ledoit & Wolf (2004).
    """
    n, d = standard.shape
    squares = standard.double()
    total = squares.square().sum() / n
    products = (squares @ squares.T if n < d else squares.T @ squares).square().sum() / n**2
    noise = (squares.square().sum(1).square().sum() / n - products) / n
    mean, floor = total / d, TINY * total / d + TINY
    fraction = (noise / (products - total * mean).clamp_min(TINY)).clamp(0, 1)
    others = (total - variance.double().sum()).clamp_min(0) / max(d - len(variance), 1)
    kept = (1 - fraction) * torch.cat([variance.double(), others[None]]) + fraction * mean
    kept = kept.clamp_min(floor).to(standard.dtype)
    return kept[:-1], kept[-1]
