"""Conformal thresholds against their definition, and over many draws."""

import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from isthmus import InputError
from isthmus.tasks.anomaly import conformal
from isthmus.tasks.anomaly.calibration import Calibration, held_out, limits

scores = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60).map(np.array)


@given(scores, st.floats(-1e6, 1e6))
def test_p_values_count(calibration, score):
    expected = (1 + sum(c >= score for c in calibration)) / (1 + len(calibration))
    assert conformal.p_values(np.array([score]), calibration)[0] == expected


@given(scores, scores, st.floats(0.01, 0.6))
def test_a_score_is_above_the_threshold_exactly_where_its_p_value_is_at_most_the_rate(calibration, new, rate):
    if len(calibration) < conformal.required_rows(rate):
        return
    flagged = new > conformal.threshold(calibration, rate)
    np.testing.assert_array_equal(flagged, conformal.p_values(new, calibration) <= rate + 1e-12)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_of_normal_rows_at_most_the_rate_has_a_small_p_value(rate):
    """Over 4,000 draws of 199 calibration scores and one new one: at most three standard errors above the rate."""
    rng = np.random.default_rng(0)
    draws = rng.exponential(size=(4000, 200))
    alarms = [conformal.p_values(draw[:1], draw[1:])[0] <= rate for draw in draws]
    error = np.sqrt(rate * (1 - rate) / len(draws))
    assert rate - 3 * error < np.mean(alarms) < rate + 3 * error


def test_too_few_calibration_rows_are_said_with_the_smallest_rate():
    with pytest.warns(
        UserWarning, match=r"asks for 99 calibration rows, but there are 9.*smallest possible rate is 0\.1"
    ):
        assert conformal.threshold(np.arange(9.0), 0.01) == 8
    assert conformal.required_rows(0.01) == 99 and conformal.required_rows(0.05) == 19
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert conformal.threshold(np.arange(99.0), 0.01) == 98


@given(st.integers(2, 300), st.floats(0.0, 0.99))
def test_a_fraction_of_the_scores_is_above_its_threshold(n, fraction):
    values = np.random.default_rng(n).permutation(n).astype(float)
    assert (values > conformal.fraction_threshold(values, fraction)).sum() == round(fraction * n)


@pytest.mark.parametrize(
    ("n", "rate", "ordered", "parts", "size"),
    [
        (10_000, 0.01, False, 1, 1999),
        (400, 0.01, False, 1, 99),
        (750, 0.01, False, 1, 99),
        (396, 0.03, False, 1, 66),
        (300, 0.01, False, 5, 60),
        (300, 0.1, False, 1, 59),
        (400, 0.01, True, 1, 99),
        (150, 0.01, True, 1, 75),
        (10**6, 0.01, False, 1, 9999),
    ],
)
def test_which_rows_are_held_out(n, rate, ordered, parts, size):
    folds = held_out(n, rate, np.random.default_rng(0), ordered)
    assert len(folds) == parts
    assert all(len(fold) == size for fold in folds)
    assert len(np.unique(np.concatenate(folds))) == size * parts
    if ordered:
        assert folds[0][-1] == n - 1


@pytest.mark.parametrize(
    ("n", "each", "rate", "cheap", "parts"),
    [(24, 4, 0.1, True, 5), (1000, 4, 0.01, False, 1), (300, 4, 0.01, False, 5), (9, 3, 0.1, False, 3)],
)
def test_rows_of_one_unit_are_held_out_together(n, each, rate, cheap, parts):
    units = np.random.default_rng(n).permutation(np.arange(n) // each).astype(str)
    folds = held_out(n, rate, np.random.default_rng(0), False, cheap, units)
    assert len(folds) == parts
    for fold in folds:
        assert not set(units[fold]) & set(np.delete(units, fold))
    if parts > 1:
        assert sorted(np.concatenate(folds)) == [*range(n)]
    else:
        assert 99 <= len(folds[0]) <= n // 4


def test_groups_have_p_values_and_thresholds_of_their_own():
    calibration = Calibration("split", np.r_[np.arange(99.0), 1000 + np.arange(99.0)], np.repeat(["low", "high"], 99))
    _, each = calibration.rate_thresholds(0.01)
    assert each == {"low": 98.0, "high": 1098.0}
    found = calibration.p_values(np.array([500.0, 500.0]), np.array(["low", "high"]))
    np.testing.assert_allclose(found, [0.01, 1.0])
    with pytest.warns(UserWarning, match="no threshold is known for 1 groups, such as 'new'"):
        np.testing.assert_array_equal(limits(np.array(["new", "low"]), 7.0, each), [7.0, 98.0])


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(InputError, match="not finite"):
        Calibration("split", np.array([1.0, np.nan]))


@pytest.mark.parametrize("value", [0, 1, -0.1, "a", True, None])
def test_a_fraction_out_of_range_is_named(value):
    with pytest.raises(InputError, match="contamination="):
        conformal.check_fraction("contamination", value, 1.0)


@pytest.mark.parametrize(("n", "rate"), [(99, 0.01), (500, 0.05), (19, 0.05)])
def test_the_band_holds_the_middle_of_the_distribution_of_the_flagged_fraction(n, rate):
    scores = np.random.default_rng(0).normal(size=n)
    k = int(rate * (n + 1))
    low, high = conformal.band(scores, conformal.threshold(scores, rate))
    law = scipy.stats.beta(k, n + 1 - k)
    assert (low, high) == pytest.approx((law.ppf(0.025), law.ppf(0.975)))


def test_the_band_is_narrower_the_more_rows_calibrate():
    random = np.random.default_rng(0)
    widths = []
    for n in (99, 399, 1599):
        scores = random.normal(size=n)
        low, high = conformal.band(scores, conformal.threshold(scores, 0.05))
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


def test_the_band_of_a_threshold_between_two_scores_reaches_from_that_of_the_higher_to_that_of_the_lower():
    scores = np.arange(199.0)
    lower, higher = conformal.band(scores, 196.0), conformal.band(scores, 197.0)
    assert conformal.band(scores, 196.5) == (higher[0], lower[1])


def test_the_band_of_a_threshold_beyond_all_scores_ends_at_zero_or_one():
    scores = np.arange(4.0)
    assert conformal.band(scores, 5.0) == (0.0, conformal.band(scores, 3.0)[1])
    assert conformal.band(scores, -5.0) == (conformal.band(scores, 0.0)[0], 1.0)
