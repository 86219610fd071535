"""``isthmus detect``: tables and signals in, scores out, in memory and streamed."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from isthmus import AnomalyDetector
from isthmus.data.io import csv_stream

ODD = [7, 40]


def tables(rows, seed):
    draw = np.random.default_rng(seed)
    hidden = draw.normal(size=(rows, 1))
    frame = pd.DataFrame(hidden @ [[1.0, 2.0, -1.0]] + 0.1 * draw.normal(size=(rows, 3)), columns=["a", "b", "c"])
    frame["kind"] = np.where(hidden[:, 0] > 0, "high", "low")
    frame.insert(0, "number", np.arange(1000, 1000 + rows))
    frame["state"] = "good"
    return frame


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with normal rows, new rows of which two are odd, and a signal with a burst."""
    folder = tmp_path_factory.mktemp("detect")
    tables(400, 0).to_csv(folder / "normal.csv", index=False)
    new = tables(120, 1)
    new.loc[ODD, "b"], new.loc[ODD, "state"] = [40.0, -30.0], "bad"
    new.to_csv(folder / "new.csv", index=False)
    new.to_parquet(folder / "new.parquet", index=False, row_group_size=50)
    draw = np.random.default_rng(2)
    signal = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=600, freq="1min")})
    signal["flow"] = np.sin(np.arange(600) / 5) + 0.05 * draw.normal(size=600)
    signal["heat"] = np.cos(np.arange(600) / 5) + 0.05 * draw.normal(size=600)
    signal["wrong"] = 0
    signal.loc[450:459, ["heat", "wrong"]] = [9.0, 1]
    signal.to_csv(folder / "signal.csv", index=False)
    return folder


KNOWN = ["--label", "state", "--keep", "number"]


@pytest.fixture(scope="module")
def detector(isthmus, work):
    done = isthmus(
        "detect", work / "new.csv", "--train", work / "normal.csv", *KNOWN, "-o", work / "scores.csv", "--explain",
        "--plot", "--save", work / "detector.safetensors", "--false-alarm-rate", 0.02,
    )  # fmt: skip
    return done, work / "detector.safetensors"


def test_odd_rows_are_flagged_and_contributors_are_named(work, detector):
    done, path = detector
    found = pd.read_csv(work / "scores.csv")
    assert set(found.row[found.score.nlargest(2).index]) == set(ODD)
    assert found.flagged[ODD].all() and found.flagged.mean() < 0.1
    X = pd.read_csv(work / "new.csv").drop(columns=["number", "state"])
    contributions = AnomalyDetector.load(path).explain(X)
    assert (found.contributor_1 == contributions.idxmax(axis=1)).mean() > 0.99
    np.testing.assert_allclose(found.contribution_1, contributions.max(axis=1) / contributions.sum(axis=1), atol=1e-3)
    assert found.p_value[ODD].max() == found.p_value.min()
    assert (found.number == found.row + 1000).all() and list(found.state[ODD]) == ["bad", "bad"]
    assert f"{found.contributor_1[40]} = " in done.out and f"({found.contribution_1[40]:.0%})" in done.out
    bad = next(line for line in done.out.splitlines() if line.startswith("bad"))
    assert bad.split() == ["bad", "2", "2", "100.0%"]


def test_the_scores_are_those_of_the_detector(work, detector):
    model = AnomalyDetector.load(detector[1])
    X = pd.read_csv(work / "new.csv").drop(columns=["number", "state"])
    found = pd.read_csv(work / "scores.csv")
    np.testing.assert_allclose(found.score, model.anomaly_score(X), rtol=1e-5)
    np.testing.assert_array_equal(found.flagged, model.predict(X) < 0)
    np.testing.assert_allclose(found.p_value, model.p_values(X), rtol=1e-6)


@pytest.mark.parametrize("data", ["new.csv", "new.parquet"])
@pytest.mark.parametrize("output", ["s.csv", "s.parquet", "s.feather"])
def test_files_are_scored_piece_by_piece_as_a_whole(isthmus, work, detector, tmp_path, monkeypatch, data, output):
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", 50)
    isthmus("detect", work / data, "--model", detector[1], *KNOWN, "-o", tmp_path / output)
    read = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".feather": pd.read_feather}[(tmp_path / output).suffix]
    found, whole = read(tmp_path / output), pd.read_csv(work / "scores.csv")
    np.testing.assert_array_equal(found.row, np.arange(120))
    np.testing.assert_allclose(found.score, whole.score, rtol=1e-5)
    assert found.flagged.dtype == bool and found.number.dtype == int
    assert list(found.columns) == ["row", "number", "state", "score", "p_value", "flagged"]


def test_types_of_the_output(isthmus, work, detector, tmp_path):
    isthmus("detect", work / "new.parquet", "--model", detector[1], *KNOWN, "--explain", "-o", tmp_path / "s.parquet")
    schema = pq.read_schema(tmp_path / "s.parquet")
    types = {name: str(schema.field(name).type) for name in schema.names}
    assert types["row"] == types["number"] == "int64" and types["flagged"] == "bool"
    assert types["contributor_1"] == "string" and types["score"] == types["contribution_1"] == "double"


def test_words_that_look_like_numbers_in_a_piece_are_words(isthmus, tmp_path, monkeypatch):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"x": draw.normal(size=200), "code": draw.choice(["1", "2", "A"], 200)})
    frame.loc[:19, "code"] = "1"
    frame.to_csv(tmp_path / "x.csv", index=False)
    arguments = ["--train", tmp_path / "x.csv", "-o", tmp_path / "s.csv", "--save", tmp_path / "detector"]
    isthmus("detect", tmp_path / "x.csv", *arguments)
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", 10)
    done = isthmus("detect", tmp_path / "x.csv", "--model", tmp_path / "detector", "-o", tmp_path / "s.csv")
    assert "unseen" not in done.err
    assert len(pd.read_csv(tmp_path / "s.csv")) == 200


def test_a_span_keeps_the_numbers_of_its_rows(isthmus, work, detector, tmp_path):
    done = isthmus(
        "detect",
        work / "new.csv",
        "--model",
        detector[1],
        *KNOWN,
        "--rows",
        "30:60",
        "-o",
        tmp_path / "s.csv",
        "--json",
    )
    found = pd.read_csv(tmp_path / "s.csv")
    assert list(found.row) == list(range(30, 60)) and done.json["worst"][0]["row"] == 40
    cells = {cell["column"]: cell["value"] for cell in done.json["worst"][0]["contributors"]}
    assert len(cells) == 3 and cells.get("b", -30.0) == -30.0 and done.json["rows"] == 30


def test_explain_says_what_was_expected(work, detector):
    found = pd.read_csv(work / "scores.csv")
    assert " ± " in found.expected_1[40] and found.value_1[40] == "-30"
    assert f"b = -30, expected {found.expected_1[40]}" in detector[0].out


def test_a_threshold_is_chosen_from_other_normal_rows(isthmus, work, detector, tmp_path):
    other = pd.read_csv(work / "new.csv")
    other[["a", "b", "c"]] = 10 * other[["a", "b", "c"]] + 100
    other.to_csv(tmp_path / "mm.csv", index=False)
    typed = ["detect", tmp_path / "mm.csv", "--model", detector[1], *KNOWN, "-o", tmp_path / "s.csv", "--json"]
    before = isthmus(*typed)
    assert "of 120 rows are flagged" in before.err and "other units" in before.err
    anew = ["--recalibrate", tmp_path / "mm.csv", "--normal", "good", "--false-alarm-rate", 0.1]
    after = isthmus(*typed, *anew, "--save", tmp_path / "anew")
    assert "from 118 rows" in after.err and 2 <= after.json["flagged"] <= 14 and "other units" not in after.err
    assert AnomalyDetector.load(tmp_path / "anew").threshold_ == after.json["threshold"] > before.json["threshold"]
    assert AnomalyDetector.load(tmp_path / "anew").false_alarm_rate == 0.1


def test_settings_of_the_training_are_taken_and_its_progress_is_said(isthmus, work, tmp_path):
    typed = ["detect", work / "new.csv", "--train", work / "normal.csv", *KNOWN, "-o", tmp_path / "s.csv"]
    settings = ["--epochs", 2, "--latent-dim", 1, "--device", "cpu", "--false-alarm-rate", 0.02]
    done = isthmus(*typed, *settings, "--save", tmp_path / "d")
    assert "epoch 2/2  loss " in done.err and "epoch" not in isthmus(*typed, *settings, "-q").err
    assert AnomalyDetector.load(tmp_path / "d").autoencoder_.latent_dim == 1


def test_a_threshold_is_set_anew_without_training(isthmus, work, detector, tmp_path):
    flagged = []
    for rate in (0.02, 0.3):
        arguments = ["--model", detector[1], *KNOWN, "-o", tmp_path / "s.csv", "--false-alarm-rate", rate, "--json"]
        flagged.append(isthmus("detect", work / "new.csv", *arguments).json["flagged"])
    assert 2 <= flagged[0] < flagged[1]


def test_rows_that_nobody_calls_normal_are_trained_on_and_it_is_said(isthmus, work, tmp_path):
    arguments = ["--contamination", 0.05, "--label", "state", "--keep", "number", "-o", tmp_path / "s.csv"]
    done = isthmus("detect", work / "new.csv", *arguments)
    assert "no rows are known to be normal" in done.err and "0.05 of the training rows" in done.out
    assert pd.read_csv(tmp_path / "s.csv").flagged.sum() == 6


def test_normal_rows_of_a_named_table_are_picked_by_its_labels_which_nobody_names(isthmus, tmp_path):
    done = isthmus("detect", "iris", "--normal", "setosa", "--false-alarm-rate", 0.1, "-o", tmp_path / "scores.csv")
    assert "training on 50 rows of iris" in done.err
    lines = {line.split()[0]: line.split()[1:3] for line in done.out.splitlines() if line.strip()}
    assert lines["species"] == ["rows", "flagged"] and lines["virginica"] == ["50", "50"]
    assert set(pd.read_csv(tmp_path / "scores.csv").species) == {"setosa", "versicolor", "virginica"}


def test_normal_rows_are_picked_by_their_label(isthmus, work, tmp_path):
    arguments = ["--train", work / "new.csv", *KNOWN, "--normal", "good", "--false-alarm-rate", 0.1]
    done = isthmus("detect", work / "new.csv", *arguments, "-o", tmp_path / "s.csv")
    assert "training on 118 rows" in done.err
    assert pd.read_csv(tmp_path / "s.csv").flagged[ODD].all()


def test_labels_are_typed_as_whole_numbers(isthmus, work, tmp_path):
    frame = pd.read_csv(work / "new.csv").drop(columns="number")
    frame["state"] = np.where(frame.state == "good", 0.0, 1.0)
    frame.loc[3, "state"] = None
    frame.to_csv(tmp_path / "x.csv", index=False)
    arguments = ["--train-rows", "0:60", "--label", "state", "--normal", 0, "--false-alarm-rate", 0.1]
    done = isthmus("detect", tmp_path / "x.csv", *arguments, "-o", tmp_path / "s.csv", "--json")
    assert "training on 57 rows" in done.err
    assert {one["state"]: one["rows"] for one in done.json["labels"]} == {"0": 117, "1": 2, "None": 1}


def test_the_settings_of_an_autoencoder_are_taken(isthmus, work, tmp_path):
    pd.read_csv(work / "normal.csv").drop(columns=["number", "state"]).to_csv(tmp_path / "n.csv", index=False)
    isthmus("train", tmp_path / "n.csv", "-o", tmp_path / "ae", "--variant", "linear", "--latent-dim", 1, "-q")
    arguments = ["--model", tmp_path / "ae", "--train", tmp_path / "n.csv", "--save", tmp_path / "d"]
    isthmus("detect", work / "new.csv", *arguments, *KNOWN, "-o", tmp_path / "s.csv")
    assert type(AnomalyDetector.load(tmp_path / "d").autoencoder_.variant_).__name__ == "Linear"


@pytest.fixture(scope="module")
def time_steps(isthmus, work):
    arguments = ["--train-rows", "0:400", "--window", 16, "--label", "wrong", "--explain", "--plot"]
    return isthmus("detect", work / "signal.csv", *arguments, "-o", work / "time-steps.csv", "--json").json


def test_a_signal_gives_time_steps_and_intervals(work, time_steps):
    found = pd.read_csv(work / "time-steps.csv", parse_dates=["time"])
    assert len(found) == 600 and found.time.is_monotonic_increasing and list(found.columns)[:2] == ["time", "wrong"]
    assert 445 <= found.score.idxmax() <= 465 and found.contributor_1[455] == "heat"
    worst = max(time_steps["intervals"], key=lambda one: one["score"])
    assert worst["start"] <= "2024-01-01 07:30:00" and worst["end"] >= "2024-01-01 07:39:00"
    assert worst["channels"].startswith("heat")
    written = pd.read_csv(work / "time-steps-intervals.csv")
    assert list(written.start) == [one["start"] for one in time_steps["intervals"]]


def test_the_score_is_chosen(isthmus, work, tmp_path):
    arguments = ["--train-rows", "0:400", "--window", 16, "--label", "wrong", "--scorer", "channel"]
    isthmus("detect", work / "signal.csv", *arguments, "-o", tmp_path / "m.csv", "--save", tmp_path / "d")
    assert AnomalyDetector.load(tmp_path / "d").score_.part_name == "score/channel"
    assert 445 <= pd.read_csv(tmp_path / "m.csv").score.idxmax() <= 465


def test_figures_are_drawn(work, detector, time_steps):
    scores, signal = (work / "scores.svg").read_text(), (work / "time-steps.svg").read_text()
    assert "state = bad: 2 rows, 100.00% flagged" in scores and scores.count("stroke-dasharray") == 2 + 1
    assert "heat" in signal and "labelled" in signal


@pytest.mark.parametrize("name", ["s.png", "s.svg"])
def test_figures_are_written_as_they_are_named(isthmus, work, detector, tmp_path, name):
    arguments = ["--model", detector[1], *KNOWN, "-o", tmp_path / "s.csv", "--plot", tmp_path / name]
    isthmus("detect", work / "new.csv", *arguments)
    start = (tmp_path / name).read_bytes()[:4]
    assert start == (b"\x89PNG" if name.endswith("png") else b"<svg")


TYPED_WRONG = {
    "two thresholds": (["--train", "n.csv", "--false-alarm-rate", 0.1, "--contamination", 0.1], "give one"),
    "a rate without normal rows": (["--false-alarm-rate", 0.1], "--train NORMAL"),
    "a rate of 1": (["--false-alarm-rate", 1], "0<x<1"),
    "a stride without a window": (["--stride", 2], "--window"),
    "a scorer for a model": (["--model", "m", "--scorer", "error"], "leave out --scorer"),
    "a window for a model": (["--model", "m", "--window", 8], "leave out --window"),
    "normal rows without labels": (["--train", "n.csv", "--normal", "good"], "--label"),
    "a threshold anew without a model": (["--train", "n.csv", "--recalibrate", "n.csv"], "give its file with --model"),
    "a threshold anew by two rules": (
        ["--model", "m", "--recalibrate", "n.csv", "--contamination", 0.1],
        "leave out --contamination",
    ),
    "settings for a trained model": (["--model", "m", "--epochs", 3, "--device", "cpu"], "leave out --epochs"),
}

UNUSABLE = {
    "a kind of output that has no columns": (["-o", "s.npy"], "kind of table"),
    "a figure of another kind": (
        ["-o", "s.csv", "--plot", "s.pdf"],
        "unknown kind of figure '.pdf'. Known: .svg, .png",
    ),
    "a model in no folder": (["-o", "s.csv", "--save", "nowhere/m"], "make it first"),
    "no such column": (["-o", "s.csv", "--model", "{detector}", "--keep", "nmber"], "nmber"),
    "no such normal label": (
        ["-o", "s.csv", "--train", "{new}", "--label", "state", "--normal", "fine"],
        "there are: bad, good",
    ),
    "columns that were not trained on": (
        ["-o", "s.csv", "--model", "{detector}"],
        "--drop number,state; --keep number",
    ),
    "training a trained detector": (["-o", "s.csv", "--model", "{detector}", "--train", "{new}"], "trained already"),
    "an autoencoder without normal rows": (["-o", "s.csv", "--model", "{plain}"], "give --train NORMAL"),
    "rows that are not there": (["-o", "s.csv", "--model", "{detector}", *KNOWN, "--rows", "200:"], "has 120"),
    "a score that there is not": (["-o", "s.csv", "--train", "{new}", "--scorer", "chanel"], "did you mean 'channel'"),
    "a window longer than the signal": (["-o", "s.csv", "--window", 500, "--keep", "kind", *KNOWN], "500"),
}


@pytest.mark.parametrize("case", TYPED_WRONG)
def test_what_is_typed_wrong_ends_with_2(isthmus, work, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    arguments, said = TYPED_WRONG[case]
    done = isthmus("detect", work / "new.csv", "-o", "s.csv", *arguments, code=2)
    assert said in done.err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_cannot_be_used_ends_with_1_and_a_line(isthmus, work, detector, models, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    arguments, said = UNUSABLE[case]
    places = {"detector": detector[1], "new": work / "new.csv", "plain": models["plain"]}
    done = isthmus("detect", work / "new.csv", *(str(a).format(**places) for a in arguments), code=1)
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and said in errors[0] and done.out == ""
    assert not list(tmp_path.iterdir())


def test_text_among_numbers_is_named_with_its_line(isthmus, work, detector, tmp_path, monkeypatch):
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", 50)
    frame = pd.read_csv(work / "new.csv").astype({"a": object})
    frame.loc[77, "a"] = "broken"
    frame.to_csv(tmp_path / "x.csv", index=False)
    (tmp_path / "s.csv").write_text("mine")
    done = isthmus("detect", tmp_path / "x.csv", "--model", detector[1], *KNOWN, "-o", tmp_path / "s.csv", code=1)
    assert "line 79, column 'a': 'broken' is no number" in done.err
    assert (tmp_path / "s.csv").read_text() == "mine"


def test_a_detector_is_no_autoencoder_and_it_is_said(isthmus, detector, tmp_path):
    done = isthmus("sample", detector[1], "-o", tmp_path / "s.csv", code=1)
    assert "holds an AnomalyDetector" in done.err and "isthmus detect" in done.err


def test_info_says_what_a_detector_decides_by_and_that_it_holds_rows(isthmus, detector):
    said, text = isthmus("info", detector[1], "--json").json, isthmus("info", detector[1]).out
    model = AnomalyDetector.load(detector[1])
    assert said["model"]["estimator"] == "AnomalyDetector" and said["detector"]["threshold"] == model.threshold_
    assert "cross" in text
    assert ("no training row" in text) != hasattr(model.score_, "references")
