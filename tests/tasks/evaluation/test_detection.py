"""Metrics of detection: which labels stand for abnormal rows."""

import numpy as np
import pytest

from isthmus.support.errors import InputError
from isthmus.tasks.evaluation.detection import abnormal, detection_metrics


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 1, 2], [False, True, True]),
        ([True, False, True], [True, False, True]),
        (["0", "1", "01"], [False, True, True]),
        (["0.0", "1.00", ""], [False, True, False]),
        (np.array(["", "dos", "0"], dtype=object), [False, True, False]),
    ],
)
def test_labels_that_are_no_zero_stand_for_abnormal_rows(labels, expected):
    assert abnormal(labels).tolist() == expected


def test_the_first_k_and_costs():
    score, abnormal = np.array([5.0, 4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False, False])
    metrics = detection_metrics(score, score > 4.5, abnormal, k=2, alarm_cost=1, miss_cost=10)
    assert metrics["precision_at_k"] == 0.5
    assert metrics["cost"] == 1 + 10 and metrics["least_cost"] == 3  # three alarms find both
    assert detection_metrics(score, score > 4.5, abnormal)["precision_at_k"] == 0.5
    assert "cost" not in detection_metrics(score, score > 4.5, abnormal)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"k": 0}, "k=0: expected a number of rows from 1 to 2"), ({"miss_cost": -1.0}, "miss_cost=-1.0: expected")],
)
def test_settings_are_checked(settings, said):
    with pytest.raises(InputError, match=said):
        detection_metrics(np.array([1.0, 2.0]), np.array([True, False]), np.array([True, False]), **settings)
