"""What was expected of a row: numbers with the deviation of normal rows, categories with their probability."""

import re

import numpy as np
import pandas as pd
import pytest

import isthmus
from isthmus import AnomalyDetector, Autoencoder, InputError, Signals


def table(n, seed):
    draw = np.random.default_rng(seed)
    hidden = draw.normal(size=n)
    frame = pd.DataFrame({"a": hidden, "b": 2 * hidden, "c": -hidden}) + 0.05 * draw.normal(size=(n, 3))
    frame["kind"] = np.where(hidden > 0, "high", "low")
    frame["up"] = hidden > 0
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.round(hidden * 100), unit="D")
    return frame


@pytest.fixture(scope="module")
def detector():
    tiny = Autoencoder("denoising", 2, epochs=15, batch_size=32, verbose=False, random_state=0)
    return AnomalyDetector(tiny, contamination=0.05, random_state=0).fit(table(240, 0))


def test_a_number_is_expected_from_the_other_columns(detector):
    new = table(20, 1)
    truth = new.b[3]
    new.loc[3, "b"] = 40.0
    expected = detector.expected(new)
    assert abs(expected.values.b[3] - truth) < 0.6, "the odd value does not pull along what is expected"
    assert 0 < expected.deviation["b"] < 0.6
    scored = detector.detect(new, explain=True)
    assert scored.contributor_1[3] == "b" and scored.value_1[3] == "40"
    number, deviation = map(float, scored.expected_1[3].split(" ± "))
    assert number == pytest.approx(expected.values.b[3], abs=0.6 * 10 ** np.floor(np.log10(deviation)))
    assert deviation == pytest.approx(expected.deviation["b"], rel=0.35)


def test_an_absurd_number_changes_no_expectation(detector):
    new = table(20, 1)
    usual = detector.expected(new).values
    new.loc[3, "b"] = -99999.0
    expected = detector.expected(new).values
    for name in "abc":
        assert abs(expected[name][3] - usual[name][3]) < 0.6
    assert expected.b[3] == pytest.approx(new.a[3] * 2, abs=1.0)
    pd.testing.assert_frame_equal(expected.drop(index=3), usual.drop(index=3))


def test_categories_booleans_and_dates_are_expected_too(detector):
    new = table(20, 1)
    other = {"high": "low", "low": "high"}
    new.loc[2, "kind"] = other[new.kind[2]]
    cells = {
        cell["column"]: cell
        for row in detector.detect_file(new).worst
        for cell in row["contributors"]
        if row["row"] == 2
    }
    kind = cells["kind"]
    assert kind["expected"] == other[kind["value"]] and kind["deviation"] is None and kind["probability"] > 0.5
    assert kind["text"].startswith(f"kind = {kind['value']}, expected {kind['expected']} (")
    expected = detector.expected(new)
    assert np.isnan([expected.deviation["kind"], expected.deviation["up"]]).all()
    assert np.isfinite(expected.certainty[:, [3, 4]]).all() and np.isnan(expected.certainty[:, :3]).all()
    assert 86400 < expected.deviation["day"] < 60 * 86400
    new.loc[4, "day"] = pd.Timestamp("2031-01-01")
    row = detector.detect(new, explain=True).loc[4]
    assert row.value_1 == "2031-01-01" and re.fullmatch(r"202\d-\d\d-\d\d ± [\d.]+ days", row.expected_1)


def test_times_of_day_are_written_without_a_day():
    minutes = np.random.default_rng(0).integers(360, 1320, 60)
    starts = pd.to_datetime([f"{at // 60}:{at % 60:02d}" for at in minutes], format="%H:%M")
    rows = pd.DataFrame({"start": starts, "length": minutes / 60.0})
    tiny = Autoencoder(latent_dim=1, epochs=2, validation_fraction=0.0, random_state=0)
    row = AnomalyDetector(tiny, contamination=0.1, random_state=0).fit(rows).detect(rows, explain=True).loc[0]
    texts = {row[f"contributor_{rank}"]: (row[f"value_{rank}"], row[f"expected_{rank}"]) for rank in (1, 2)}
    value, expected = texts["start"]
    assert value == f"{starts[0]:%H:%M}" and re.fullmatch(r"\d\d:\d\d ± [\d.]+ (hours|minutes)", expected)


def test_a_missing_value_is_called_so(detector):
    new = table(20, 1)
    new.loc[0, "a"] = np.nan
    texts = detector.detect(new, explain=True, contributors=6).loc[0]
    assert "missing" in [texts[f"value_{rank}"] for rank in range(1, 7)]


def test_the_deviation_is_in_the_file_and_a_former_file_has_none(detector, tmp_path):
    detector.save(tmp_path / "d.safetensors")
    loaded, new = isthmus.load(tmp_path / "d.safetensors"), table(5, 1)
    assert loaded.detect(new, explain=True).equals(detector.detect(new, explain=True))
    former = isthmus.load("tests/files/tasks/detector-v1.safetensors")
    X = np.load("tests/files/tasks/detector-v1.npz")["X"]
    assert all(" ± " not in text for text in former.detect(X, explain=True)["expected_1"])


def test_recalibration_measures_the_deviation_anew(detector, tmp_path):
    detector.save(tmp_path / "d.safetensors")
    loaded, noisy = isthmus.load(tmp_path / "d.safetensors"), table(120, 2)
    noisy["a"] += np.random.default_rng(0).normal(size=120)
    before = loaded.expected(noisy).deviation["a"]
    assert loaded.recalibrate(noisy).expected(noisy).deviation["a"] > 1.3 * before


def test_the_channels_of_a_signal():
    draw, t = np.random.default_rng(0), np.arange(400)
    X = np.stack([np.sin(t / 5), np.cos(t / 5)], 1) + 0.05 * draw.normal(size=(400, 2))
    tiny = Autoencoder(latent_dim=4, data=Signals(window=8), epochs=12, batch_size=32, verbose=False, random_state=0)
    made = AnomalyDetector(tiny, false_alarm_rate=0.1, random_state=0).fit(X)
    X[200, 1] = 9.0
    result = made.score_time_steps(X, explain=True)
    assert result.columns["contributor_1"][200] == "x1" and result.columns["value_1"][200] == "9"
    assert " ± " in result.columns["expected_1"][200]
    assert set(made.expected(X).deviation) == {"x0", "x1"}


def test_more_than_half_flagged_is_about_all_rows(detector):
    other = table(40, 3).assign(b=lambda frame: 50 * frame.b + 100)
    with pytest.warns(UserWarning, match="of 40 rows are flagged.*other units"):
        detector.detect(other)


def test_images_have_no_columns():
    X = np.random.default_rng(0).random((40, 4, 4)).astype(np.float32)
    made = AnomalyDetector(Autoencoder(latent_dim=2, epochs=1, verbose=False), contamination=0.1, random_state=0).fit(X)
    with pytest.raises(InputError, match="reconstruct"):
        made.expected(X)


def test_every_training_is_watched_and_nothing_is_kept_of_it(detector):
    seen = []
    tiny = Autoencoder("denoising", 2, epochs=1, batch_size=32, verbose=False)
    for settings in ({"contamination": 0.1}, {"false_alarm_rate": 0.05}):
        seen.clear()
        made = AnomalyDetector(tiny, random_state=0, **settings)
        made.fit(table(60, 0), callbacks=[lambda event: seen.append(event.kind)])
        assert seen.count("begin") == made.trainings(table(60, 0)) > 1
        assert made.autoencoder_.callbacks == ()
