"""Bins: numbers become places in [0, 1] and come back; spikes, few values and ends keep their own places."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from isthmus.data.tables.bins import MAX_BINS, PARTS, Bins, learn_bins
from isthmus.data.tables.reservoir import ELEMENTS, ROWS, Reservoir

RNG = np.random.default_rng(0)


def mapped(column):
    """Return the bins of one column, and the map that they make."""
    learnt = learn_bins(np.asarray(column, dtype=float)[:, None])
    return learnt[0], Bins(learnt, [max(float(np.nanstd(column)), 1e-9)])


def scaled(bins, values):
    return bins.scaled(torch.as_tensor(np.asarray(values, dtype=float))[:, None])[:, 0].numpy()


def numbers(bins, at):
    return bins.numbers(torch.as_tensor(np.asarray(at, dtype=float))[:, None])[:, 0].numpy()


def test_places_of_a_smooth_column_are_its_ranks():
    column = RNG.lognormal(size=20_000)
    _, bins = mapped(column)
    np.testing.assert_allclose(scaled(bins, column), stats.rankdata(column) / len(column), atol=0.02)


def test_draws_at_random_places_have_the_distribution_of_the_column():
    column = RNG.gamma(0.5, size=20_000)
    drawn = numbers(mapped(column)[1], RNG.random(20_000))
    assert stats.ks_2samp(column, drawn).statistic < 0.02


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=300))
@settings(max_examples=50, deadline=None)
def test_places_rise_with_the_numbers_and_stay_in_the_unit_interval(column):
    learnt, bins = mapped(column)
    at = scaled(bins, np.sort(column))
    assert len(learnt) <= MAX_BINS
    assert (np.diff(at) >= 0).all()
    assert at.min() >= 0 and at.max() <= 1
    back = numbers(bins, RNG.random(100))
    assert min(column) <= back.min() and back.max() <= max(column)


def test_whole_numbers_come_back_from_float32():
    column = RNG.integers(0, 300, 5000)
    learnt, bins = mapped(column)
    at = scaled(bins, column)
    assert len(learnt) < 100
    np.testing.assert_array_equal(numbers(bins, at.astype(np.float32)), column)


@pytest.mark.parametrize("scale", [1.0, 0.01, 1e6])
def test_few_values_each_have_a_bin_and_come_back_exactly(scale):
    column = np.repeat(np.arange(9.0) * scale, RNG.integers(1, 90, 9))
    learnt, bins = mapped(column)
    assert len(learnt) == 9
    np.testing.assert_allclose(scaled(bins, np.unique(column)), (np.arange(9) + 0.5) / 9)
    np.testing.assert_array_equal(numbers(bins, scaled(bins, column)), column)


def test_a_spike_has_a_bin_of_its_own():
    column = np.concatenate([np.zeros(9000), RNG.exponential(1000, 900), np.full(300, 5000.0)])
    learnt, bins = mapped(column)
    single = [ends[0] for _, ends in learnt if ends[0] == ends[-1]]
    assert single == [0.0, 5000.0]
    assert all(ends[0] >= 5000 or ends[-1] < 5000 for _, ends in learnt), "no bin reaches across the spike"
    assert 40 < len(learnt) <= MAX_BINS
    assert set(numbers(bins, np.linspace(0, 1 / len(learnt), 20)[:-1])) == {0.0}


def test_beyond_the_learnt_range_places_go_on_in_deviations():
    column = RNG.normal(10, 2, 5000)
    _, bins = mapped(column)
    far = [column.min() - 4 * column.std(), column.max() + 6 * column.std()]
    np.testing.assert_allclose(scaled(bins, far), [-4, 7], atol=1e-4)
    np.testing.assert_allclose(numbers(bins, [-4, 7]), [column.min(), column.max()])


def test_numbers_have_the_unit_of_their_bin():
    column = np.concatenate([RNG.integers(20, 80, 2000), RNG.integers(1, 100, 60) / 100])
    drawn = numbers(mapped(column)[1], RNG.random(3000))
    np.testing.assert_array_equal(drawn, np.round(drawn, 2))
    assert (drawn[drawn >= 25] % 1 == 0).all()


def test_days_and_hundreds_are_kept():
    column = 86400.0 * RNG.integers(18_000, 19_000, 3000)
    assert (numbers(mapped(column)[1], RNG.random(500)) % 86400 == 0).all()
    column = 100.0 * RNG.integers(150, 5000, 3000)
    assert (numbers(mapped(column)[1], RNG.random(500)) % 100 == 0).all()


def test_gaps_stay_gaps_and_an_empty_column_has_one_bin():
    learnt = learn_bins(np.array([[1.0, np.nan], [np.nan, np.nan], [2.0, np.nan]]))
    assert [len(column) for column in learnt] == [2, 1]
    assert all(len(ends) == PARTS + 1 for _, ends in learnt[0])
    at = Bins(learnt, [1.0, 1.0]).scaled(torch.tensor([[torch.nan, torch.nan], [2.0, torch.nan]]))
    assert torch.isnan(at).tolist() == [[True, True], [False, True]]


def test_truth_values_beside_are_left_alone():
    bins = Bins(learn_bins(RNG.normal(size=(100, 1))), [1.0, 0.5])
    x = torch.tensor([[0.3, 1.0], [0.1, 0.0]], dtype=torch.float64)
    assert torch.equal(bins.scaled(x)[:, 1], x[:, 1])
    assert torch.equal(bins.numbers(x)[:, 1], x[:, 1])


def test_a_reservoir_does_not_depend_on_the_pieces():
    rows = np.arange(3.0 * ROWS)[:, None]
    whole, pieces = Reservoir(1), Reservoir(1)
    whole.see(rows, [0])
    for piece in np.array_split(rows, 7):
        pieces.see(piece, [0])
    np.testing.assert_array_equal(whole.rows, pieces.rows)
    assert len(whole.rows) == ROWS
    assert stats.kstest(whole.rows[:, 0] / len(rows), "uniform").pvalue > 0.001


def test_a_reservoir_keeps_all_of_a_small_table_and_little_of_a_wide_one():
    small, wide = Reservoir(2), Reservoir(ELEMENTS // 1000)
    small.see(np.array([[1.0], [2.0]]), [1])
    np.testing.assert_array_equal(small.rows, [[np.nan, 1.0], [np.nan, 2.0]])
    wide.see(np.zeros((1500, 1)), [0])
    assert len(wide.rows) == 1000
