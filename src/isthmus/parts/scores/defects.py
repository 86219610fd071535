"""Where images are defective: maps of several scores joined, each over its level on normal images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import lcm

import torch
from torch import Tensor, nn
from torch.nn import functional

from isthmus.core.interfaces import Features
from isthmus.core.model import Model
from isthmus.core.part import arguments, lookup, part
from isthmus.core.records import Output
from isthmus.core.terms import Score
from isthmus.parts.layers import blurred
from isthmus.parts.scores.joined import check_weights
from isthmus.parts.scores.patches import Patches
from isthmus.parts.scores.peaks import Peak
from isthmus.parts.scores.sides import Repair, Values
from isthmus.parts.scores.surprisal import Surprisal
from isthmus.support.allocator import return_freed
from isthmus.support.errors import InputError

GRID = 16
"""Cells along each side of images, in which levels by position are learnt."""
SPREAD = 1.0
"""Standard deviation of the Gaussian that smooths them, in cells."""
ABSOLUTE, RELATIVE = 2.0, 1.0
"""The weight of values, and where images were brought to even light: there they say what patches say."""
AUTO, CHOSEN = "auto", ("pixels", "lite0")
"""What stands for features that are chosen, and which these are: the first always."""
RARE = 1e-2
"""The fraction of normal pixels beyond which surprisals are those of an exponential tail."""
SAMPLE = 2**20
"""Pixels from which surprisals are learnt, about."""
LARGE = 2**19
"""Pixels from which memory counts more than time."""
PIECE = 2**14
"""Pixels whose surprisals are computed at a time: they stay near the processor."""
TINY = 1e-6


@part("score/defects")
class Defects(Peak):
    """The maximum of the sum of the surprisals of several maps: what the model repairs, values, and patches.

    The surprisal of a pixel is minus the logarithm of how rare such a value of the map is in normal images, by maps of
    images on which the score was not fitted: each half of them is scored by the other half. The sum is that of Fisher
    (1925), with weights: no map needs a unit, and one in which everything is usual adds nothing. Where normal images
    are unlike, such as at the border of parts, the sum is divided by its mean at that position, in 16 x 16 cells,
    half-way.

    Parameters
    ----------
    features : "auto", {"pixels", "lite0"}, sequence of them, or Features, default "auto"
        What patches are looked at by; several are looked at apart. ``"auto"``: pixels, and lite0 if the extra
        ``features`` is installed and takes the images: grey or in colour, 16 x 16 pixels or more.
    position : bool, default True
        Whether it counts where in the image a pixel is.
    scores : sequence of Score, default ()
        Maps of your own to join; empty: repair, values and patches.
    weights : sequence of float, default ()
        One for each of `scores`; empty: 1 for each. Of the default scores values have 2, or 1 in even light, and
        patches 1 for each of the features: lite0 has three times as much of it as pixels.
    evened : bool, default False
        Whether the images were brought to even light: values then say what patches say. A detector sets it.
    """

    elements = elements_of_contributions = 2**20
    where: Tensor

    def __init__(
        self,
        features: str | Features | Sequence[str | Features] = AUTO,
        position: bool = True,
        scores: Sequence[Score] = (),
        weights: Sequence[float] = (),
        evened: bool = False,
    ) -> None:
        super().__init__()
        scores, weights = tuple(scores), tuple(weights)
        self.chooses = features == AUTO and not scores
        if not (scores or weights):
            patches = [Patches(one) for one in available(features)]
            scores = (Repair(), Values(), *patches)
            weights = (1.0, RELATIVE if evened else ABSOLUTE, *counts([one.features for one in patches]))
        weights = weights or (1.0,) * len(scores)
        self._check(scores, weights)
        self.scores, self.position, self.weights = nn.ModuleList(scores), position, weights
        self.grid, self.smallest = lcm(*(score.grid for score in scores)), max(score.smallest for score in scores)
        self.keeps_rows = any(score.keeps_rows for score in scores)
        self.needs_model = any(score.needs_model for score in scores)
        self.kept_rows = sum(score.kept_rows for score in scores)
        self.surprisal = Surprisal(len(scores), RARE)
        self.register_buffer("where", torch.ones(1, 1, GRID, GRID))

    @staticmethod
    def _check(scores: Sequence[Score], weights: Sequence[float]) -> None:
        without = [type(score).__name__ for score in scores if not (score.has_map and score.any_size)]
        if without:
            raise InputError(f"the score 'defects' joins maps, but {', '.join(without)} has none")
        check_weights("defects", weights, len(scores))

    def initialize(self) -> None:
        """Fetch what each score looks through."""
        for score in self._each():
            score.initialize()

    def fit(self, outputs: Iterable[Output], model: Model) -> Defects:
        """Return a copy of fitted scores that knows their levels, everywhere and at each position."""
        images = [output[i : i + 1] for output in self.images_of(outputs) for i in range(len(output.batch))]
        if self.chooses:
            return self._for_images([output.batch.x for output in images]).fit(images, model)
        images = [images[i] for i in torch.randperm(len(images)).tolist()]
        halves = [images[::2], images[1::2]] if len(images) > 1 else [images, images]
        maps: list[list[Tensor]] = []
        for one, other in (halves, halves[::-1]):
            fitted = [score.fit(one, model).eval() for score in self._each()]
            maps += [[score.map(output, model) for score in fitted] for output in other]
        joined = self._of([score.fit(images, model).eval() for score in self._each()], self.weights)
        every = max(1, sum(row[0].numel() for row in maps) // SAMPLE)
        pixels = [torch.stack([one.flatten() for one in row], 1)[::every] for row in maps]
        joined.surprisal.learn(torch.cat(pixels).sqrt())
        if self.position:
            joined.where.copy_(by_position([joined._joined(row) for row in maps]))
        return joined

    def reach_with(self, model: int | None) -> int | None:
        """Return the farthest that any of the maps looks."""
        reaches = [score.reach_with(model) for score in self._each()]
        known = [reach for reach in reaches if reach is not None]
        return max(known) if len(known) == len(reaches) else None

    def map(self, output: Output, model: Model) -> Tensor:
        """Return the joined map, of shape (batch, 1, height, width), before positions count."""
        return self._joined([self._apart(score, output, model) for score in self._each()])

    @staticmethod
    def _apart(score: Score, output: Output, model: Model) -> Tensor:
        """Return one of the maps; what a large image took for it is free before the next."""
        made = score.map(output, model)
        if not torch.compiler.is_exporting() and made.numel() > LARGE:
            return_freed()
        return made

    def _joined(self, maps: Sequence[Tensor]) -> Tensor:
        roots = torch.cat(list(maps), 1).sqrt().movedim(1, 0).flatten(1)
        weights = roots.new_tensor(self.weights)
        pieces = (roots,) if torch.compiler.is_exporting() else torch.split(roots, PIECE, 1)
        joined = [weights @ self.surprisal.of_columns(piece.contiguous()) for piece in pieces]
        return torch.cat(joined).view_as(maps[0])

    def placed(self, heat: Tensor) -> Tensor:
        """Return the joined map of whole images, divided by the levels of its positions."""
        if not self.position:
            return heat
        levels = functional.interpolate(self.where, size=heat.shape[-2:], mode="bilinear", align_corners=False)
        return heat / levels[0]

    def for_evened(self) -> Defects:
        """Return an unfitted copy for images in even light."""
        return Defects(**{**arguments(self), "evened": True})

    def without_rows(self) -> Defects | None:
        """Return a copy of those scores that hold no rows."""
        kept = [pair for pair in zip(self._each(), self.weights, strict=True) if not pair[0].keeps_rows]
        return self._of(*zip(*kept, strict=True)) if kept else None

    def _of(self, scores: Sequence[Score], weights: Sequence[float]) -> Defects:
        """Return a joint of other scores."""
        return Defects((), self.position, scores, weights)

    def _for_images(self, images: Sequence[Tensor]) -> Defects:
        """Return a copy that looks at patches by those features that take the images."""
        first, *others = available(AUTO)
        suited = [name for name in others if all(_class(name).takes(x) for x in images)]
        return Defects(**{**arguments(self), "features": (first, *suited)})

    def _each(self) -> list[Score]:
        return list(self.scores)  # type: ignore[arg-type]  # they are scores


def available(features: str | Features | Sequence[str | Features]) -> list[str | Features]:
    """Return features as a list; ``"auto"``: those that can be fetched."""
    if features == AUTO:
        return [name for name in CHOSEN if _class(name).available()]
    return [features] if isinstance(features, (str, Features)) else list(features)


def _class(name: str | Features) -> type[Features]:
    made: type[Features] = lookup(f"features/{name}")
    return made


def counts(features: Sequence[Features]) -> list[float]:
    """Return the weight of each of the features: 1 on average.

    Examples
    --------
    >>> from isthmus.parts.features.pixels import Pixels
    >>> counts([Pixels()])
    [1.0]
    """
    total = sum(one.counts for one in features)
    return [len(features) * one.counts / total for one in features]


def by_position(maps: Sequence[Tensor]) -> Tensor:
    """Return the mean of maps in each of 16 x 16 cells over that of all, smoothed, half-way between it and 1."""
    cells = torch.stack([functional.adaptive_avg_pool2d(one, GRID) for one in maps]).mean((0, 1), keepdim=False)
    smooth = blurred(cells[None] if cells.ndim == 3 else cells, SPREAD)
    return (smooth / smooth.mean().clamp_min(TINY) + 1) / 2
