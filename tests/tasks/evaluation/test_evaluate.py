"""Evaluation: what is measured of models and of detectors."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import isthmus
from isthmus import AnomalyDetector, Autoencoder, InputError
from isthmus.data.sources.parquet import ParquetStream

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 2)) @ RNG.normal(size=(2, 5)) + 0.1 * RNG.normal(size=(300, 5))
Y = np.where(X[:, 0] > 0, "up", "down")


@pytest.fixture(scope="module")
def linear():
    return Autoencoder("linear", latent_dim=2, epochs=20, random_state=0, verbose=False).fit(X)


def test_the_figures_are_what_the_methods_give(linear):
    figures = isthmus.evaluate(linear, X, Y)
    assert figures["rows"] == 300 and figures["units"] == figures["active"] == 2
    assert figures["mse"] == pytest.approx(((linear.reconstruct(X) - X) ** 2).mean())
    explained = 1 - ((linear.reconstruct(X) - X) ** 2).sum(0) / ((X - X.mean(0)) ** 2).sum(0)
    assert figures["explained"] == pytest.approx(explained.mean())
    assert figures["error"]["median"] == pytest.approx(np.median(linear.reconstruction_error(X)))
    assert figures["probe"] > 0.9 and figures["rows_per_second"] > 0 and "elbo" not in figures


def test_columns_that_have_no_error_are_listed():
    frame = pd.DataFrame(X[:80, :2], columns=["a", "b"]).assign(day=pd.date_range("2024-01-01", periods=80))
    figures = isthmus.evaluate(Autoencoder(latent_dim=2, epochs=1, verbose=False).fit(frame), frame)
    assert [column["column"] for column in figures["columns"]] == ["a", "b"] and figures["unmeasured"] == ["day"]


def test_a_stream_is_measured_piece_by_piece_as_a_whole(linear, tmp_path):
    frame = pd.DataFrame(X, columns=list("abcde"))
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=70)
    model = Autoencoder("linear", latent_dim=2, epochs=2, random_state=0, verbose=False).fit(frame)
    whole, streamed = (isthmus.evaluate(model, rows) for rows in (frame, ParquetStream(tmp_path / "x.parquet")))
    assert [column["column"] for column in whole["columns"]] == list("abcde")
    for a, b in zip(whole["columns"], streamed["columns"], strict=True):
        assert a["rmse"] == pytest.approx(b["rmse"], rel=1e-4)
    assert streamed["error"]["mean"] == pytest.approx(whole["error"]["mean"], rel=1e-4)


def test_variational_models_have_a_bound():
    model = Autoencoder("variational", latent_dim=2, epochs=2, random_state=0, verbose=False).fit(X)
    assert isthmus.evaluate(model, X)["elbo"] == pytest.approx(model.score_samples(X).mean())


@pytest.fixture(scope="module")
def detector():
    model = Autoencoder("denoising", 2, epochs=5, batch_size=64, verbose=False)
    return AnomalyDetector(model, false_alarm_rate=0.1, random_state=0).fit(X)


def test_a_detector_is_measured_by_labels(detector):
    rows = np.r_[X[:100], RNG.normal(size=(20, 5)) * 3]
    y = np.r_[np.zeros(100), np.ones(20)]
    metrics, flagged = detector.evaluate(rows, y), detector.predict(rows) < 0
    assert metrics["auroc"] == pytest.approx(roc_auc_score(y, detector.anomaly_score(rows))) and metrics["auroc"] > 0.9
    assert metrics["recall"] == flagged[100:].mean() and metrics["false_alarm_rate"] == flagged[:100].mean()
    assert metrics["precision"] == flagged[100:].sum() / flagged.sum()
    assert (metrics["rows"], metrics["abnormal"]) == (120, 20)


def test_labels_that_do_not_fit_are_refused(detector):
    with pytest.raises(InputError, match="3 labels, but there are 300 rows"):
        detector.evaluate(X, [0, 1, 0])
    with pytest.raises(InputError, match="all rows alike"):
        detector.evaluate(X, np.zeros(300))


def test_what_is_no_autoencoder_is_refused(detector):
    with pytest.raises(InputError, match=r"not AnomalyDetector: give its autoencoder_.*evaluate\(X, y\)"):
        isthmus.evaluate(detector, X)
