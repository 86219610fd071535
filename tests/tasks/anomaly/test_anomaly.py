"""AnomalyDetector: scores, thresholds, contributions, bad input, the file."""

import re
import warnings
from math import ceil

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import isthmus
from isthmus import AnomalyDetector, Autoencoder, InputError, Signals, Table
from isthmus.core.part import lookup
from isthmus.data.sources.parquet import ParquetStream
from isthmus.parts.scores.errors import Error
from isthmus.tasks.anomaly.detector import STEPS, default_autoencoder

RNG = np.random.default_rng(0)
MIX = RNG.normal(size=(2, 6))


def normal(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 2)) @ MIX + 0.1 * rng.normal(size=(n, 6))


def frame(n, seed=0):
    made = pd.DataFrame(normal(n, seed), columns=list("abcdef"))
    made["kind"] = np.where(made["a"] > 0, "up", "down")
    made["fixed"] = 1.0
    return made


def quick(**knobs):
    return Autoencoder("denoising", 2, epochs=5, batch_size=64, verbose=False, **knobs)


@pytest.fixture(scope="module")
def detector():
    return AnomalyDetector(quick(), random_state=0).fit(normal(1000))


def test_abnormal_rows_have_higher_scores(detector):
    bad = normal(200, 1) + RNG.normal(size=(200, 6))
    assert np.median(detector.anomaly_score(bad)) > np.quantile(detector.anomaly_score(normal(200, 2)), 0.99)
    np.testing.assert_array_equal(detector.score_samples(bad), -detector.anomaly_score(bad))
    assert (detector.predict(bad) == -1).mean() > 0.9
    assert (detector.predict(normal(200, 2)) == 1).mean() > 0.9


def test_what_is_flagged_is_above_the_threshold_and_below_zero(detector):
    X = np.r_[normal(50, 1), normal(50, 1) + 1]
    score, decision = detector.anomaly_score(X), detector.decision_function(X)
    np.testing.assert_array_equal(detector.predict(X) == -1, score > detector.threshold_)
    np.testing.assert_allclose(decision, detector.score_samples(X) - detector.offset_)
    np.testing.assert_array_equal(detector.p_values(X) <= 0.01, score > detector.threshold_)


def test_the_rate_asked_for_is_kept():
    rates = [0.05, 0.2]
    found = {rate: [] for rate in rates}
    for seed in range(12):
        X = normal(700, seed)
        made = AnomalyDetector(quick(random_state=seed), random_state=seed).fit(X[:400])
        for rate in rates:
            made.set_threshold(false_alarm_rate=rate)
            found[rate].append((made.predict(X[400:]) == -1).mean())
    for rate in rates:
        error = np.sqrt(rate * (1 - rate) * (1 / 80 + 1 / 300) / 12)
        assert rate - 3.5 * error < np.mean(found[rate]) < rate + 3.5 * error


def test_few_rows_are_scored_fold_by_fold():
    made = AnomalyDetector(quick(), random_state=0).fit(normal(150))
    assert made.calibration_["method"] == "cross" and made.calibration_["rows"] == 150
    assert "twice" in made.calibration_["guarantee"]
    with pytest.warns(UserWarning, match="smallest possible rate is 0.0196"):
        few = AnomalyDetector(quick(), random_state=0).fit(normal(50))
    said = few.calibration_["guarantee"]
    assert (
        said.startswith("only of the rate 0.0196, the smallest with 50 calibration rows") and "twice the rate 0" in said
    )
    assert "twice the rate asked for" in few.set_threshold(false_alarm_rate=0.02).calibration_["guarantee"]


def test_few_rows_calibrate_all_by_models_that_train_at_once():
    made, seen = AnomalyDetector(random_state=0), []
    assert made.trainings(normal(600)) == 1
    made.fit(normal(600), callbacks=[lambda event: seen.append(event.kind)])
    assert made.calibration_["method"] == "cross" and made.calibration_["rows"] == 600
    assert seen.count("begin") == 1 and made.autoencoder_.info_["rows"] == 600
    low, high = made.calibration_["band"]
    assert low < 0.01 < high < 0.025
    split = AnomalyDetector(random_state=0).fit(normal(1100))
    assert split.calibration_["method"] == "split" and split.calibration_["band"][1] > high


@pytest.mark.parametrize("rows", [3, 10, 16, 100, 600])
def test_few_rows_take_as_many_steps_as_others(rows):
    chosen = default_autoencoder(rows)
    assert STEPS / 2 < ceil(rows / chosen.batch_size) * chosen.epochs <= 2 * STEPS


def patients(n, each, seed):
    """Rows of patients who differ more than the rows of one do, and whose each is."""
    rng, of = np.random.default_rng(seed), np.arange(n * each) // each
    return rng.normal(size=(n, 6))[of] + 0.05 * rng.normal(size=(n * each, 6)), of


def test_rows_of_one_unit_do_not_calibrate_each_other():
    flagged = {}
    for by in (None, "units"):
        rates = []
        for seed in range(4):
            X, of = patients(40, 10, seed)
            made = AnomalyDetector(scorer="neighbours", false_alarm_rate=0.1, random_state=0)
            made.fit(X, units=of if by else None)
            rates.append((made.predict(patients(200, 2, 9 + seed)[0]) == -1).mean())
        flagged[by] = np.mean(rates)
    assert flagged[None] > 0.8 and 0.05 < flagged["units"] < 0.16
    assert made.training_ == "all rows as normal, held out by 40 units"


def test_units_go_with_known_anomalies():
    X, of = patients(20, 3, 0)
    y = np.arange(60) % 20 == 7
    made = AnomalyDetector(false_alarm_rate=0.1, random_state=0).fit(X, y, units=of.astype(str))
    assert made.calibration_["rows"] == 57 and "beside 3 known anomalies" in made.training_


def test_too_few_units_are_left_where_those_of_others_are_known_anomalies():
    X, of = patients(3, 20, 0)
    with pytest.raises(InputError, match=r"2 values \(0, 1\), but 3 are needed"):
        AnomalyDetector(false_alarm_rate=0.1, random_state=0).fit(X, of == 2, units=of)


@pytest.mark.parametrize(
    ("units", "knobs", "message"),
    [
        (np.array([pd.NA, *range(59)], dtype=object), {}, "units lack 1 row, such as row 0"),
        (np.arange(9), {}, r"units have the shape \(9,\), but there are 60 rows"),
        (np.arange(60) % 2, {}, r"2 values \(0, 1\), but 3 are needed"),
        ([None, *range(59)], {}, "units lack 1 row, such as row 0"),
        (np.r_[np.nan, np.arange(59)], {}, "units lack 1 row, such as row 0"),
        (np.arange(60), {"contamination": 0.1}, "contamination=0.1 nothing is"),
        (np.arange(60), {"autoencoder": quick(data=Signals(window=8))}, "consecutive in time"),
    ],
)
def test_units_that_cannot_be_held_out_are_named(units, knobs, message):
    with pytest.raises(InputError, match=message):
        AnomalyDetector(**knobs).fit(normal(60), units=units)


def test_two_rows_are_too_few():
    with pytest.raises(InputError, match="2 rows .*a detector.*needs at least 3"):
        AnomalyDetector(random_state=0).fit(normal(2))


def test_models_that_validate_do_not_train_at_once():
    assert AnomalyDetector(quick(), random_state=0).trainings(normal(150)) == 6
    assert AnomalyDetector(quick(validation_fraction=0.0), random_state=0).trainings(normal(150)) == 1


def test_groups_have_a_band_each_and_scores_of_training_rows_none():
    made = AnomalyDetector(groups="kind", false_alarm_rate=0.1, random_state=0).fit(frame(400))
    assert made.calibration_["band"].keys() == {"up", "down"}
    assert AnomalyDetector(contamination=0.1, random_state=0).fit(normal(200)).calibration_["band"] is None


def test_contamination_flags_that_fraction_of_the_training_rows():
    X = np.r_[normal(180), normal(20, 1) + 3]
    made = AnomalyDetector(quick(), contamination=0.1, random_state=0).fit(X)
    assert (made.predict(X) == -1).sum() == 20
    assert (made.predict(X)[180:] == -1).mean() > 0.9
    assert made.training_ == "trimmed: 20 of 200 rows were left out of the second training"
    assert made.score_.scores[0].k == 18


def test_the_threshold_can_be_set_without_training(detector):
    made = AnomalyDetector(quick(), random_state=0).fit(normal(500))
    limits = [made.set_threshold(false_alarm_rate=rate).threshold_ for rate in (0.3, 0.1, 0.02)]
    assert limits == sorted(limits)
    assert made.set_threshold(value=1.5).threshold_ == 1.5
    fraction = (made.training_scores_ > made.set_threshold(contamination=0.25).threshold_).mean()
    assert fraction == pytest.approx(0.25, abs=0.005)
    before = made.threshold_
    assert made.recalibrate(normal(500, 1) * 3).threshold_ > before
    assert made.calibration_["method"] == "recalibrated"


def test_groups_have_thresholds_of_their_own():
    X = frame(1500)
    X.loc[X.kind == "up", "f"] += RNG.normal(size=(X.kind == "up").sum())
    made = AnomalyDetector(quick(), groups="kind", false_alarm_rate=0.1, random_state=0).fit(X)
    assert made.thresholds_["up"] > made.thresholds_["down"]
    flagged = made.predict(X) == -1
    up = (X.kind == "up").to_numpy()
    limits = np.where(up, made.thresholds_["up"], made.thresholds_["down"])
    np.testing.assert_array_equal(made.limits(X), limits)
    np.testing.assert_array_equal(flagged, made.anomaly_score(X) > limits)
    with pytest.raises(InputError, match="unknown column 'sort'"):
        AnomalyDetector(quick(), groups="sort").fit(X)


def test_contamination_flags_its_fraction_of_each_group():
    X = frame(800)
    X.loc[X.kind == "up", "f"] += 2 * RNG.normal(size=(X.kind == "up").sum())
    made = AnomalyDetector(quick(), groups="kind", contamination=0.1, random_state=0).fit(X)
    assert made.thresholds_["up"] > made.thresholds_["down"]
    flagged = pd.Series(made.predict(X) == -1).groupby(X.kind).mean()
    np.testing.assert_allclose(flagged, 0.1, atol=0.01)
    made.set_threshold(contamination=0.3)
    flagged = pd.Series(made.predict(X) == -1).groupby(X.kind).mean()
    np.testing.assert_allclose(flagged, 0.3, atol=0.01)


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_are_explained_by_their_columns(library):
    X = frame(600)
    made = AnomalyDetector(quick(), random_state=0).fit(library.DataFrame(X.to_dict("list")))
    odd = frame(3, 1)
    odd.loc[0, "c"], odd.loc[1, "kind"] = 40.0, "sideways"
    given = odd.set_index(pd.Index([7, 8, 9])) if library is pd else pl.DataFrame(odd.to_dict("list"))
    with pytest.warns(UserWarning, match="sideways"):
        found = made.explain(given)
    assert isinstance(found, library.DataFrame) and list(found.columns) == list(X.columns)
    values = found.to_numpy()
    assert X.columns[values[0].argmax()] == "c"
    assert X.columns[values[1].argmax()] == "kind"
    if library is pd:
        assert found.index.tolist() == [7, 8, 9]


def test_a_saved_detector_is_the_same(detector, tmp_path):
    X = normal(100, 3)
    for made in (
        detector,
        AnomalyDetector(quick(), groups="kind", false_alarm_rate=0.05, random_state=0).fit(frame(600)),
        AnomalyDetector(quick(), scorer="error", contamination=0.1, random_state=0).fit(normal(200)),
    ):
        rows = frame(50, 1) if made.groups else X
        made.save(tmp_path / "d.safetensors")
        again = isthmus.load(tmp_path / "d.safetensors")
        assert isinstance(again, AnomalyDetector)
        np.testing.assert_array_equal(again.anomaly_score(rows), made.anomaly_score(rows))
        np.testing.assert_array_equal(again.predict(rows), made.predict(rows))
        np.testing.assert_array_equal(again.p_values(rows), made.p_values(rows))
        assert again.calibration_ == made.calibration_ and again.get_params().keys() == made.get_params().keys()


def test_the_same_seed_gives_the_same_scores():
    X = normal(300)
    first, second, other = (AnomalyDetector(quick(), random_state=seed).fit(X) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.anomaly_score(X), second.anomaly_score(X))
    assert first.threshold_ == second.threshold_ != other.threshold_


def test_graphs_give_what_methods_give(detector):
    X = normal(20, 4)
    columns = detector.autoencoder_.data_.read(X)
    with torch.no_grad():
        score = detector.graphs()["score"](columns)["score"]
        contributions = detector.graphs()["explain"](columns)["contributions"]
    np.testing.assert_allclose(score.numpy(), detector.anomaly_score(X), rtol=1e-5)
    np.testing.assert_allclose(contributions.numpy(), detector.explain(X), rtol=1e-4, atol=1e-5)


def test_monitoring_tells_when_normal_rows_no_longer_look_normal(detector):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        calm = detector.monitor(normal(1000, 5), blocks=4)
    assert [block["start"] for block in calm] == [0, 250, 500, 750]
    drifting = normal(1000, 5) + np.linspace(0, 1, 1000)[:, None] * np.array([1, 0, 0, 0, 0, 0])
    with pytest.warns(UserWarning, match=r"no longer look normal.*rows 750 to 1000"):
        found = detector.monitor(drifting, blocks=4)
    assert found[-1]["drift"] > 0.3 and found[-1]["flagged"] > 0.1


def test_signals_are_scored_time_step_by_time_step():
    t = np.arange(1500)
    wave = np.sin(t / 6) + 0.05 * RNG.normal(size=1500)
    made = AnomalyDetector(
        Autoencoder("denoising", 4, data=Signals(24), epochs=4, verbose=False), false_alarm_rate=0.05, random_state=0
    ).fit(wave[:1000])
    odd = wave[1000:].copy()
    odd[200:220] = 0
    score = made.anomaly_score(odd)
    assert score.shape == (500,) and made.explain(odd).shape == (500, 1)
    assert 180 < score.argmax() < 240
    found = made.intervals(odd)
    assert any(one.first <= 210 <= one.last and one.channels == {"x0": 1.0} for one in found)
    np.testing.assert_allclose(list(made.score_stream(odd)), score, rtol=1e-4)


def test_rows_are_no_signal(detector):
    for call in (lambda: detector.intervals(normal(5)), lambda: detector.score_stream(normal(5))):
        with pytest.raises(InputError, match=r"is for signals.*Signals"):
            call()


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"contamination": 0.1, "false_alarm_rate": 0.05}, "both set"),
        ({"contamination": 0.7}, "contamination=0.7"),
        ({"false_alarm_rate": 0}, "false_alarm_rate=0"),
        ({"scorer": "neighbors"}, "did you mean 'neighbours'"),
        ({"autoencoder": 3}, "expected an Autoencoder"),
        ({"members": 0}, "members=0"),
        ({"members": 2, "autoencoder": quick()}, r"Denoising\(members=2\)"),
    ],
)
def test_wrong_parameters_are_named(knobs, message):
    with pytest.raises(InputError, match=message):
        AnomalyDetector(**knobs).fit(normal(50))


def test_thresholds_out_of_range_are_named(detector):
    for wrong in ({}, {"value": 1.0, "contamination": 0.1}, {"value": np.nan}, {"value": "high"}):
        with pytest.raises(InputError, match=r"set_threshold|value="):
            detector.set_threshold(**wrong)
    for wrong in ({"false_alarm_rate": 0}, {"contamination": 1.5}):
        with pytest.raises(InputError, match="expected a number above 0 and below 1"):
            detector.set_threshold(**wrong)


def test_bad_rows_are_named(detector):
    X = normal(10)
    X[4] = np.nan
    with pytest.raises(InputError, match="row 4 has no value at all"):
        detector.anomaly_score(X)
    with pytest.raises(InputError, match="expecting 6 features"):
        detector.anomaly_score(normal(10)[:, :5])
    mixed = AnomalyDetector(quick(), random_state=0).fit(frame(300))
    changed = frame(5)
    changed.loc[3, "fixed"] = 2.0
    with pytest.warns(UserWarning, match=r"constant in training, but are not now: 'fixed' \(1, but 2 in row 3\)"):
        mixed.anomaly_score(changed)


def test_columns_named_like_labels_are_said():
    X = frame(300).rename(columns={"f": "attack"})
    with pytest.warns(UserWarning, match="'attack' is named like a label"):
        AnomalyDetector(quick(), random_state=0).fit(X)


def test_missing_cells_are_scored(detector):
    X = normal(200, 6)
    X[1:, 2] = np.nan
    assert np.isfinite(detector.anomaly_score(X)).all()


class Broken(Error):
    """A score that cannot be fitted."""

    def fit(self, outputs, model):
        raise RuntimeError("no score")


def test_an_exception_leaves_the_detector_as_it_was():
    X = normal(200)
    unfitted = AnomalyDetector(quick(), scorer=Broken(), contamination=0.1, random_state=0)
    before = set(vars(unfitted))
    with pytest.raises(RuntimeError, match="no score"):
        unfitted.fit(X)
    assert set(vars(unfitted)) == before
    fitted = AnomalyDetector(quick(), random_state=0, false_alarm_rate=0.1).fit(X)
    score, known = fitted.anomaly_score(X), dict(vars(fitted))
    with pytest.raises(InputError, match="are empty: they are ignored|are empty, so nothing"):
        fitted.fit(np.c_[X[:, :5], np.full(200, np.nan)])
    assert vars(fitted) == known
    np.testing.assert_array_equal(fitted.anomaly_score(X), score)


def test_the_data_are_learnt_once_for_each_autoencoder(monkeypatch):
    learnt = []
    original = Table.learn
    monkeypatch.setattr(Table, "learn", lambda self, chunks: learnt.append(1) or original(self, chunks))
    AnomalyDetector(quick(), false_alarm_rate=0.1, random_state=0).fit(normal(400))
    assert len(learnt) == 1


def test_a_column_that_is_missing_throughout_is_said(detector):
    X = normal(200, 6)
    X[:, 2] = np.nan
    with pytest.warns(UserWarning, match="missing in all 200 rows: 'x2'; rows may"):
        assert np.isfinite(detector.anomaly_score(X)).all()
    with pytest.raises(InputError, match=r"the columns \['x2'\]"):
        AnomalyDetector(quick()).fit(X)


def test_a_value_that_cannot_be_computed_with_is_named(detector):
    X = normal(20)
    X[7, 3] = 1e300
    for method in (detector.anomaly_score, detector.predict, detector.explain):
        with pytest.raises(InputError, match=r"column 'x3', row 7: 1e\+300 is too far from the training data"):
            method(X)


def test_scores_that_tell_nothing_are_said():
    X = np.ones((100, 3))
    with pytest.warns(UserWarning, match=r"all \d+ rows have the same score") as told:
        made = AnomalyDetector(quick(), false_alarm_rate=0.1, random_state=0).fit(X)
    assert "which tells nothing" in str(told[0].message)
    with pytest.warns(UserWarning, match="all 30 rows have the same score"):
        made.predict(X[:30])


@pytest.mark.parametrize("knobs", [{"groups": "a"}, {"contamination": 0.1}])
def test_what_needs_rows_in_memory_is_refused_for_a_stream(knobs, tmp_path):
    frame(100).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(InputError, match="needs rows in memory"):
        AnomalyDetector(quick(), **knobs).fit(ParquetStream(tmp_path / "rows.parquet"))


def test_members_are_several_where_the_residual_is_the_score(tmp_path):
    copies = {
        name: AnomalyDetector(contamination=0.1, members=members, random_state=0).fit(X)
        for name, X, members in [("numbers", normal(60), None), ("two", normal(60), 2), ("mixed", frame(60), None)]
    }
    nets = {name: detector.autoencoder_.objective_.model.net.copies for name, detector in copies.items()}
    assert nets == {"numbers": 1, "two": 2, "mixed": 6}
    assert clone(copies["two"]).members == 2
    copies["mixed"].save(tmp_path / "d.safetensors")
    again = isthmus.load(tmp_path / "d.safetensors")
    np.testing.assert_array_equal(again.anomaly_score(frame(20, 1)), copies["mixed"].anomaly_score(frame(20, 1)))


def test_a_clone_has_the_same_parameters():
    made = AnomalyDetector(Autoencoder("denoising", 3), contamination=0.1)
    again = clone(made).set_params(autoencoder__variant__level=0.3)
    assert again.autoencoder.variant.level == 0.3 and made.autoencoder.variant == "denoising"


@parametrize_with_checks(
    [AnomalyDetector(Autoencoder(latent_dim=2, epochs=2, random_state=0, verbose=False), random_state=0)],
    expected_failed_checks=lambda estimator: {
        "check_methods_subset_invariance": "float32 products of other batch sizes differ in the seventh digit",
    },
    xfail_strict=False,
)
@pytest.mark.filterwarnings("ignore:false_alarm_rate=0.01 asks for")
def test_check_estimator(estimator, check):
    check(estimator)


def test_many_columns_that_begin_to_vary_are_told_at_once():
    train, X = (np.tile(normal(rows), 5) for rows in (200, 20))
    train[:, 5:] = 3
    detector = AnomalyDetector(quick(), random_state=0).fit(train)
    with pytest.warns(UserWarning, match="not now") as told:
        detector.anomaly_score(X)
    [message] = [str(warning.message) for warning in told]
    assert re.search(r"not now: 'x5' \(3, but \S+ in row 0\), 'x6' .* and 15 more; rows may be flagged", message)


def test_a_detector_that_keeps_no_rows_says_so_and_still_detects():
    X = np.random.default_rng(0).normal(size=(300, 5)) @ np.random.default_rng(1).normal(size=(5, 5))
    kept, free = (AnomalyDetector(quick(), keep_rows=keep, random_state=0).fit(X) for keep in (True, False))
    assert kept.card().kept_rows > 0
    assert free.card().kept_rows == 0 and free.card().holds[0] == "no training row"
    assert [type(score).part_name for score in free.score_.scores] == ["score/tails", "score/residual"]
    assert free.predict(X[:1] + 40)[0] == -1


@pytest.mark.parametrize("scorer", ["neighbours", lookup("score/neighbours")()])
def test_a_scorer_that_keeps_rows_is_refused_where_none_may_be_kept(scorer):
    with pytest.raises(InputError, match="holds training rows, but keep_rows=False"):
        AnomalyDetector(quick(), scorer=scorer, keep_rows=False).fit(np.eye(30))
