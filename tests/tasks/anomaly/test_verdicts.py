"""Verdicts: one table of what a detector finds, with or without groups, and the columns to blame."""

import numpy as np
import pandas as pd
import pytest

from isthmus import AnomalyDetector
from isthmus.tasks.anomaly.results import blamed, verdicts


@pytest.mark.parametrize("groups", [None, "kind"])
def test_verdicts_are_what_the_methods_give(groups):
    draw = np.random.default_rng(0)
    X = pd.DataFrame(draw.normal(size=(300, 3)), columns=list("abc")).assign(kind=draw.choice(["p", "q"], 300))
    detector = AnomalyDetector(false_alarm_rate=0.1, groups=groups, random_state=0).fit(X[:200])
    found = verdicts(detector, X)
    np.testing.assert_array_equal(found["score"], detector.anomaly_score(X))
    np.testing.assert_array_equal(found["p_value"], detector.p_values(X))
    np.testing.assert_array_equal(found["flagged"], detector.predict(X) == -1)
    assert found["flagged"].any() and not found["flagged"].all()


def test_where_there_is_no_score_there_is_no_p_value():
    class Silent:
        groups, threshold_, calibration_scores_ = None, 1.0, np.array([0.5, 1.0])

        def anomaly_score(self, X):
            return np.array([np.nan, 2.0])

    found = verdicts(Silent(), None)
    assert np.isnan(found["p_value"][0]) and found["p_value"][1] == pytest.approx(1 / 3)
    assert found["flagged"].tolist() == [False, True]


def test_nobody_is_to_blame_where_nothing_was_found():
    found = blamed([[0.0, -1.0], [np.nan, 2.0]], ["a", "b"], most=3)
    assert list(found) == ["blame_1", "blame_1_share", "blame_2", "blame_2_share"]
    assert found["blame_1_share"].tolist() == [0.0, 1.0] and found["blame_1"][1] == "b"
