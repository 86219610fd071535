"""NAB's standard profile, against what its paper says of simple cases."""

import numpy as np
import pytest

from benchmarks.support.nab_profile import Log, standard_score

LOG = Log("log", np.zeros(1000), np.arange(1000), [(400, 499), (700, 799)])


def score(*rows):
    return standard_score([np.array(rows, dtype=int)], [LOG])


def test_the_earliest_alarms_are_100_and_none_is_0():
    assert score(400, 700) == pytest.approx(100)
    assert score() == 0


def test_one_of_two_windows_is_half():
    assert score(400) == pytest.approx(50)


def test_only_the_first_alarm_in_a_window_counts():
    assert score(400, 450, 700) == pytest.approx(100)
    assert 95 < score(450, 700) < 100 < score(400, 700) + 1e-9
    assert score(499, 700) == pytest.approx(75, abs=2)  # at the end of a window it is worth next to nothing


def test_false_alarms_cost_the_more_the_farther_they_are():
    far, near = 100 - score(400, 690, 700), 100 - score(400, 505, 700)
    assert far == pytest.approx(100 * 0.11 / 4, rel=0.01)
    assert near < far / 3
    assert 100 - score(300, 400, 700) == pytest.approx(100 * 0.11 / 4)


def test_alarms_while_learning_do_not_count():
    assert LOG.probation == 150
    assert score(149, 400, 700) == pytest.approx(100)
    assert score(150, 400, 700) < 100
