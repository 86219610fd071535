"""Intervals: alarms joined, with their peak and the contributions of channels."""

import numpy as np
import pytest

from isthmus import InputError
from isthmus.tasks.anomaly.intervals import as_rows, intervals

SCORE = np.array([0.0, 3, 0, 0, 5, 7, 6, np.nan, 4, 0, 9])


def ends(found):
    return [(one.first, one.last) for one in found]


@pytest.mark.parametrize(
    ("join", "shortest", "expected"),
    [
        (0, 1, [(1, 1), (4, 6), (8, 8), (10, 10)]),
        (1, 1, [(1, 1), (4, 10)]),
        (2, 1, [(1, 10)]),
        (0, 2, [(4, 6)]),
        (1, 2, [(4, 10)]),
    ],
)
def test_neighbouring_alarms_are_joined(join, shortest, expected):
    assert ends(intervals(SCORE, 2, join=join, shortest=shortest)) == expected


def test_no_alarm_is_no_interval():
    assert intervals(SCORE, 9) == []
    assert intervals([], 1) == []


def test_times_and_peak():
    times = np.datetime64("2024-01-01") + np.arange(11) * np.timedelta64(1, "h")
    (one,) = intervals(SCORE, 2, times=times, join=5)
    assert (one.start, one.end, one.peak, one.score) == (times[1], times[10], times[10], 9.0)
    assert len(one) == 10


def test_a_threshold_for_each_moment():
    assert ends(intervals([1, 1, 1], [0, 2, 0])) == [(0, 0), (2, 2)]


def test_channels_stand_with_what_they_contribute():
    contributions = np.zeros((11, 3))
    contributions[4:7] = [1, 3, -5]
    one = intervals(SCORE, 4.5, contributions=contributions, names=["flow", "current", "voltage"])[0]
    assert one.channels == {"current": 0.75, "flow": 0.25, "voltage": 0.0}
    row = as_rows([one], count=2)[0]
    assert row["channels"] == "current 75%, flow 25%"
    assert (row["start"], row["end"], row["time_steps"]) == (4, 6, 3)


def test_channels_contribute_alike_where_nothing_does():
    (one,) = intervals([1, 0], 0.5, contributions=np.zeros((2, 2)))
    assert one.channels == {"x0": 0.5, "x1": 0.5}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": [1, 2]}, "11 scores but 2 times"),
        ({"contributions": np.zeros((3, 1))}, "11 scores but 3 contributions"),
        ({"threshold": np.nan}, "threshold=nan"),
        ({"threshold": [1, 2]}, "one for each of the 11 time steps"),
        ({"join": -1}, "join=-1"),
        ({"shortest": 0}, "shortest=0"),
        ({"score": np.zeros((2, 2))}, "score has the shape"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        intervals(**{"score": SCORE, "threshold": 1.0, **arguments})
