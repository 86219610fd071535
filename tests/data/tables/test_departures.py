"""What is said of new rows that are unlike those of training."""

import numpy as np
import pandas as pd
import pytest

from isthmus.data.tables.departures import departures
from isthmus.data.tables.table import Table


def frame(n=40):
    draw = np.random.default_rng(0)
    return pd.DataFrame({"a": draw.uniform(4, 8, n), "b": draw.integers(0, 9, n), "c": list("xyzz") * (n // 4)})


def test_rows_like_those_of_training_are_passed_in_silence():
    X = frame()
    X.loc[3, "a"] = np.nan
    schema = Table().learn([X]).schema
    assert departures(X, schema) == departures(X.assign(a=np.nan, more=1), schema) == []
    assert departures(X.assign(a=12.0, b=20), schema) == [], "somewhat outside"


def test_gaps_and_sentinels_are_counted():
    schema = Table().learn([frame()]).schema
    X = frame().astype({"b": float})
    X.loc[[1, 2], "b"], X.loc[[5], "c"], X.loc[[7, 8], "a"] = np.nan, None, -999.0
    gaps, far = departures(X, schema)
    assert gaps.startswith("3 cells are missing in columns that had no gaps in training: 'b' (2), 'c' (1); a number")
    assert "'a' (2, such as -999, where training had 4." in far and "--missing" in far


@pytest.mark.parametrize("X", [np.array([[1.0, 2.0], [np.nan, 900.0]]), [[1.0, 2.0], [None, 900.0]]])
def test_arrays_and_lists_have_columns_too(X):
    schema = Table().learn([np.random.default_rng(0).random((30, 2))]).schema
    gaps, far = departures(X, schema)
    assert "1 cell is missing" in gaps and "'x0' (1)" in gaps and "'x1' (1, such as 900" in far
