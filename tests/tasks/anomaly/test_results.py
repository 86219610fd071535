"""Results: one table of scores, with or without groups, and the columns that contribute most."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import pytest

from isthmus import AnomalyDetector, Autoencoder, InputError, Signals
from isthmus.data.sources.parquet import ParquetStream
from isthmus.tasks.anomaly.calibration import Calibration
from isthmus.tasks.anomaly.results import Rule, top_contributors
from isthmus.tasks.anomaly.thresholds import Thresholds

SCORES = ["score", "p_value", "flagged"]


def frame(n=300):
    draw = np.random.default_rng(0)
    return pd.DataFrame(draw.normal(size=(n, 3)), columns=list("abc")).assign(kind=draw.choice(["p", "q"], n))


def fitted(**settings):
    return AnomalyDetector(
        Autoencoder("denoising", 2, epochs=3, batch_size=64, verbose=False), random_state=0, **settings
    )


@pytest.fixture(scope="module")
def detector():
    return fitted(false_alarm_rate=0.1).fit(frame()[:200])


@pytest.mark.parametrize("groups", [None, "kind"])
def test_the_table_is_what_the_methods_give(groups):
    X = frame()
    made = fitted(false_alarm_rate=0.1, groups=groups).fit(X[:200])
    scored = made.score_rows(X)
    assert list(scored) == SCORES
    np.testing.assert_array_equal(scored["score"], made.anomaly_score(X))
    np.testing.assert_array_equal(scored["p_value"], made.p_values(X))
    np.testing.assert_array_equal(scored["flagged"], made.predict(X) == -1)
    assert scored["flagged"].any() and not scored["flagged"].all()


def test_a_row_without_a_score_has_no_p_value_and_no_alarm():
    @dataclass
    class Silent:
        def scores(self, X):
            return np.array([np.nan, 2.0])

    calibration = Calibration("split", np.array([0.5, 1.0]))
    scored = Rule(Silent(), Thresholds(calibration, calibration).at(1.0), None).score_rows(None)
    assert np.isnan(scored["p_value"][0]) and scored["p_value"][1] == pytest.approx(1 / 3)
    assert scored["flagged"].tolist() == [False, True]


def test_nothing_contributes_where_nothing_is_unusual():
    top = top_contributors([[0.0, -1.0], [np.nan, 2.0]], ["a", "b"], count=3)
    assert list(top) == ["contributor_1", "contribution_1", "contributor_2", "contribution_2"]
    assert top["contribution_1"].tolist() == [0.0, 1.0] and top["contributor_1"][1] == "b"


@pytest.mark.parametrize("library", [pd, pl])
def test_detect_gives_a_frame_for_a_frame(detector, library):
    X = frame(20)
    X.loc[3, "b"] = 40.0
    rows = X.set_index(pd.Index(range(100, 120))) if library is pd else pl.DataFrame(X.to_dict("list"))
    table = detector.detect(rows, explain=True, contributors=2)
    assert isinstance(table, library.DataFrame)
    named = ["contributor", "contribution", "value", "expected"]
    assert list(table.columns) == [*SCORES, *(f"{name}_{rank}" for rank in (1, 2) for name in named)]
    assert table["contributor_1"].to_list()[3] == "b" and table["flagged"].to_list()[3]
    if library is pd:
        assert table.index.tolist() == list(range(100, 120))
    else:
        np.testing.assert_allclose(table["score"].to_numpy(), detector.anomaly_score(X))


def test_detect_gives_columns_for_arrays_and_streams(detector, tmp_path):
    X = frame(50)
    X.to_parquet(tmp_path / "x.parquet", row_group_size=20)
    table = detector.detect(ParquetStream(tmp_path / "x.parquet"), explain=True)
    whole = detector.detect(X, explain=True)
    assert list(table) == list(whole.columns)
    np.testing.assert_allclose(table["score"], whole["score"], rtol=1e-4)
    assert table["contributor_1"].tolist() == whole["contributor_1"].tolist()


def test_detect_scores_the_time_steps_of_a_signal():
    wave = np.sin(np.arange(300) / 5)
    made = AnomalyDetector(
        Autoencoder("denoising", 2, data=Signals(8), epochs=1, verbose=False), false_alarm_rate=0.1, random_state=0
    ).fit(wave)
    table = made.detect(wave[:50], explain=True)
    assert len(table["score"]) == 50 and set(table["contributor_1"]) == {"x0"}
    result = made.score_time_steps(wave[:50])
    assert result.names == ["x0"] and result.columns["row"].tolist() == list(range(50))
    np.testing.assert_array_equal(result.columns["score"], table["score"])


def test_images_have_no_columns_that_could_be_named():
    X = np.random.default_rng(0).random((60, 5, 5)).astype(np.float32)
    made = AnomalyDetector(Autoencoder(latent_dim=2, epochs=1, verbose=False), contamination=0.1, random_state=0).fit(X)
    assert list(made.detect(X)) == SCORES
    with pytest.raises(InputError, match="use explain"):
        made.detect(X, explain=True)
    assert made.detect_file(X).worst[0]["contributors"] == []


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_file_is_scored_piece_by_piece_into_another(detector, tmp_path, suffix):
    X = frame(120).assign(number=np.arange(120), state=["bad"] + ["good"] * 119)
    X.loc[0, "a"] = 30.0
    path = tmp_path / f"x{suffix}"
    X.to_parquet(path, row_group_size=50) if suffix == ".parquet" else X.to_csv(path, index=False)
    seen = []
    summary = detector.detect_file(
        path, tmp_path / "scores.parquet", kept_columns=["number", "state"], label="state", explain=True,
        keep_scores=True, progress=seen.append,
    )  # fmt: skip
    table = pd.read_parquet(tmp_path / "scores.parquet")
    assert list(table.columns)[:6] == ["row", "number", "state", *SCORES]
    np.testing.assert_allclose(table.score, detector.anomaly_score(X[[*list("abc"), "kind"]]), rtol=1e-4)
    assert summary.rows == sum(seen) == 120 and summary.flagged == table.flagged.sum()
    assert summary.of_label == {"bad": 1, "good": 119} and summary.flagged_of_label["bad"] == 1
    worst = summary.worst[0]
    first = worst["contributors"][0]
    assert worst["row"] == 0 and (first["column"], first["value"]) == ("a", 30.0)
    assert first["contribution"] == pytest.approx(table.contribution_1[0], abs=1e-3)
    assert first["text"] == f"a = 30, expected {table.expected_1[0]}" and first["probability"] is None
    assert sum(map(len, summary.scores["good"])) == 119
    part = detector.detect_file(path, kept_columns=["number", "state"], rows=slice(30, 60))
    assert part.rows == 30 and all(30 <= row["row"] < 60 for row in part.worst)
