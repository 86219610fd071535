"""Names that scikit-learn and PyOD have for what a detector has, and errors where these collide."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from isthmus import AnomalyDetector, Autoencoder, load
from isthmus.data.io.files import read

RNG = np.random.default_rng(0)
MIX = RNG.normal(size=(2, 6))


def rows(n):
    X = RNG.normal(size=(n, 2)) @ MIX + 0.1 * RNG.normal(size=(n, 6))
    X[::20] += RNG.normal(size=(len(X[::20]), 6))
    return X


def detector(**how):
    return AnomalyDetector(Autoencoder(latent_dim=2, epochs=2, verbose=False), random_state=0, **how)


@pytest.fixture(scope="module")
def X():
    return rows(400)


@pytest.fixture(scope="module")
def fitted(X):
    return detector(contamination=0.05).fit(X)


def test_names_of_pyod(fitted, X):
    np.testing.assert_allclose(fitted.decision_scores_, fitted.anomaly_score(X), rtol=1e-6)
    np.testing.assert_array_equal(fitted.labels_, (fitted.decision_scores_ > fitted.threshold_).astype(int))
    assert fitted.labels_.sum() == 20


def test_names_of_scikit_learn(fitted, X):
    np.testing.assert_array_equal(fitted.predict(X), np.where(fitted.labels_, -1, 1))
    np.testing.assert_array_equal(fitted.score_samples(X) - fitted.offset_, fitted.decision_function(X))
    np.testing.assert_array_equal(detector(contamination=0.05).fit_predict(X), fitted.predict(X))


def test_labels_follow_the_threshold_and_the_file(fitted, tmp_path):
    fitted.save(tmp_path / "detector.safetensors")
    again = load(tmp_path / "detector.safetensors")
    np.testing.assert_array_equal(again.labels_, fitted.labels_)
    assert again.set_threshold(contamination=0.1).labels_.sum() == 40


def test_labels_of_groups(X):
    frame = pd.DataFrame(X, columns=list("abcdef")).assign(kind=np.resize(["x", "y"], len(X)))
    fitted = detector(contamination=0.05, groups="kind").fit(frame)
    np.testing.assert_array_equal(fitted.labels_ == 1, fitted.predict(frame) == -1)


WITHOUT = {
    "predict_proba": "p_values",
    "predict_confidence": "p_values",
    "negative_outlier_factor_": "decision_scores_",
}


@pytest.mark.parametrize("name", WITHOUT)
def test_what_would_mislead_is_an_error_that_names_ours(fitted, name):
    assert not hasattr(fitted, name)
    with pytest.raises(AttributeError, match=WITHOUT[name]):
        getattr(fitted, name)


def test_scores_of_a_sample_are_not_called_those_of_all_rows(X, tmp_path):
    pd.DataFrame(X, columns=list("abcdef")).to_parquet(tmp_path / "rows.parquet")
    fitted = detector().fit(read(tmp_path / "rows.parquet", budget=0).X)
    with pytest.raises(AttributeError, match="a sample of .* anomaly_score"):
        fitted.labels_  # noqa: B018


@pytest.mark.parametrize("name", ["labels_", "decision_scores_"])
def test_an_unfitted_detector_says_so(name):
    with pytest.raises(NotFittedError):
        getattr(detector(), name)
