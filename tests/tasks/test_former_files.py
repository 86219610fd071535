"""Files of former versions: detectors and an imputer that were saved once and never written again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import isthmus

FILES = Path(__file__).parents[1] / "files" / "tasks"


def rows(known):
    X = known["X"]
    return pd.DataFrame(X, columns=list("abc")).assign(kind=known["kind"]) if "kind" in known else X


@pytest.mark.parametrize("name", ["detector-v1", "detector-groups-v1", "detector-signal-v1"])
def test_a_detector_gives_what_it_gave(name):
    known = np.load(FILES / f"{name}.npz")
    detector, X = isthmus.load(FILES / f"{name}.safetensors"), rows(known)
    np.testing.assert_allclose(detector.anomaly_score(X), known["score"], rtol=1e-4)
    np.testing.assert_allclose(detector.p_values(X), known["p_value"])
    np.testing.assert_allclose(np.asarray(detector.explain(X)), known["explained"], rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(detector.predict(X), known["predicted"])
    assert detector.threshold_ == known["threshold"]


def test_former_words_are_read_as_those_of_today():
    detector = isthmus.load(FILES / "detector-v1.safetensors")
    assert (
        detector.score_.fraction == 0.1 and detector.autoencoder_.objective_.penalties["contraction"].fraction == 0.25
    )
    groups = isthmus.load(FILES / "detector-groups-v1.safetensors")
    assert groups.calibration_["method"] == "recalibrated" and set(groups.thresholds_) == {"up", "down"}


def test_an_imputer_gives_what_it_gave():
    known = np.load(FILES / "imputer-v1.npz")
    imputer = isthmus.load(FILES / "imputer-v1.safetensors").set_params(random_state=0)
    first, second = imputer.transform(known["X"])
    np.testing.assert_allclose(first, known["first"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(second, known["second"], rtol=1e-4, atol=1e-5)
