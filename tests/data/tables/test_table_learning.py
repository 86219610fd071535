"""One pass over pieces says the same as one look at the whole."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from isthmus.data.tables import statistics
from isthmus.data.tables.statistics import RunningStatistics
from isthmus.data.tables.table import Table
from isthmus.support.errors import InputError

CELLS = st.integers(-(10**9), 10**9).map(lambda n: n / 1000) | st.just(float("nan"))


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(2, 30), st.integers(1, 4)), elements=CELLS), st.integers(1, 29))
def test_moments_of_pieces_are_those_of_the_whole(X, at):
    merged = RunningStatistics.of(X[:at]).merge(RunningStatistics.of(X[at:]))
    count = (~np.isnan(X)).sum(0)
    assert merged.count.tolist() == count.tolist()
    some = count > 0
    np.testing.assert_allclose(merged.centre[some], np.nanmean(X[:, some], axis=0), rtol=1e-9, atol=1e-6)
    varied = some & (merged.low < merged.high)
    np.testing.assert_allclose(merged.deviation[varied], np.nanstd(X[:, varied], axis=0), rtol=1e-6, atol=1e-6)
    assert np.isnan(merged.centre[~some]).all()


def test_blocks_are_merged(monkeypatch):
    X = np.random.default_rng(0).normal(5, 2, (100, 3))
    monkeypatch.setattr(statistics, "BLOCK", 10)
    found = RunningStatistics.of(X)
    np.testing.assert_allclose(found.mean, X.mean(0))
    np.testing.assert_allclose(found.deviation, X.std(0))
    np.testing.assert_array_equal((found.low, found.high), (X.min(0), X.max(0)))


def test_a_constant_column_is_exactly_centred():
    table = Table().learn([np.full((1000, 1), 0.1 + 1e6)] * 3)
    assert table(table.read(np.full((1, 1), 0.1 + 1e6))).x.item() == 0


def test_pieces_of_a_frame_say_the_same_as_the_whole():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "n": rng.normal(100, 5, 60),
            "c": rng.choice(["x", "y", "z", None], 60),
            "b": rng.random(60) > 0.5,
            "d": pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 60), unit="D"),
        }
    )
    whole = Table().learn([frame]).schema
    pieces = Table().learn(frame.iloc[at : at + 7] for at in range(0, 60, 7)).schema
    np.testing.assert_allclose(pieces.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(pieces.deviation, whole.deviation, rtol=1e-10)
    for name in ("kinds", "categories", "missing", "dtypes", "low", "high", "names"):
        assert getattr(pieces, name) == getattr(whole, name)


def test_kinds_widen_from_piece_to_piece():
    pieces = [
        pd.DataFrame({"a": [1, 2], "b": [None, None], "c": [True, False], "d": [1.0, np.nan]}),
        pd.DataFrame({"a": [1.5, np.nan], "b": ["x", "y"], "c": [3, 4], "d": [7.0, 8.0]}),
        pd.DataFrame({"a": [1, 2], "b": [None, "a"], "c": [True, True], "d": [None, None]}),
    ]
    schema = Table().learn(pieces).schema
    assert schema.kinds == ("float", "category", "integer", "float")
    assert schema.missing == (1, 3, 0, 3)
    assert schema.categories == (("a", "x", "y"),)
    assert schema.dtypes[0] == ("float64",)


def test_the_wider_type_of_two_pieces_is_kept():
    schema = Table().learn([pl.DataFrame({"a": pl.Series([1], dtype=t)}) for t in (pl.Int8, pl.Int32, pl.Int16)]).schema
    assert schema.dtypes == (("Int32",),)


def test_pieces_are_seen_once_and_forgotten():
    pieces = iter([np.eye(2), np.eye(2)])
    assert Table().learn(pieces).schema.mean == (0.5, 0.5)
    assert list(pieces) == []


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([], "no rows to learn from"),
        ([np.eye(2), np.eye(3)], "differ in their columns: 2, then 3"),
        ([pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})], r"\('a',\), then \('b',\)"),
        ([pd.DataFrame({"a": [1]}), pd.DataFrame({"a": ["x"]})], "column 'a' is of kind integer in one .* category"),
        ([pd.DataFrame({"a": pd.Categorical([pd.Timestamp(0)])})], "column 'a' has the category Timestamp.*astype"),
        ([np.array([[1e200], [-1e200]])], "column 'x0' reaches from -1e\\+200 to 1e\\+200: too far"),
        ([np.array([[1e308], [-1e308]])], "column 'x0' reaches from"),
    ],
)
def test_what_cannot_be_learnt_is_named(pieces, message):
    with pytest.raises(InputError, match=message):
        Table().learn(pieces)
