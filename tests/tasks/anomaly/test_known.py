"""Known anomalies: kept out of the training, near which others are found, and by which thresholds are chosen."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

import isthmus
from isthmus.data.signals.signals import Signals
from isthmus.support.errors import InputError

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(400, 4)).astype(np.float32)
KNOWN = (RNG.normal(size=(12, 4)) * 0.2 + [1.6, -1.6, 1.6, -1.6]).astype(np.float32)
OTHERS = (RNG.normal(size=(40, 4)) * 0.2 + [1.6, -1.6, 1.6, -1.6]).astype(np.float32)
FRESH = RNG.normal(size=(400, 4)).astype(np.float32)
X, Y = np.concatenate([NORMAL, KNOWN]), np.repeat([0, 1], [400, 12])


def fitted(y=Y, rows=X, **settings):
    ae = isthmus.Autoencoder(latent_dim=2, epochs=3, verbose=False)
    return isthmus.AnomalyDetector(ae, random_state=0, **settings).fit(rows, y)


@pytest.fixture(scope="module")
def detector():
    return fitted()


def precision(detector):
    scores = detector.anomaly_score(np.concatenate([FRESH, OTHERS]))
    return average_precision_score(np.repeat([0, 1], [400, 40]), scores)


def test_others_like_them_are_found(detector):
    assert precision(detector) > precision(fitted(None, NORMAL)) + 0.1
    assert detector.card().kept_rows > 400 and len(detector.decision_scores_) == 400


def test_the_score_of_a_known_one_is_as_if_it_were_not_known(detector):
    scores = detector.thresholds_.known.scores
    assert scores.shape == (12,) and (scores < detector.anomaly_score(KNOWN)).all()
    alone = fitted(np.repeat([0, 1, 0], [400, 1, 11])).thresholds_.known.scores
    assert alone.shape == (1,) and np.isfinite(alone).all()


def test_known_ones_are_flagged_by_the_thresholds_of_their_groups(tmp_path):
    rows = pd.DataFrame(X, columns=list("abcd")).assign(kind=np.resize(["up", "down"], len(X)))
    made = fitted(rows=rows, groups="kind", false_alarm_rate=0.1)
    scores, kinds = made.thresholds_.known.scores, rows.kind[Y == 1].to_numpy()
    made.set_threshold(value={"up": scores[kinds == "up"].min() - 1, "down": scores.max() + 1})
    made.save(tmp_path / "d.safetensors")
    loaded = isthmus.load(tmp_path / "d.safetensors")
    assert made.thresholds_.of_known() == loaded.thresholds_.of_known()
    assert made.thresholds_.known_flagged == loaded.thresholds_.known_flagged == (kinds == "up").sum() == 6


@pytest.mark.parametrize("recall", [0.5, 0.75, 1.0])
def test_a_threshold_of_a_recall_flags_that_fraction(detector, recall):
    detector.set_threshold(recall=recall)
    assert (detector.thresholds_.known.scores > detector.threshold_).mean() == recall
    assert (detector.anomaly_score(OTHERS) > detector.threshold_).mean() == pytest.approx(recall, abs=0.3)


def test_a_threshold_of_a_precision_is_the_lowest_that_reaches_it(detector):
    detector.set_threshold(precision=0.6)
    known, normal = detector.thresholds_.known.scores, detector.calibration_scores_
    hits = (known > detector.threshold_).sum()
    assert hits / (hits + (normal > detector.threshold_).mean() * 400) >= 0.6
    with pytest.raises(InputError, match=r"precision=0.99\d* cannot be reached: the best is"):
        fitted(np.r_[Y[:-12], RNG.permutation(Y[-24:])][: len(X)], RNG.normal(size=X.shape)).set_threshold(
            precision=0.9999
        )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"false_alarm_rate": 0.05}, "0.05 of future normal rows flagged"),
        ({"contamination": 0.1}, "0.1 of the training rows flagged"),
        ({"value": 2.5}, "this threshold, by its value"),
        ({"recall": 0.75}, "0.75 of anomalies like the known ones flagged"),
        ({"precision": 0.3}, "as frequent as in the training: 12 beside 400 rows"),
    ],
)
def test_what_a_threshold_was_asked_for_is_said_and_in_the_file(detector, tmp_path, asked, said):
    detector.set_threshold(**asked).save(tmp_path / "d.safetensors")
    again = isthmus.load(tmp_path / "d.safetensors")
    assert again.thresholds_.rule == asked and said in again.card().guarantees["asked for"]
    assert again.calibration_["guarantee"].startswith("none") is ("false_alarm_rate" not in asked)


def test_they_are_in_the_file(detector, tmp_path):
    detector.save(tmp_path / "d.safetensors")
    again = isthmus.load(tmp_path / "d.safetensors").set_threshold(recall=0.5)
    assert again.card().guarantees["trained on"] == "all rows as normal, beside 12 known anomalies"
    np.testing.assert_array_equal(again.thresholds_.known.scores, detector.thresholds_.known.scores)
    np.testing.assert_array_equal(again.anomaly_score(X), detector.anomaly_score(X))
    assert again.set_threshold(precision=0.6).threshold_ == detector.set_threshold(precision=0.6).threshold_


@pytest.mark.parametrize("y", [Y.astype(bool), np.where(Y, -1, 1), np.where(Y, "fraud", "0"), Y.tolist(), pd.Series(Y)])
def test_labels_of_all_kinds_say_the_same(y):
    assert len(fitted(y).thresholds_.known.scores) == 12


def test_tables_with_categories_have_known_anomalies_too():
    frame = pd.DataFrame(X, columns=list("abcd")).assign(kind=RNG.choice(["x", "y"], len(X)))
    made = fitted(rows=frame)
    assert made.explain(frame[:3]).shape == (3, 5) and len(made.thresholds_.known.scores) == 12


def test_another_score_does_not_look_at_them_but_thresholds_do():
    made = fitted(scorer="error")
    assert made.score_.kept_rows == 0 and len(made.thresholds_.known.scores) == 12
    assert len(fitted(keep_rows=False).score_.state_dict()) and fitted(keep_rows=False).card().kept_rows == 0


def test_rows_that_are_not_known_may_be_abnormal_too():
    made = fitted(contamination=0.05)
    assert made.score_.scores[1].near.fraction == 0.05 and len(made.thresholds_.known.scores) == 12


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.zeros(412), "all 412 rows are normal: leave y out"),
        (np.ones(412), "all 412 rows are abnormal: train on rows that are normal too"),
        (np.where(Y, 1, np.nan), "y has no label for 400 rows, such as row 0: give 0"),
        (Y[:-1], r"y has the shape \(411,\), but there are 412 rows"),
        (Y[:, None], r"y has the shape \(412, 1\)"),
    ],
)
def test_labels_that_say_nothing_are_refused(y, said):
    with pytest.raises(InputError, match=said):
        fitted(y)


@pytest.mark.parametrize("y", [np.arange(len(X)) % 3, RNG.normal(size=len(X)), np.arange(len(X)) % 2 + 1])
def test_classes_and_targets_are_ignored_as_by_scikit_learn(y):
    np.testing.assert_array_equal(fitted(y).anomaly_score(FRESH), fitted(None).anomaly_score(FRESH))


def test_a_signal_has_no_labels():
    ae = isthmus.Autoencoder(data=Signals(window=8), latent_dim=2, epochs=1, verbose=False)
    with pytest.raises(InputError, match="consecutive in time"):
        isthmus.AnomalyDetector(ae).fit(RNG.normal(size=(100, 2)), np.repeat([0, 1], 50))


@pytest.mark.parametrize("way", ["recall", "precision"])
def test_thresholds_by_known_anomalies_need_some(way):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = fitted(None)
    with pytest.raises(InputError, match=rf"set_threshold\({way}=...\) needs known anomalies"):
        made.set_threshold(**{way: 0.5})
    with pytest.raises(InputError, match=f"{way}=2: expected a number above 0"):
        made.set_threshold(**{way: 2})
