"""Metrics of detection: which labels stand for abnormal rows."""

import numpy as np
import pytest

from isthmus.tasks.evaluation.detection import abnormal


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
