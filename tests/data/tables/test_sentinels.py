"""Numbers that may stand for missing cells are named; ordinary columns are not."""

import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from isthmus.data.io.files import read
from isthmus.data.io.reading import Reading
from isthmus.data.tables.learner import learnt
from isthmus.data.tables.profile import profile
from isthmus.data.tables.table import Table
from isthmus.support.errors import ColumnWarning

RNG = np.random.default_rng(0)
N = 400


def mixed(value, numbers, every=20):
    return np.where(np.arange(N) % every == 3, value, numbers)


SENTINELS = {
    "-999 among fractions": (mixed(-999, RNG.uniform(0, 12, N)), -999),
    "-9999 among whole numbers": (mixed(-9999, RNG.integers(0, 900, N)), -9999),
    "9999 above": (mixed(9999, RNG.normal(0, 100, N)), 9999),
    "-1 beside small fractions": (mixed(-1, RNG.uniform(0.1, 0.3, N)), -1),
    "-200, written without nines": (mixed(-200, RNG.uniform(0, 12, N)), -200),
    "99 among codes": (mixed(99, RNG.integers(1, 4, N)), 99),
    "in most cells": (np.where(np.arange(N) % 20 < 18, 999, RNG.integers(1, 28, N)), 999),
    "in one cell of a hundred": (mixed(-999, RNG.uniform(0, 12, N), 100), -999),
}
ORDINARY = {
    "zeros in most cells": mixed(0, RNG.uniform(1000, 1200, N), 2),
    "a single outlier": np.where(np.arange(N) == 3, -9999.0, RNG.normal(size=N)),
    "-1 in a column of codes": RNG.integers(-1, 2, N),
    "99 as an age": RNG.integers(1, 100, N),
    "codes, of which one stands apart": RNG.choice([1, 2, 3, 10], N),
    "heavy tails": RNG.pareto(1, N),
    "rare": mixed(-999, RNG.normal(size=N), 200),
    "two values": RNG.choice([0, 999], N),
}


def sentinels(X):
    learner = learnt(X, 100)
    return learner.sentinels(learner.schema())


@pytest.mark.parametrize("what", SENTINELS)
def test_a_sentinel_is_named_whole_and_in_pieces(what):
    cells, value = SENTINELS[what]
    X = pd.DataFrame({"other": RNG.normal(size=N), "odd": cells})
    whole, pieces = sentinels([X]), sentinels([X[at : at + 200] for at in range(0, N, 200)])
    assert whole == pieces and list(whole) == [1] and whole[1].value == value
    assert whole[1].fraction == np.mean(cells == value)
    rest = cells[cells != value]
    assert (whole[1].low, whole[1].high) == (rest.min(), rest.max())


@pytest.mark.parametrize("what", ORDINARY)
def test_ordinary_columns_have_none(what):
    assert sentinels([pd.DataFrame({"x": ORDINARY[what]})]) == {}


CUTS = {
    "one cell in a piece": [1000, 2000],
    "many pieces": range(0, 2000, 7),
    "a piece of sentinels alone": [100, 101, 150],
    "a piece of gaps alone": [1980, 1990],
}


@pytest.fixture(scope="module")
def rare():
    """Give a table with -999 in 21 of 2,000 cells, one of them in the second half, and 9999 at the other end."""
    numbers = RNG.uniform(0, 12, 2000)
    numbers[[*range(0, 1000, 50), 1500]], numbers[100], numbers[1980:1990] = -999, -999, np.nan
    above = np.where(np.arange(2000) % 90 == 7, 9999, RNG.integers(1, 30, 2000)).astype(float)
    return pd.DataFrame({"odd": numbers, "above": above, "codes": RNG.choice([1, 2, 99], 2000)})


def merged(learners):
    first, *others = learners
    for other in others:
        first.merge(other)
    return first.sentinels(first.schema())


@pytest.mark.parametrize("what", CUTS)
def test_sentinels_do_not_depend_on_how_rows_are_cut(rare, what):
    whole = sentinels([rare])
    assert {index: one.value for index, one in whole.items()} == {0: -999, 1: 9999, 2: 99}
    edges = [0, *CUTS[what], 2000]
    pieces = [rare[a:b] for a, b in pairwise(edges) if a < b]
    assert sentinels(pieces) == sentinels(pieces[::-1]) == whole
    assert merged([learnt([piece], 100) for piece in pieces[::-1]]) == whole


def test_of_sentinels_at_both_ends_the_more_frequent_is_named():
    cells = np.select([np.arange(N) % 20 == 3, np.arange(N) % 30 == 4], [9999, -999], RNG.uniform(0, 12, N))
    assert [one.value for one in sentinels([pd.DataFrame({"x": cells})]).values()] == [9999]


def test_the_warning_names_column_value_range_and_remedy():
    X = pd.DataFrame({"depth": np.round(SENTINELS["-999 among fractions"][0], 1), "v": RNG.normal(size=N)})
    with pytest.warns(
        ColumnWarning, match=r"'depth' \(-999 in 5% of its cells, others 0 to 12\).*--missing -999"
    ) as said:
        Table().learn([X])
    assert str(said[0].message) in profile([X]).notes


def test_the_option_takes_the_number_for_a_gap_however_it_is_written(tmp_path):
    (tmp_path / "t.csv").write_text("depth,v\n-999.0,1\n1.5,2\n-999,3\n")
    (tmp_path / "t.json").write_text('[{"depth": -999}, {"depth": 1.5}, {"depth": -999.0}]')
    for name in ("t.csv", "t.json"):
        depth = read(tmp_path / name, reading=Reading(missing=("-999",))).X["depth"]
        assert depth.isna().tolist() == [True, False, True] and depth[1] == 1.5


@pytest.mark.parametrize("name", ["adult_train", "california_housing", "horse_colic", "spambase", "winequality_white"])
def test_real_tables_have_none(real_data, name):
    X = read(real_data("tabular_missing") / f"{name}.csv").X
    assert sentinels([X]) == {}
    column = next(column for column in X.columns if X[column].dtype.kind in "if" and X[column].abs().max() < 200)
    X[column] = X[column].where(np.arange(len(X)) % 50 > 0, -9999)
    named = sentinels([X])
    assert [X.columns[index] for index in named] == [column]


def test_arrays_are_not_looked_at():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Table().learn([SENTINELS["-999 among fractions"][0].reshape(-1, 1)])
