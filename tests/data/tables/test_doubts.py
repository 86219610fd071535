"""A column that may be something else than it is read as is never read so without a word."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

from isthmus import AnomalyDetector, Autoencoder
from isthmus.data.tables.conditions import Condition
from isthmus.data.tables.table import Table
from isthmus.support.errors import ColumnWarning, DataWarning

N = 40
RNG = np.random.default_rng(0)
GOOD = {"kind": RNG.choice(["red", "green"], N), "size": RNG.normal(size=N), "count": RNG.integers(0, 99, N)}


def said(X):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Table().learn([X])
    assert all(issubclass(warning.category, DataWarning) for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["540.0"] * 36 + ["-"] * 4,
            "text that looks like numbers is taken for categories: 'odd' (90% of its cells, such as '540.0', but not "
            "'-'); convert it (--missing TEXT takes other cells for gaps; in Python pandas.to_numeric(X[column]))",
        ),
        (["4.128,96", "$5,473.94", "12.5%", "7"] * 10, "'odd' (100% of its cells, such as '4.128,96')"),
        (
            ["31.05.2024", "n/a"] + ["2024-05-31 12:00"] * 38,
            "text that looks like dates is taken for categories: 'odd' (98% of its cells, such as '31.05.2024', but "
            "not 'n/a'); convert it (--dates COLUMN=FORMAT; in Python pandas.to_datetime(X[column]))",
        ),
        (
            ["2024-01", "Mar 2024", "12/2024", "n/a"] * 10,
            "text that looks like months is taken for categories: 'odd' (75% of its cells, such as '2024-01', but not "
            "'n/a'); convert it (--dates COLUMN=%Y-%m or 'COLUMN=%b %Y', as they are written; in Python "
            "pandas.to_datetime(X[column], format='%Y-%m'))",
        ),
        (
            [f"{n % 24}:{n:02d}" for n in range(N)],
            "text that looks like times of day is taken for categories: 'odd' (100% of its cells, such as '0:00'); "
            "convert it (--dates COLUMN=%H:%M or COLUMN=%H:%M:%S, as they are written; in Python "
            "pandas.to_datetime(X[column], format='%H:%M'))",
        ),
        (
            ["8.5k", "1.2M"] * 20,
            "text that looks like abbreviated numbers is taken for categories: 'odd' (100% of its cells, such as "
            "'8.5k'); convert it (write them in full, such as 8500 in place of 8.5k)",
        ),
        (
            [f"person {n}" for n in range(N)],
            "these columns of text have a value of their own in most rows: 'odd' (40 in 40 rows, such as 'person 0'); "
            "leave them out (--drop odd; in Python X.drop(columns=[...]))",
        ),
        (list(range(7, N + 7)), "these columns number the rows: 'odd' (7 to 46); leave them out (--drop odd;"),
        (list(range(0, 2 * N, 2)), "these columns number the rows: 'odd' (0 to 78)"),
        (RNG.permutation(N), "these columns number the rows: 'odd' (0 to 39)"),
        ([3.5] * N, "these columns have one value in all 40 rows, from which nothing can be learnt: 'odd' (3.5)"),
        (["same"] * N, "in all 40 rows, from which nothing can be learnt: 'odd' ('same')"),
    ],
    ids=[
        "numbers",
        "money",
        "dates",
        "months",
        "times",
        "abbreviated",
        "names",
        "row numbers",
        "left out",
        "shuffled",
        "constant",
        "one category",
    ],
)
def test_an_odd_column_is_named_with_the_remedy(library, cells, message):
    found = said(library({**GOOD, "odd": cells}))
    assert len(found) == 1 and message in found[0]


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame(GOOD),
        pd.DataFrame({**GOOD, "zip": pd.Categorical(["101", "102"] * 20)}),
        pl.DataFrame({**GOOD, "zip": pl.Series(["101", "102"] * 20, dtype=pl.Categorical)}),
        pd.DataFrame(
            {**GOOD, "n": RNG.permutation(2 * np.arange(N)), "unix": 60 * np.arange(N), "x": 1.0 * np.arange(N)}
        ),
        pd.DataFrame({"name": ["a", "b", "c"], "n": [1, 2, 3]}),
        np.ones((N, 2)),
    ],
    ids=["usual", "categories by type", "polars categories", "whole numbers", "few rows", "an array"],
)
def test_other_columns_go_without_a_word(X):
    assert said(X) == []


def test_few_rows_of_text_that_looks_like_numbers_are_named():
    assert "'a' (100% of its cells, such as '12.5')" in said(pd.DataFrame({"a": ["12.5", "1,3"]}))[0]


def test_codes_are_no_numbers_and_rare_categories_are_named_once():
    names = [f"{n:05d}" for n in range(0, 977 * N, 977)]
    assert all("like numbers" not in text for text in said(pd.DataFrame({**GOOD, "zip": names})))
    with pytest.warns(DataWarning) as caught:
        Table(max_categories=5).learn([pd.DataFrame({**GOOD, "user": [f"u{n}" for n in range(N)]})])
    assert [str(warning.message).count("--drop user") for warning in caught] == [1]


def test_several_odd_columns_are_one_warning():
    found = said(pd.DataFrame({**GOOD, **{f"id{n}": [f"{n} {row}" for row in range(N)] for n in range(5)}}))
    assert len(found) == 1 and "--drop id0,id1,id2,…" in found[0]


def test_pieces_say_the_same_as_the_whole():
    X = pd.DataFrame({**GOOD, "id": RNG.permutation(N), "price": ["1,5", "2,5", "-", "3,5"] * 10})
    X["row"] = np.arange(N)
    with pytest.warns(ColumnWarning) as caught:
        whole = Table().learn(X[at : at + 9] for at in range(0, N, 9))
    found = [str(warning.message) for warning in caught]
    assert found == said(X) and "'id' (0 to 39), 'row' (0 to 39)" in found[1]
    with pytest.warns(ColumnWarning) as caught:
        merged = Table().learn([X[:9]]).merge(Table().learn([X[9:]]))
    assert [str(warning.message) for warning in caught][
        -len(found) :
    ] == found and merged.schema.rows == whole.schema.rows


def test_labels_are_what_the_user_says():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Condition("y").learn(Condition("y").split(None, np.arange(N))[1])


@pytest.mark.parametrize("knobs", [{"false_alarm_rate": 0.1}, {"contamination": 0.1}])
def test_a_detector_that_trains_several_times_says_it_once(knobs):
    X = pd.DataFrame({**GOOD, "id": np.arange(N)})
    model = Autoencoder("denoising", 2, epochs=1, verbose=False)
    with pytest.warns(ColumnWarning) as caught:
        AnomalyDetector(model, random_state=0, **knobs).fit(X)
    assert sum("number the rows" in str(warning.message) for warning in caught) == 1


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("columns", [list(GOOD), ["size", "count"], ["kind", "size"]])
def test_rows_without_any_value_are_named(columns, pieces):
    frame = pd.DataFrame(GOOD)[columns].astype({name: "float64" for name in columns if name != "kind"})
    assert not said(frame)
    frame.loc[[17, 38, 39]] = None
    chunks = [frame.iloc[part] for part in np.array_split(np.arange(N), pieces)]
    with pytest.warns(DataWarning, match="^3 rows have no value, the first is row 17; .*dropna"):
        Table().learn(chunks)


def test_empty_rows_of_merged_tables_are_counted_on():
    frame = pd.DataFrame(GOOD).astype({"count": "float64"})
    rest = frame.copy()
    rest.loc[3] = None
    with pytest.warns(DataWarning, match="^row 43 has no value"):
        Table().learn([frame]).merge(_learnt(rest))


def _learnt(X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Table().learn([X])
