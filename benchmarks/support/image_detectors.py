"""Detectors of faulty pictures, isthmus's and anomalib's, each with its defaults: trained and measured in one way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.support.defects import Photos
from isthmus.tasks.evaluation.localisation import Localisation

FEATURES = {"isthmus": ("pixels",), "isthmus, lite0": ("pixels", "lite0")}
"""Ours, and the features that each looks at: without a pretrained network, and with one."""
LIBRARY = "anomalib"


class Ours:
    """A detector of isthmus that reads files."""

    def __init__(self, name: str, seed: int, **settings: Any) -> None:
        from isthmus import AnomalyDetector
        from isthmus.core.part import lookup
        from isthmus.parts.catalogue import load_all

        load_all()
        scorer = lookup("score/defects")(features=FEATURES[name])
        self.detector = AnomalyDetector(scorer=scorer, random_state=seed, **settings)

    def fit(self, paths: Sequence[Path]) -> Ours:
        """Train with good pictures; what they are of is what the command line takes from their names."""
        from isthmus.data.images.unit_names import units_of

        self.detector.fit(read(paths), units=units_of([path.name for path in paths]))
        return self

    def scores(self, paths: Sequence[Path]) -> Iterator[tuple[float, np.ndarray]]:
        """Yield how abnormal each picture is, and its heat map in the size of the file."""
        X = read(paths)
        return zip(self.detector.anomaly_score(X).tolist(), self.detector.heat_map(X), strict=True)

    def flagged(self, paths: Sequence[Path], rate: float) -> int:
        """Return how many pictures are flagged where that rate of false alarms is asked for."""
        return int((self.detector.set_threshold(false_alarm_rate=rate).predict(read(paths)) == -1).sum())


def read(paths: Sequence[Path]) -> Any:
    """Return the pictures of some files, as the command line reads them."""
    from isthmus.data.io import files

    dataset = files.read_images([str(path) for path in paths])
    assert dataset is not None  # they are files of images
    return dataset.X


def theirs(name: str, seed: int) -> Any:
    from benchmarks.support.anomalib_peers import Peer

    return Peer(name, seed)


def measures(detector: Any, photos: Photos) -> dict[str, float]:
    """Train a detector, and measure its numbers and its heat maps on the test."""
    detector.fit(photos.train)
    scores, pixels = [], Localisation()
    for (score, heat), mask in zip(detector.scores(photos.test), photos.masks, strict=True):
        scores.append(score)
        pixels.add(heat, mask)
    return {"image_auroc": float(roc_auc_score(photos.faulty, scores)), **pixels.metrics()}
