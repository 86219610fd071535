"""Every bad input is an error that names the value, the place and the remedy."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch

from isthmus.core.part import build, describe
from isthmus.data.tables.table import Table
from isthmus.support.errors import FileFormatError, InputError


@pytest.fixture
def table():
    frame = pd.DataFrame(
        {"age": [20.0, 40.0], "town": ["Brno", "Oslo"], "born": pd.to_datetime(["1990-01-01", "1980-01-01"])}
    )
    return Table().learn([frame])


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.ones(3), InputError, "Expected 2D array, got 1D array instead(.|\n)*Reshape your data"),
        (pd.Series([1.0]), InputError, "Expected a 2-dimensional container .* Pass a DataFrame"),
        (np.ones((2, 2, 2)), InputError, "Found array with dim 3"),
        (np.ones((0, 2)), InputError, r"Found array with 0 sample\(s\)"),
        (np.ones((2, 0)), InputError, r"Found array with 0 feature\(s\)"),
        (pd.DataFrame({"a": []}), InputError, r"Found array with 0 sample\(s\) \(shape=\(0, 1\)\)"),
        (pd.DataFrame(index=[0]), InputError, r"Found array with 0 feature\(s\)"),
        (np.array([[1 + 2j]]), InputError, "Complex data not supported"),
        (sp.csr_array(np.eye(2)), TypeError, "Sparse data was passed.*toarray"),
        (torch.eye(2).to_sparse(), TypeError, "Sparse data was passed.*to_dense"),
        ([[1.0], [1.0, 2.0]], InputError, "differ in length"),
        (np.array([["2020-01-01"]], "M8[D]"), TypeError, "array of datetime64"),
        (np.array([[1.0, np.inf]]), InputError, "column 'x1', row 0: infinity .inf.; put a finite number"),
        (pd.DataFrame({"a": [1.0, -np.inf]}), InputError, "column 'a', row 1: infinity .-inf."),
        ([[1.0], ["two"], [3.0]], InputError, "column 'x0', row 1: 'two' is text in a column of numbers"),
        (
            np.array([[{"a": 1}, 1.0]], dtype=object),
            TypeError,
            "column 'x0', row 0: .* argument must be a string or a number",
        ),
        (pd.DataFrame({"a": [1, "x"]}), InputError, "column 'a', row 1: 'x' is text in a column of numbers"),
        (
            pd.DataFrame({"a": pd.period_range("2020", periods=2, freq="D")}),
            TypeError,
            r"column 'a' is of type period\[D\]",
        ),
        (pl.DataFrame({"a": [[1, 2]]}), TypeError, "column 'a' is of type List"),
        (
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
            InputError,
            "two columns of X have the same name(.|\n)*'a' 2 times; rename one",
        ),
        (pl.LazyFrame({"a": [1]}), TypeError, r"give X.collect\(\)"),
    ],
)
def test_what_is_no_table_is_refused(X, error, message):
    with pytest.raises(error, match=message) as caught:
        Table().learn([X])
    assert isinstance(caught.value, InputError)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="age"), "yet now missing:\n- age"),
        (lambda f: f.rename(columns={"age": "Age"}), "unseen at fit time:\n- Age\n(.|\n)*now missing:\n- age"),
        (lambda f: f.assign(**{f"new{i}": 1 for i in range(7)}), r"- new4\n- \.\.\."),
        (lambda f: f[["town", "age", "born"]], "must be in the same order"),
        (lambda f: f.assign(age=["20", "forty"]), "column 'age', row 0: '20' is text in a column of numbers"),
        (lambda f: f.assign(age=pd.Series([20, "forty"], dtype=object)), "column 'age', row 1: 'forty' is text"),
        (lambda f: f.assign(age=f.born), "column 'age' is of kind date, but the table was fitted with float"),
        (
            lambda f: f.assign(born=["1990", "1980"]),
            "column 'born' is of kind category, .* date; convert it .to_datetime",
        ),
        (lambda f: f.assign(born=f.born - f.born), "column 'born' is of kind duration"),
        (lambda f: f.assign(age=[1.0, np.inf]), "column 'age', row 1: infinity"),
        (lambda f: f.to_numpy()[:, :2], "X has 2 features, but Table is expecting 3 features as input"),
    ],
)
def test_other_columns_than_learnt_are_refused(table, change, message):
    frame = pd.DataFrame(
        {"age": [20.0, 40.0], "town": ["Brno", "Oslo"], "born": pd.to_datetime(["1990-01-01", "1980-01-01"])}
    )
    with pytest.raises(InputError, match=message):
        table.read(change(frame))


def test_a_number_where_truth_values_were_learnt_is_refused():
    table = Table().learn([pd.DataFrame({"n": [5.0, 6.0], "b": [True, False]})])
    assert table.read(pd.DataFrame({"n": [9.0, 9.0], "b": [1.0, np.nan]}))["numbers"][0].tolist() == [9, 1]
    with pytest.raises(InputError, match="column 'b', row 1: 2 is neither true"):
        table.read(pd.DataFrame({"n": [9, 9], "b": [1, 2]}))


def test_an_unknown_scale_is_named_with_the_nearest():
    with pytest.raises(InputError, match="unknown scale 'columns'; did you mean 'column'"):
        Table(scale="columns")


@pytest.mark.parametrize("use", [lambda t: t.read(np.eye(2)), lambda t: t.write({}), lambda t: t.feature_names()])
def test_a_table_that_is_not_fitted_says_so(use):
    with pytest.raises(InputError, match="is not fitted"):
        use(Table())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kinds", ["float"] * 9),
        ("kinds", ["float", "magic", "date"]),
        ("mean", [1.0]),
        ("categories", []),
        ("names", ["a"]),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(table, field, value):
    description = describe(table)
    description["arguments"]["columns"]["dict"][field] = value
    with pytest.raises(FileFormatError, match="cannot be built"):
        build(description)


@pytest.mark.parametrize("name", ["read_csv", "DataFrame", "__class__", "Struct"])
def test_a_type_from_a_file_is_looked_up_among_types_only(name):
    table = Table().learn([pl.DataFrame({"a": [1.0, 2.0]})])
    description = describe(table)
    description["arguments"]["columns"]["dict"]["dtypes"] = [[name, "/etc/passwd"]]
    tampered = build(description)
    assert tampered.write(tampered.read([[1.0]])).to_dict(as_series=False) == {"a": [1.0]}
