"""AnomalyDetector on real tables: anomalies found, the rate kept, the column that contributes most named."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from isthmus import AnomalyDetector

SCORERS = ["auto", "residual", "error"]  # auto is neighbours for numbers, residual for categories
TABLES = ["4_breastw", "6_cardio", "18_Ionosphere", "20_letter", "38_thyroid", "40_vowels", "42_WBC"]


def one_class(path, seed=0, most=None):
    data = np.load(path)
    X, y = data["X"].astype(np.float32), data["y"]
    normal = np.random.default_rng(seed).permutation(np.flatnonzero(y == 0))[:most]
    half = len(normal) // 2
    return X[normal[:half]], X[normal[half:]], X[y == 1]


@pytest.fixture(scope="module")
def fitted():
    held = {}

    def fit(path, scorer="auto"):
        if (path, scorer) not in held:
            train, fresh, odd = one_class(path)
            detector = AnomalyDetector(scorer=scorer, false_alarm_rate=0.05, random_state=0).fit(train)
            held[path, scorer] = detector, train, fresh, odd
        return held[path, scorer]

    return fit


@pytest.mark.parametrize("table", TABLES)
def test_anomalies_have_higher_scores(real_data, fitted, table):
    detector, _, fresh, odd = fitted(real_data(f"adbench/{table}.npz"))
    y = np.r_[np.zeros(len(fresh)), np.ones(len(odd))]
    assert roc_auc_score(y, detector.anomaly_score(np.r_[fresh, odd])) > 0.85


def found_first(detector, train, fresh):
    """Put a column of each of 200 normal rows beyond its largest value in training; return how often it is first."""
    rng = np.random.default_rng(0)
    rows = fresh[:200].copy()
    live = np.flatnonzero(np.ptp(train, axis=0) > 0)
    column = rng.choice(live, len(rows))
    rows[np.arange(len(rows)), column] = (train.max(0) + train.std(0))[column]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*constant in training")
        found = detector.explain(rows)
    return (found.argmax(1) == column).mean()


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("table", TABLES)
def test_a_value_outside_its_range_contributes_most(real_data, fitted, table, scorer):
    detector, train, fresh, _ = fitted(real_data(f"adbench/{table}.npz"), scorer)
    assert found_first(detector, train, fresh) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("scorer", ["neighbours", "residual", "error", "channel", "monitoring"])
def test_a_value_outside_its_range_contributes_most_in_all_tables(real_data, scorer):
    shares = {}
    for path in sorted(real_data("adbench").glob("*.npz")):
        train, fresh, _ = one_class(path, most=8000)
        detector = AnomalyDetector(scorer=scorer, false_alarm_rate=0.05, random_state=0).fit(train)
        shares[path.stem] = found_first(detector, train, fresh)
    assert len(shares) >= 23 and min(shares.values()) >= 0.9, shares


@pytest.mark.parametrize("scorer", ["neighbours", "residual", "error"])
def test_a_category_never_seen_contributes_most(real_data, scorer):
    names = pd.read_csv(real_data("intrusion/nsl_kdd/columns.csv")).iloc[:, 1].tolist()
    rows = pd.read_csv(real_data("intrusion/nsl_kdd/KDDTrain+_20Percent.txt"), header=None, names=names)
    rows = rows[rows["attack"] == "normal"].drop(columns=["attack", "difficulty"]).head(3000).reset_index(drop=True)
    detector = AnomalyDetector(scorer=scorer, false_alarm_rate=0.05, random_state=0).fit(rows[:2000])
    odd = rows[2000:2200].reset_index(drop=True)
    kinds = odd.select_dtypes(exclude="number").columns
    column = np.random.default_rng(0).choice(kinds, len(odd))
    for row, name in enumerate(column):
        odd.loc[row, name] = "never-seen"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(never-seen|constant in training)")
        found = detector.explain(odd)
    assert (found.idxmax(axis=1) == column).mean() >= 0.9
