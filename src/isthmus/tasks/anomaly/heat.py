"""Heat: how abnormal each pixel of images is, relative to the threshold, and the regions above it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from isthmus.core.data import Data, Rows
from isthmus.core.graphs import HeatMap
from isthmus.core.part import kind_and_name, lookup, names
from isthmus.core.terms import Score
from isthmus.data.sources.in_memory import pieces
from isthmus.data.tables.rows import joined
from isthmus.estimators.inference import in_order
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError
from isthmus.tasks.anomaly.checks import check_data, check_scores
from isthmus.tasks.anomaly.results import Rule, ScoredRows
from isthmus.tasks.evaluation.localisation import regions_of


@dataclass(frozen=True)
class Region:
    """Pixels above the threshold that touch each other.

    Attributes
    ----------
    image : int
        The index of the image among the rows.
    x, y : int
        Its left column and its top row, in pixels of the image.
    width, height : int
        The sides of the box around it.
    area : int
        Its pixels.
    peak : float
        The highest heat in it: more than 1, the threshold.
    """

    image: int
    x: int
    y: int
    width: int
    height: int
    area: int
    peak: float


def heat_map(rule: Rule, X: Rows) -> Rows:
    """Return how abnormal each pixel is, 1 is the threshold: float32 (n, height, width), or a list of (height, width).

    Parameters
    ----------
    rule : Rule
    X : images

    Raises
    ------
    InputError
        The rows are no images, the score has no map, or a threshold is not positive.
    """
    check_heat(rule.data, rule.scorer.score, "heat_map")
    return joined([_of_piece(rule, piece)[1] for piece in pieces(X)])


def heat_maps(rule: Rule, X: Rows, what: str = "heat_map") -> Iterator[np.ndarray]:
    """Yield what `heat_map` returns, image by image, in bounded memory; `what` is what was asked for."""
    check_heat(rule.data, rule.scorer.score, what)
    return (heat for piece in pieces(X) for heat in _of_piece(rule, piece)[1])


def score_images(rule: Rule, X: Rows, what: str = "score_images") -> ScoredRows:
    """Return what `Rule.score_rows` returns, and ``"heat"``: in one pass where the score is the peak of that."""
    return together(scored_pieces(rule, X, what))


def scored_pieces(rule: Rule, X: Rows, what: str) -> Iterator[ScoredRows]:
    """Yield what `score_images` returns, piece by piece of a stream."""
    check_heat(rule.data, rule.scorer.score, what)
    return (_scored(rule, piece) for piece in pieces(X))


def together(parts: Iterable[ScoredRows]) -> ScoredRows:
    """Return the columns of pieces as those of all rows."""
    parts = list(parts)
    return {name: joined([part[name] for part in parts]) for name in parts[0]}


def regions(maps: Iterable[np.ndarray]) -> list[Region]:
    """Return the regions above 1 of heat maps, sorted by image and then by their peak, the highest first.

    Parameters
    ----------
    maps : iterable of ndarray of shape (height, width)

    Examples
    --------
    >>> heat = np.zeros((4, 6))
    >>> heat[0, 0], heat[1, 1], heat[3, 4:] = 2.0, 1.5, 3.0
    >>> [(one.x, one.y, one.width, one.height, one.area, one.peak) for one in regions([heat])]
    [(4, 3, 2, 1, 2, 3.0), (0, 0, 2, 2, 2, 2.0)]
    """
    return [region for image, heat in enumerate(maps) for region in _regions_of(image, np.asarray(heat))]


def has_heat(data: Data, score: Score) -> bool:
    """Tell whether a detector says how abnormal each pixel is: rows are images, and the score has a map of them."""
    return data.pictorial and score.has_heat


def check_heat(data: Data, score: Score, what: str) -> None:
    """Raise an error for a detector that says nothing of pixels; `what` is what was asked for.

    Raises
    ------
    InputError
        The rows are no images, or the score has no map.
    """
    check_pictorial(data, what)
    if not score.has_heat:
        raise InputError(
            f"the score {kind_and_name(score)[1]!r} looks at whole images and has no map of their pixels, which {what} "
            f"needs: train with a scorer that has one: {', '.join(_mapping())}"
        )


def check_pictorial(data: Data, what: str) -> None:
    """Raise an error for data other than images.

    Raises
    ------
    InputError
        They are others.
    """
    if not data.pictorial:
        raise InputError(
            f"{what} is of images, but the training had {'rows' if data.windowed is None else 'a signal'}: "
            "explain(X) says what contributes to each score, and intervals(X) where in a signal it is"
        )


def check_scorer(scorer: str, what: str) -> None:
    """Raise an error for a scorer without a map, before anything is trained; ``"auto"`` depends on the data.

    Raises
    ------
    InputError
        It has none.
    """
    load_all()
    if scorer in names("score") and scorer not in _mapping():
        raise InputError(
            f"the scorer {scorer!r} has no map of pixels, which {what} needs: {', '.join(_mapping())} have"
        )


def _mapping() -> list[str]:
    """Return the names of the scores with a map."""
    return [name for name in names("score") if lookup(f"score/{name}")().has_heat]


def _scored(rule: Rule, X: Rows) -> ScoredRows:
    """Return the scores of images in memory, and their heat maps."""
    score, maps = _of_piece(rule, X)
    return {**rule.of_scores(rule.scorer.scores(X) if score is None else score, X), "heat": maps}


def _of_piece(rule: Rule, X: Rows) -> tuple[np.ndarray | None, Rows]:
    """Return the scores of images in memory, if they are the peaks of heat maps, and these."""
    scorer, scores, answers = rule.scorer, [], []
    limits = np.broadcast_to(_below(rule.limits(X)), len(X))
    graph = scorer.graph(HeatMap)
    for group in scorer.autoencoder.groups(X):
        check_data(scorer.data, group.columns)
        threshold = torch.from_numpy(limits.copy() if group.index is None else limits[group.index.numpy()])
        located = scorer.autoencoder.run_columns(graph, {**group.columns, "threshold": threshold})
        answers.append((group.index, _arrays(scorer.data.in_own_size(located["heat"], group.rows))))
        if "score" in located:
            check_scores(located["score"])
            scores.append((group.index, located["score"].double().numpy()))
    return (in_order(scores) if scores else None), in_order(answers)


def _below(limits: float | np.ndarray) -> np.ndarray:
    """Return thresholds in single precision, never above what they are: the same scores are above them.

    Raises
    ------
    InputError
        One is not positive.
    """
    exact = np.asarray(limits, dtype=np.float64)
    if not (exact > 0).all():
        raise InputError(
            f"the threshold is {exact.min():g}, but a map can be relative to a positive one only: choose it by "
            "set_threshold(value=...), or another scorer"
        )
    single = exact.astype(np.float32)
    return np.where(single > exact, np.nextafter(single, np.float32(0)), single)


def _arrays(maps: Tensor | list[Tensor]) -> np.ndarray | list[np.ndarray]:
    return [one.numpy() for one in maps] if isinstance(maps, list) else maps.numpy()


def _regions_of(image: int, heat: np.ndarray) -> list[Region]:
    labels, count = regions_of(heat > 1)
    above = np.flatnonzero(labels)  # as a rule few
    numbers, peaks = labels.ravel()[above] - 1, np.zeros(count)
    np.maximum.at(peaks, numbers, heat.ravel()[above])
    areas, boxes = np.bincount(numbers, minlength=count), ndimage.find_objects(labels)
    made = [
        Region(image, left.start, top.start, left.stop - left.start, top.stop - top.start, int(area), float(peak))
        for (top, left), area, peak in zip(boxes, areas, peaks, strict=True)
    ]
    return sorted(made, key=lambda region: (-region.peak, region.y, region.x))
