"""What a Table makes of columns, in the graph."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from isthmus.core.part import build, describe
from isthmus.data.tables.table import Table
from isthmus.parts.catalogue import load_all


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "colour": ["red", "blue", None, "red"],
            "size": [1.0, 3.0, 5.0, np.nan],
            "sold": [True, False, True, True],
            "shape": pd.Categorical(["cube", "ball", "ball", "cube"]),
            "count": [2, 4, 6, 8],
        }
    )


@pytest.fixture
def table(frame):
    return Table().learn([frame])


def test_numbers_stand_first_then_truth_values_then_categories(table, frame):
    batch = table(table.read(frame))
    assert table.shape == (9,) == tuple(batch.x.shape[1:])
    assert batch.feature.tolist() == [1, 4, 2, 0, 0, 0, 3, 3, 3]
    assert batch.corrupted is batch.x
    assert batch.x.dtype == torch.float32
    np.testing.assert_allclose(batch.x[:3, 0], [-1.224745, 0, 1.224745], rtol=1e-5)
    assert batch.x[:, 2].tolist() == [1, 0, 1, 1]
    assert batch.x[:, 3:6].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_gaps_are_filled_and_not_observed(table, frame):
    batch = table(table.read(frame))
    assert batch.x[3, 0] == 0
    assert (~batch.observed).nonzero().tolist() == [[2, 3], [2, 4], [2, 5], [3, 0]]


@pytest.mark.parametrize(("scale", "filled"), [("none", 2.0), ("common", 0.5), ("centre", 0.0), ("column", 0.0)])
def test_a_gap_is_filled_with_the_mean_at_any_scale(scale, filled):
    X = np.array([[1.0, 1.0], [3.0, 3.0], [np.nan, 2.0]])
    table = Table(scale=scale).learn([X])
    assert table(table.read(X)).x[2, 0] == pytest.approx(filled)


def test_a_cell_may_be_missing_that_never_was_before():
    table = Table().learn([np.array([[1.0, 2.0], [3.0, 5.0]])])
    batch = table(table.read([[None, 2.0]]))
    assert batch.observed.tolist() == [[False, True]]
    assert batch.x[0, 0] == 0


def test_errors_are_located_in_the_users_columns(table):
    error = torch.arange(18.0).reshape(2, 9)
    expected = torch.zeros(2, 5).index_add(1, table.feature, error)
    assert torch.equal(table.per_feature(error), expected)
    assert table.feature_names() == ["colour", "size", "sold", "shape", "count"]


def test_unseen_categories_have_a_slot_of_their_own_and_one_warning(table, frame):
    frame["colour"] = ["green", "blue", "pink", None]
    frame["shape"] = ["cone", "ball", "ball", "cube"]
    with pytest.warns(UserWarning, match="'colour': 2 .such as 'green'.; column 'shape': 1 .such as 'cone'.") as seen:
        columns = table.read(frame)
    assert len(seen) == 1
    assert columns["codes"].tolist() == [[2, 2], [0, 0], [2, 0], [-1, 1]]
    batch = table(columns)
    assert batch.x[0, 3:6].tolist() == [0, 0, 1]
    assert batch.observed[0].all()


def test_the_slot_of_unseen_categories_is_never_what_comes_back(table):
    mean = torch.zeros(1, 9)
    mean[0, [5, 8]] = 1.0  # both unknown slots
    mean[0, 4] = 0.3
    found = table.write(table.invert(mean))
    assert found["colour"].tolist() == ["red"]
    assert found["shape"].tolist() == ["ball"]


@pytest.mark.parametrize(
    ("X", "scale"),
    [
        (np.array([[0.0, 1.0], [0.5, 0.25]]), "common"),
        (np.array([[0, 255], [3, 7]], np.uint8), "common"),
        (np.array([[0, 255], [3, 7]], np.int64), "column"),
        (np.array([[0.0, 1.0], [-0.5, 0.25]]), "column"),
        (pd.DataFrame({"a": [0.0, 1.0]}), "column"),
        (torch.tensor([[0.0, 1.0]]), "common"),
        ([[0.0, "a"], [1.0, "b"]], "column"),
    ],
)
def test_the_scale_is_chosen_by_the_data(X, scale):
    table = Table().learn([X])
    assert table.scale == scale
    assert f"scale={scale!r}" in table.summary


@pytest.mark.parametrize(
    ("X", "scale", "expected"),
    [
        (np.array([[0, 255], [51, 0]], np.uint8), "common", [[0, 1], [0.2, 0]]),
        (np.array([[0, 1], [1, 0]], np.uint8), "common", [[0, 1], [1, 0]]),
        (np.array([[0.25, 1.0], [0.5, 0.0]]), "common", [[0.25, 1], [0.5, 0]]),
        (np.array([[-1.0, 3.0], [1.0, 0.0]]), "common", [[0, 1], [0.5, 0.25]]),
        (np.array([[-1.0, 3.0], [1.0, 0.0]]), "none", [[-1, 3], [1, 0]]),
        (np.array([[-1.0, 3.0], [1.0, 0.0]]), "column", [[-1, 1], [1, -1]]),
        (np.array([[0.0, 1.0], [1.0, 0.5]]), "centre", [[-0.5, 0.25], [0.5, -0.25]]),
        (
            np.array([[0.0, 2.0], [8.0, 16.0]]),
            "centre",
            [[-4 / 32.5**0.5, -7 / 32.5**0.5], [4 / 32.5**0.5, 7 / 32.5**0.5]],
        ),
        (np.array([[7.0, 1.0], [7.0, 2.0]]), "column", [[0, -1], [0, 1]]),
    ],
)
def test_scales(X, scale, expected):
    table = Table(scale=scale).learn([X])
    x = table(table.read(X)).x
    np.testing.assert_allclose(x, np.array(expected), atol=1e-6)
    np.testing.assert_allclose(table.write(table.invert(x)), X, atol=1e-5)


def test_dates_and_truth_values_keep_their_own_scale():
    frame = pd.DataFrame({"d": pd.to_datetime(["2020-01-01", "2020-01-03"]), "b": [True, False], "n": [10.0, 30.0]})
    table = Table(scale="none").learn([frame])
    assert table(table.read(frame)).x.tolist() == [[-1, 10, 1], [1, 30, 0]]


def test_large_numbers_keep_their_small_differences():
    X = 1e9 + np.array([[0.0], [0.001], [0.002]])
    table = Table().learn([X])
    np.testing.assert_allclose(table(table.read(X)).x[:, 0], [-1.224745, 0, 1.224745], atol=1e-3)


def test_defaults_suit_the_columns(table):
    load_all()
    net, likelihood, *_ = Table().learn([np.eye(2)]).defaults()
    assert (net.part_name, likelihood.part_name) == ("net/mlp", "likelihood/squared")
    assert describe(table.defaults().likelihood)["arguments"]["groups"] == [
        ["squared", 2],
        ["bernoulli", 1],
        ["categorical", 3],
        ["categorical", 3],
    ]


def test_the_default_likelihood_takes_the_table(table, frame):
    load_all()
    likelihood = table.defaults().likelihood
    x = table(table.read(frame)).x
    likelihood.build(table.shape)
    likely = table.write(table.invert(likelihood.mean(10 * likelihood.link(x))))
    assert likely["shape"].tolist() == frame["shape"].tolist()
    assert likely["sold"].tolist() == frame["sold"].tolist()
    assert likelihood.error(likelihood.link(x), x).shape == x.shape


def test_all_that_was_learnt_survives_json(table, frame):
    again = build(json.loads(json.dumps(describe(table), allow_nan=False)))
    assert again.schema == table.schema
    left, right = table(table.read(frame)), again(again.read(frame))
    assert torch.equal(left.x, right.x)
    assert table.state_dict() == {}


def test_buffers_are_there_where_modules_are_built_without_memory(table):
    with torch.device("meta"):
        again = build(describe(table))
    assert {buffer.device.type for buffer in again.buffers()} == {"cpu"}


def test_the_graph_has_no_branch_that_depends_on_values(table, frame):
    columns = table.read(frame)
    full = pd.DataFrame(frame.iloc[[0, 1]])

    class Graph(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = table

        def forward(self, columns):
            batch = self.table(columns)
            return batch.x, batch.observed, self.table.per_feature(batch.x), self.table.invert(batch.x)

    rows = {0: torch.export.Dim("rows", min=2, max=1000)}
    exported = torch.export.export(
        Graph(), (table.read(full),), dynamic_shapes=({"numbers": rows, "codes": rows},)
    ).module()
    found, expected = exported(columns), Graph()(columns)
    for left, right in zip((*found[:3], *found[3].values()), (*expected[:3], *expected[3].values()), strict=True):
        assert torch.equal(left, right)


def test_numbers_that_are_exact_in_float32_stay_small(table):
    assert Table().learn([np.eye(2, dtype=np.uint8)]).read(np.eye(2, dtype=np.uint8))["numbers"].dtype == torch.float32
    assert Table().learn([np.eye(2)]).read(np.eye(2))["numbers"].dtype == torch.float64


def test_a_table_without_numbers_or_categories_lacks_that_key():
    assert set(Table().learn([np.eye(2)]).read(np.eye(2))) == {"numbers"}
    assert set(Table().learn([[["a"], ["b"]]]).read([["a"]])) == {"codes"}


def test_reading_leaves_the_array_alone():
    X = np.eye(3)
    X.setflags(write=False)
    table = Table(scale="none").learn([X])
    table.read(X)["numbers"].add_(1)
    assert np.array_equal(X, np.eye(3))


def test_the_summary_counts_kinds_and_gaps(table):
    columns, scale = table.summary.split("; scale=")
    assert columns == (
        "a table of 5 columns (1 boolean, 1 integer, 1 float, 2 category); cells are missing in 2 of them"
    )
    assert scale == "'column': each number minus the mean of its column, divided by its deviation"
