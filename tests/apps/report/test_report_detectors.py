"""The report of detectors, and of signals."""

import re

import numpy as np
import pandas as pd
import pytest

from isthmus import AnomalyDetector, Autoencoder, Signals
from isthmus.apps.report import pages
from isthmus.apps.report.kinds.images import ImageRows
from isthmus.apps.report.kinds.signals import WindowRows
from isthmus.apps.report.multiples import small_multiples
from isthmus.apps.report.study import Study

RNG = np.random.default_rng(0)
QUICK = {"net": "linear", "epochs": 2, "batch_size": 32, "random_state": 0, "verbose": False}
STEPS = np.arange(600)
WAVES = pd.DataFrame({"slow": np.sin(STEPS / 9), "fast": np.cos(STEPS / 4)})
WAVES.loc[400:430, "fast"] += 3.0
TRUTH = ((STEPS >= 400) & (STEPS <= 430)).astype(int)


def frame(n, shift=0.0):
    found = pd.DataFrame(RNG.normal(size=(n, 3)), columns=["size", "weight", "age"])
    return found.assign(weight=found["size"] + shift, colour=RNG.choice(["red", "blue"], n))


@pytest.fixture(scope="module")
def detector():
    return AnomalyDetector(Autoencoder("plain", 2, **QUICK), random_state=0).fit(frame(600))


@pytest.fixture(scope="module")
def signal_detector():
    model = Autoencoder("plain", 3, data=Signals(window=16), **QUICK)
    return AnomalyDetector(model, scorer="error", random_state=0).fit(WAVES[:300])


@pytest.fixture
def text(tmp_path):
    def written(*arguments, **options):
        pages.write(*arguments, tmp_path / "r.html", **options)
        return (tmp_path / "r.html").read_text()

    return written


def sections(page):
    return re.findall(r'<section id="([a-z]+)"', page)


def test_a_detector_says_what_it_flags_and_why(detector, text):
    X = pd.concat([frame(200), frame(10, shift=9.0)], ignore_index=True)
    labels = np.repeat(["fine", "broken"], [200, 10])
    page = text(detector, X, y=labels)
    assert sections(page)[:3] == ["scores", "abnormal", "drift"]
    assert "broken: 10 rows, 100.00% flagged" in page
    assert "exchangeable with the calibration rows" in page
    worst = re.findall(r'<th scope="row">(row \d+) \(broken\)</th>', page)
    assert {f"row {number}" for number in range(200, 210)} <= set(worst)
    assert re.search(r"weight = [\d.]+ \(\d+%\)", page)


def test_scores_are_those_of_the_detector(detector):
    X = frame(150)
    scoring = Study(detector, X).scoring
    np.testing.assert_allclose(scoring.scores, detector.anomaly_score(X))
    assert np.array_equal(scoring.flagged, detector.predict(X) < 0)
    at = scoring.worst(3)
    np.testing.assert_allclose(scoring.contributions(at), np.asarray(detector.explain(X.iloc[at])), atol=1e-6)
    assert [block["start"] for block in scoring.drift] == list(range(0, 150, 15))


def test_normal_rows_do_not_drift_and_moved_rows_do(detector, text):
    assert "The scores drift" not in text(detector, frame(400))
    assert "The scores drift" in text(detector, frame(400, shift=2.0))


def test_groups_have_thresholds_of_their_own(text):
    grouped = AnomalyDetector(
        Autoencoder("plain", 2, **QUICK), groups="colour", false_alarm_rate=0.1, random_state=0
    ).fit(frame(900))
    page = text(grouped, frame(100))
    assert re.search(r"blue: [\d.]+, red: [\d.]+", page)


def test_without_examples_no_row_and_no_label_is_shown(detector, text):
    page = text(detector, frame(100), y=np.repeat(["known", "secret"], 50), examples=False)
    assert sections(page)[:2] == ["scores", "drift"]
    assert "secret" not in page
    assert "those that a detector finds most abnormal" in page


def test_a_signal_shows_its_intervals_and_its_windows(signal_detector, text):
    page = text(signal_detector, WAVES, y=TRUTH)
    assert "1: 31 rows, 100.00% flagged" in page
    assert "are not exchangeable" in page
    assert " flagged intervals." in page and "labelled" in page
    assert re.search(r"fast \d+%", page)  # the channel that contributes most to the interval
    for title in ("Window 1: slow", "Window 1: fast", "Window 1: error", "Mean error over the window"):
        assert title in page
    assert page.count('class="multiples"') > 5


def test_windows_are_looked_at_with_the_label_of_their_last_time_step(signal_detector):
    study = Study(signal_detector.autoencoder_, WAVES, STEPS.astype(str))
    assert study.X.shape == (585, 16, 2)
    assert study.y[0] == "15"
    assert study.rows.unit == "time steps" and study.scoring is None
    np.testing.assert_allclose(study.X[7, :, 0], WAVES["slow"][7:23])


def test_worst_windows_do_not_overlap(signal_detector):
    study = Study(signal_detector.autoencoder_, WAVES)
    at = study.apart(np.argsort(-study.errors), 4)
    assert len(at) == 4
    assert np.diff(np.sort(study.index[at])).min() >= 16


@pytest.mark.parametrize("form", ["recordings", "windows", "array"])
def test_signals_in_every_form(signal_detector, text, form):
    X = {
        "recordings": [WAVES[:200], WAVES[200:500]],
        "windows": WAVES.to_numpy()[:480].reshape(30, 16, 2),
        "array": WAVES.to_numpy(),
    }[form]
    known = signal_detector
    if form != "recordings":
        model = Autoencoder("plain", 3, data=Signals(window=16), **QUICK)
        known = AnomalyDetector(model, scorer="error", random_state=0, false_alarm_rate=0.2).fit(WAVES.to_numpy()[:300])
    assert {"scores", "abnormal", "drift", "originals"} <= set(sections(text(known, X)))


def test_many_channels_are_drawn_by_their_error():
    many = RNG.normal(size=(200, 6))
    model = Autoencoder("plain", 3, data=Signals(window=8), **QUICK).fit(many)
    rows = WindowRows(model.data_, many)
    error_map = np.zeros((1, 8, 6))
    error_map[..., 4], error_map[..., 2] = 2.0, 1.0
    shown = rows.versions({"original": many[None, :8], "reconstruction": many[None, 8:16]}, error_map)
    assert [chart.title for chart in shown] == ["Window 1: x2", "Window 1: x4", "Window 1: error"]
    assert rows.note == "Of 6 channels the 2 with the largest error are drawn."


def test_missing_time_steps_break_the_line():
    windows = np.ones((1, 6, 1))
    windows[0, 2] = np.nan
    assert small_multiples(windows, 1, ["a"], "one").svg.count("M") == 2


class Satellite:
    """What PictureRows asks of Images that have 13 channels; the sizes of images are free."""

    shape, channels_first, any_size = (13, None, None), False, True


def test_images_of_many_channels_and_sizes_are_shown():
    rows = ImageRows(Satellite(), None)
    pictures = [RNG.random((9, 7, 13)), RNG.random((200, 40, 13)), RNG.random((1, 300, 13))]
    strips = rows.versions({"original": pictures, "reconstruction": pictures[::1]}, None)
    assert [strip.caption for strip in strips] == ["Original", "Reconstruction", "Difference, ×64 (grey is none)"]
    assert all(strip.uri.startswith("data:image/png") for strip in strips)
    assert rows.note == "Of 13 channels the first three are shown as red, green and blue."

    [bars] = rows.by_feature(np.arange(13.0))
    assert bars.bars[12].label == "channel 12" and bars.bars[12].fraction == 1.0


def test_the_command_takes_a_detector(isthmus, folder, wine):
    isthmus("detect", wine, "--label", "kind", "-o", folder / "w.csv", "--save", folder / "w.safetensors", "-q")
    isthmus("report", folder / "w.safetensors", wine, "--label", "kind", "-o", folder / "w.html")
    assert 'id="abnormal"' in (folder / "w.html").read_text()
