"""Where images are defective: maps of several scores joined, each over its level on normal images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import lcm

import torch
from torch import Tensor, nn
from torch.nn import functional

from isthmus.core.model import Model
from isthmus.core.part import part
from isthmus.core.records import Output
from isthmus.core.terms import Score
from isthmus.parts.layers import blurred
from isthmus.parts.scores.patches import Patches
from isthmus.parts.scores.sides import Repair, Values
from isthmus.support.errors import InputError

GRID = 16
"""Cells along each side of images, in which levels by position are learnt."""
SPREAD = 1.0
"""Standard deviation of the Gaussian that smooths them, in cells."""
TINY = 1e-6


@part("score/defects")
class Defects(Score):
    """The maximum of joined maps: what the model repairs, and how far patches are from those of normal images.

    Each map is divided by its level: the median over normal images of its maximum, where the score was fitted on others
    of them. Where normal images are unlike, such as at the border of parts, the joined map is divided by
    its mean at that position (of 16 x 16), as far as that differs from the mean everywhere.

    Parameters
    ----------
    scores : sequence of Score, default ()
        With maps; empty: repair and patches.
    position : bool, default True
        Whether levels depend on the position.
    join : str
    """

    any_size = has_map = of_images = shares_model = True
    levels: Tensor
    where: Tensor

    def __init__(self, scores: Sequence[Score] = (), position: bool = True, join: str = "max") -> None:
        super().__init__()
        scores = tuple(scores) or (Repair(), Values(), Patches())
        without = [type(score).__name__ for score in scores if not (score.has_map and score.any_size)]
        if without:
            raise InputError(f"the score 'defects' joins maps, but {', '.join(without)} has none")
        self.scores, self.position, self.join = nn.ModuleList(scores), position, join
        self.margin = max(score.margin for score in scores)
        self.grid = lcm(*(score.grid for score in scores))
        self.keeps_rows = any(score.keeps_rows for score in scores)
        self.kept_rows = sum(score.kept_rows for score in scores)
        self.register_buffer("levels", torch.ones(len(scores)))
        self.register_buffer("where", torch.ones(1, 1, GRID, GRID))

    def fit(self, outputs: Iterable[Output], model: Model) -> Defects:
        """Return a copy of fitted scores that knows their levels, everywhere and at each position."""
        images = [output[i : i + 1] for output in self.images_of(outputs) for i in range(len(output.batch))]
        images = [images[i] for i in torch.randperm(len(images)).tolist()]
        halves = [images[::2], images[1::2]] if len(images) > 1 else [images, images]
        maps: list[list[Tensor]] = []
        for one, other in (halves, halves[::-1]):
            fitted = [score.fit(one, model).eval() for score in self._each()]
            maps += [[score.map(output, model) for score in fitted] for output in other]
        joined = Defects([score.fit(images, model).eval() for score in self._each()], self.position, self.join)
        peaks = torch.tensor([[float(each.amax()) for each in row] for row in maps])
        joined.levels.copy_(peaks.quantile(0.5, 0).clamp_min(TINY))
        if self.position:
            joined.where.copy_(by_position([joined._joined(row) for row in maps]))
        return joined

    def map(self, output: Output, model: Model) -> Tensor:
        """Return the joined map, of shape (batch, 1, height, width), before positions count."""
        return self._joined([score.map(output, model) for score in self._each()])

    def _joined(self, maps: Sequence[Tensor]) -> Tensor:
        each = torch.stack([one / level for one, level in zip(maps, self.levels, strict=True)])
        if self.join == "product":
            return each.clamp_min(TINY).log().mean(0).exp()
        if self.join == "sum":
            return each.mean(0)
        if self.join.startswith("p"):
            return each.pow(float(self.join[1:])).mean(0).pow(1 / float(self.join[1:]))
        return each.amax(0)

    def placed(self, heat: Tensor) -> Tensor:
        """Return the joined map of whole images, divided by the levels of its positions."""
        if not self.position:
            return heat
        levels = functional.interpolate(self.where, size=heat.shape[-2:], mode="bilinear", align_corners=False)
        return heat / levels[0]

    def pool(self, map: Tensor) -> Tensor:
        """Return the maximum."""
        return self.placed(map[:, 0]).flatten(1).amax(1)

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the maximum of the map."""
        return self.pool(self.map(output, model))

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return the map, for each channel alike."""
        return self.map(output, model).expand_as(output.batch.x)

    def without_rows(self) -> Defects | None:
        """Return a copy of those scores that hold no rows."""
        kept = [without for score in self._each() if (without := score.without_rows()) is not None]
        return Defects(kept, self.position) if kept else None

    def _each(self) -> list[Score]:
        return list(self.scores)  # type: ignore[arg-type]  # they are scores


def by_position(maps: Sequence[Tensor]) -> Tensor:
    """Return the mean of maps in each of 16 x 16 cells over that of all, smoothed, half-way between it and 1."""
    cells = torch.stack([functional.adaptive_avg_pool2d(one, GRID) for one in maps]).mean((0, 1), keepdim=False)
    smooth = blurred(cells[None] if cells.ndim == 3 else cells, SPREAD)
    return (smooth / smooth.mean().clamp_min(TINY) + 1) / 2
