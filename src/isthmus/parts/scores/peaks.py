"""Scores that are the maximum of a map."""

from __future__ import annotations

from torch import Tensor

from isthmus.core.model import Model
from isthmus.core.records import Output
from isthmus.core.terms import Score


class Peak(Score):
    """The maximum of a map of images, of shape (batch, 1, height, width); abstract: a subclass has `fit` and `map`."""

    any_size = has_map = images_only = peaks = True
    at_once = 3 * 2**19
    kept_as = ("feature vector", "of patches of training images")

    def pool(self, map: Tensor) -> Tensor:
        """Return the maximum of the map of whole images."""
        return self.placed(map[:, 0]).flatten(1).amax(1)

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the maximum of the map."""
        return self.pool(self.map(output, model))

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return the map, for each channel alike."""
        return self.map(output, model).expand_as(output.batch.x)
