"""Known anomalies on the command line: by labels, by a file, thresholds by them; and the measures of a detector."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from isthmus import AnomalyDetector

COLUMNS = ["flow", "heat", "speed"]


def drawn(rows, odd, seed):
    """Rows of which the last ones are odd in the same way."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(rows, 3)).round(3)
    values[rows - odd :] = (draw.normal(size=(odd, 3)) * 0.2 + [1.8, -1.8, 1.8]).round(3)
    days = pd.date_range("2024-01-01", periods=rows).strftime("%d.%m.%Y")
    frame = pd.DataFrame(values, columns=COLUMNS).assign(day=draw.permutation(days))
    return frame, np.repeat([0, 1], [rows - odd, odd])


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Rows to train on with labels, the known anomalies alone in a file, new rows, and files that cannot be used."""
    folder = tmp_path_factory.mktemp("known")
    log, odd = drawn(260, 10, 0)
    log.assign(checked=np.where(odd, np.where(np.arange(260) % 2, "leak", "jam"), None)).to_csv(
        folder / "log.csv", index=False
    )
    log[odd == 0].to_csv(folder / "normal.csv", index=False)
    known = log[odd == 1]
    known[["heat", "day", "speed", "flow"]].assign(seen="by hand").to_csv(folder / "known.csv", index=False)
    known.assign(flow="much").to_csv(folder / "text.csv", index=False)
    known.drop(columns="heat").to_csv(folder / "narrow.csv", index=False)
    known[:0].to_csv(folder / "empty.csv", index=False)
    log.assign(checked="leak").to_csv(folder / "all.csv", index=False)
    new, odd = drawn(120, 20, 1)
    new.assign(state=np.where(odd, "broken", "well")).to_csv(folder / "new.csv", index=False)
    return folder


QUICK = ["--epochs", 3, "--latent-dim", 2, "--false-alarm-rate", 0.05, "-q"]
CHECKED = ["--label", "checked", "--abnormal", "leak", "--abnormal", "jam"]


@pytest.fixture(scope="module")
def detector(isthmus, work):
    """A detector that knows anomalies from a file, what it said, and its path."""
    typed = ["--train", work / "normal.csv", "--known", work / "known.csv", "--label", "state", "--epochs", 3]
    saved = ["-o", work / "s.csv", "--save", work / "d.safetensors"]
    return isthmus(
        "detect", work / "new.csv", *typed, "--latent-dim", 2, "--recall", 0.9, *saved
    ), work / "d.safetensors"


def test_known_anomalies_of_a_file_are_read_as_the_rows_that_are_trained_on(work, detector):
    done, path = detector
    model = AnomalyDetector.load(path)
    assert "training on 250 rows" in done.err and "beside 10 known anomalies" in done.err
    assert "known.csv: 'seen' left out" in done.err
    assert model.thresholds_.rule == {"recall": 0.9} and len(model.thresholds_.known.scores) == 10
    assert "0.9 of anomalies like the known ones flagged" in done.out and "of 10 flagged, each scored as if" in done.out
    scores = pd.read_csv(work / "s.csv")
    assert scores.flagged[scores.state == "broken"].mean() > 0.6 > 0.2 > scores.flagged[scores.state == "well"].mean()


def test_known_anomalies_are_picked_by_their_labels_which_new_rows_need_not_have(isthmus, work, tmp_path):
    typed = ["--train", work / "log.csv", *CHECKED, "--keep", "state", "--save", tmp_path / "d"]
    done = isthmus("detect", work / "new.csv", *typed, *QUICK, "-o", tmp_path / "s.csv", "--json")
    model = AnomalyDetector.load(tmp_path / "d")
    assert len(model.thresholds_.known.scores) == 10 and "checked" not in model.feature_names_in_
    assert done.json["known"]["rows"] == 10 and done.json["rule"] == {"false_alarm_rate": 0.05}
    assert done.json["labels"] == [] and list(pd.read_csv(tmp_path / "s.csv").columns)[:2] == ["row", "state"]


def test_rows_of_other_labels_are_left_out_where_normal_ones_are_named(isthmus, work, tmp_path):
    typed = ["--train", work / "log.csv", "--label", "checked", "--abnormal", "jam", "--normal", "None"]
    done = isthmus("detect", work / "new.csv", *typed, "--keep", "state", *QUICK[:-1], "-o", tmp_path / "s.csv")
    assert "training on 250 rows" in done.err and "beside 5 known anomalies" in done.err


def test_known_rows_of_data_are_scored_but_not_listed(isthmus, work, tmp_path):
    typed = [*CHECKED, "--recall", 0.8, "--epochs", 2, "--latent-dim", 2]
    done = isthmus("detect", work / "log.csv", *typed, "-o", tmp_path / "s.csv", "--json")
    assert "as if 10.0% of its rows were abnormal" in done.err and "are flagged" not in done.err
    scores = pd.read_csv(tmp_path / "s.csv")
    assert set(scores.row[scores.score.nlargest(5).index]) <= set(range(250, 260))
    assert all(row["row"] < 250 for row in done.json["worst"]) and len(done.json["worst"]) == 10
    assert done.json["known"]["flagged"] >= 8


@pytest.mark.parametrize(("typed", "rule"), [(["--recall", 0.5], "recall"), (["--min-precision", 0.3], "precision")])
def test_a_threshold_by_known_anomalies_is_set_anew(isthmus, work, detector, tmp_path, typed, rule):
    anew = ["detect", work / "new.csv", "--model", detector[1], "--label", "state", "-o", tmp_path / "s.csv"]
    one = isthmus(*anew, *typed, "--save", tmp_path / "d").out
    assert f"{typed[1]} of " in one and "false alarms" in one
    assert one.split("detector:")[0].strip() == isthmus(*anew[:3], tmp_path / "d", *anew[4:]).out.strip()
    other = isthmus(*anew, *typed, "--recalibrate", work / "normal.csv", "--json").json
    assert list(other["rule"]) == [rule] and other["calibration"]["rows"] == 250


def test_images_of_a_folder_are_known(isthmus, tmp_path):
    draw = np.random.default_rng(0)
    for folder, count, value in (("normal", 24, 60), ("known", 4, 190), ("new", 6, 60)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            pixels = draw.normal(value, 10, (8, 8)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.png")
    typed = ["--train", tmp_path / "normal", "--known", tmp_path / "known", "--recall", 1, "--epochs", 1]
    done = isthmus("detect", tmp_path / "new", *typed, "-o", tmp_path / "s.csv", "--json")
    assert "training on 24 images" in done.err and done.json["known"]["rows"] == 4


WRONG = {
    "no rows are known": (
        ["--train", "{normal}", "--recall", 0.9],
        "--recall 0.9 sets the threshold by known anomalies",
    ),
    "a recall of 0": (["--train", "{normal}", "--known", "{known}", "--recall", 0], "0<x<=1"),
    "a recall of 1.5": (["--train", "{normal}", "--known", "{known}", "--recall", 1.5], "0<x<=1"),
    "a precision of 1": (["--train", "{normal}", "--known", "{known}", "--min-precision", 1], "0<x<1"),
    "two thresholds": (
        ["--model", "m", "--recall", 0.5, "--false-alarm-rate", 0.1],
        "each set the threshold: give one",
    ),
    "a recall and a precision": (["--model", "m", "--recall", 0.5, "--min-precision", 0.1], "give one"),
    "a recall and a fraction": (["--model", "m", "--recall", 0.5, "--contamination", 0.1], "give one"),
    "labels without a column": (["--train", "{log}", "--abnormal", "leak"], "--label: give that too"),
    "labels and a file": (["--known", "{known}", *CHECKED], "give one"),
    "rows that are both": (["--label", "state", "--normal", "well", "--abnormal", "well"], "name the same rows"),
    "a trained detector": (["--model", "m", "--known", "{known}"], "is trained already: leave out --known"),
    "a signal": (["--window", 8, "--known", "{known}"], "--known is about rows"),
}
UNUSABLE = {
    "a detector without": (["--model", "{plain}", "--recall", 0.5], "was trained without: train a detector with them"),
    "no such column": (
        ["--train", "{log}", "--label", "chekced", "--abnormal", "leak"],
        "log.csv': unknown column 'chekced'; did you mean 'checked'?",
    ),
    "no such label": (["--train", "{log}", "--label", "checked", "--abnormal", "leek"], "--abnormal leek: no row of"),
    "all rows": (["--train", "{all}", "--label", "checked", "--abnormal", "leak"], "all 260 rows of"),
    "a file without rows": (["--train", "{normal}", "--known", "{empty}"], "empty.csv' holds no rows"),
    "a file that lacks a column": (["--train", "{normal}", "--known", "{narrow}"], "narrow.csv' lacks 'heat', which"),
    "a file of text": (["--train", "{normal}", "--known", "{text}"], "column 'flow' holds numbers in"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_typed_wrong_of_known_anomalies_ends_with_2(isthmus, work, tmp_path, case):
    arguments, said = WRONG[case]
    places = {path.stem: path for path in work.glob("*.csv")}
    typed = [str(argument).format(**places) for argument in arguments]
    assert said in isthmus("detect", work / "new.csv", "-o", tmp_path / "s.csv", *typed, code=2).err


@pytest.fixture(scope="module")
def plain(isthmus, work):
    """A detector that knows no anomalies."""
    typed = ["--train", work / "normal.csv", "--keep", "state", *QUICK, "-o", work / "p.csv"]
    isthmus("detect", work / "new.csv", *typed, "--save", work / "plain.safetensors")
    return work / "plain.safetensors"


@pytest.mark.parametrize("case", UNUSABLE)
def test_known_anomalies_that_cannot_be_used_end_with_1_and_a_line(isthmus, work, detector, plain, tmp_path, case):
    arguments, said = UNUSABLE[case]
    places = {path.stem: path for path in work.glob("*.csv")} | {"detector": detector[1], "plain": plain}
    typed = [str(argument).format(**places) for argument in arguments]
    done = isthmus("detect", work / "new.csv", "--keep", "state", "-o", tmp_path / "s.csv", *typed, code=1)
    assert said in next(line for line in done.err.splitlines() if line.startswith("error: ")) and done.out == ""
    assert not list(tmp_path.iterdir())


def test_rows_that_are_read_piece_by_piece_cannot_be_trained_on_with_them(isthmus, work, tmp_path, monkeypatch):
    pd.read_csv(work / "normal.csv").to_parquet(tmp_path / "n.parquet")
    monkeypatch.setattr("isthmus.data.io.files.STREAMED_FROM", 0.0)
    typed = ["--train", tmp_path / "n.parquet", "--known", work / "known.csv", "--keep", "state"]
    done = isthmus("detect", work / "new.csv", *typed, "-o", tmp_path / "s.csv", code=1)
    assert "too large to be trained on in memory, which known anomalies need" in done.err


# -- measures -------------------------------------------------------------------------------------------------------


def test_a_detector_is_measured_by_labels(isthmus, work, detector):
    typed = ["evaluate", detector[1], work / "new.csv", "--label", "state", "--normal", "well", "--k", 5]
    costs = ["--alarm-cost", 5, "--miss-cost", 300]
    figures = isthmus(*typed, *costs, "--json").json
    new = pd.read_csv(work / "new.csv", parse_dates=["day"], dayfirst=True)
    model = AnomalyDetector.load(detector[1])
    expected = model.evaluate(new.drop(columns="state"), new.state == "broken", k=5, alarm_cost=5, miss_cost=300)
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    alone = isthmus("evaluate", detector[1], work / "log.csv", "--label", "checked", "--normal", "None", "--json").json
    assert alone["abnormal"] == 10
    text = isthmus(*typed).out
    assert "precision of the first 5" in text and "cost" not in text


MEASURED_WRONG = {
    "no labels": (["{d}", "{normal}"], "normal.csv' has none: give --label COLUMN", 1),
    "labels of one class": (["{d}", "{new}", "--label", "state"], "there are: broken, well", 1),
    "labels that are missing": (["{d}", "{log}", "--label", "checked"], "row 0 has no label in 'checked'", 1),
    "more rows than there are": (
        ["{d}", "{new}", "--label", "state", "--normal", "well", "--k", 121],
        "--k 121: ",
        1,
    ),
    "an output": (["{d}", "{new}", "--label", "state", "-o", "{new}.csv"], "written by isthmus detect", 1),
    "a cost of alarms alone": (["{d}", "{new}", "--alarm-cost", 3], "goes with --miss-cost", 2),
    "an autoencoder": (["{ae}", "digits", "--k", 3], "--k is about detectors", 1),
}


@pytest.mark.parametrize("case", MEASURED_WRONG)
def test_measures_that_cannot_be_taken(isthmus, work, detector, models, case):
    arguments, said, code = MEASURED_WRONG[case]
    places = {path.stem: path for path in work.glob("*.csv")} | {"d": detector[1], "ae": models["plain"]}
    assert said in isthmus("evaluate", *(str(one).format(**places) for one in arguments), code=code).err
