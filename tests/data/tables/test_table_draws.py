"""A table scaled by bins, and the rows that are drawn from it."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from isthmus.core.part import build, describe
from isthmus.data.tables.table import Table
from isthmus.parts.catalogue import load_all

load_all()
RNG = np.random.default_rng(0)
N = 400


@pytest.fixture
def frame():
    gone = RNG.random(N) < 0.2
    return pd.DataFrame(
        {
            "age": RNG.integers(18, 90, N).astype("int8"),
            "town": pd.Series(RNG.choice(["Brno", "Oslo", "Rome"], N)).mask(gone),
            "gain": np.where(RNG.random(N) < 0.8, 0.0, RNG.exponential(500, N)),
            "job": pd.Categorical(pd.Series(RNG.choice(["a", "b"], N)).mask(gone), ["a", "b", "never"]),
            "member": RNG.random(N) < 0.3,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 999, N), "D"),
            "score": pd.Series(RNG.normal(size=N)).mask(gone),
        }
    )


@pytest.fixture
def table(frame):
    return Table(scale="bins").learn([frame])


def test_it_comes_back(frame, table):
    batch = table.batch(table.read(frame))
    again = table.write(table.invert(batch.x))
    whole = frame.notna().all(axis=1)
    pd.testing.assert_frame_equal(again[whole], frame[whole], atol=1e-4)
    assert batch.x.min() >= 0 and batch.x.max() <= 1


def test_gaps_have_elements_that_belong_to_their_columns(frame, table):
    batch = table.batch(table.read(frame))
    assert table.shape == (4 + 1 + 3 + 4 + 4,)
    assert batch.feature.tolist() == [0, 2, 5, 6, 4, 1, 3, 6, *[1] * 4, *[3] * 4]
    np.testing.assert_array_equal(batch.x[:, 5:8].numpy(), frame[["town", "job", "score"]].isna().to_numpy())
    assert batch.observed[:, 5:8].all()
    error = torch.rand(N, *table.shape)
    torch.testing.assert_close(table.per_feature(error).sum(1), error.sum(1))
    torch.testing.assert_close(table.per_feature(error)[:, 6], error[:, 3] + error[:, 7])


def test_a_missing_number_stands_at_its_mean(frame, table):
    batch = table.batch(table.read(frame))
    gone = torch.tensor(frame["score"].isna().tolist())
    mean = table.batch(table.read(frame.assign(score=np.full(N, frame["score"].mean())))).x[:, 3]
    torch.testing.assert_close(batch.x[gone, 3], mean[gone])


def test_pieces_and_files_make_no_difference(frame, table):
    halves = Table(scale="bins").learn([frame[:150], frame[150:]])
    again = build(json.loads(json.dumps(describe(table))))
    for other in (halves, again):
        assert torch.equal(other.batch(other.read(frame)).x, table.batch(table.read(frame)).x)


def drawn(table, y):
    likelihood = table.defaults().likelihood
    likelihood.build(table.shape)
    return table.write(table.draw(y(likelihood.shape(table.shape)[0]), likelihood))


def test_noise_draws_rows_of_the_table(frame, table):
    rows = drawn(table, lambda width: 3 * torch.randn(2000, width))
    assert (rows.dtypes == frame.dtypes).all()
    for name in ("age", "gain", "since", "score"):
        assert frame[name].min() <= rows[name].min() and rows[name].max() <= frame[name].max()
    assert set(rows["town"].dropna()) == {"Brno", "Oslo", "Rome"}
    assert rows["age"].dtype == "int8"
    assert not rows[["age", "gain", "member", "since"]].isna().any().any()
    assert rows[["town", "job", "score"]].isna().mean().between(0.4, 0.6).all()


def test_the_likelihood_decides_what_is_drawn(table):
    y = torch.zeros(1, 1)
    likelihood = table.defaults().likelihood
    likelihood.build(table.shape)
    x = table.batch(table.read(table.write(table.invert(torch.rand(500, *table.shape))))).x
    y = likelihood.link(x)
    y[:, -8:] += 30 * (x[:, -8:] - 0.5)  # no doubt on categories
    rows = table.draw(y, likelihood)
    assert torch.equal(rows["codes"].clamp_min(0), table.invert(x)["codes"]) or (rows["codes"] < 0).any()
    inside = (rows["numbers"][:, 0] - table.invert(x)["numbers"][:, 0]).abs() < 12
    assert inside.float().mean() > 0.9


def test_an_unseen_category_is_never_drawn(table):
    def certain(width):
        y = torch.zeros(50, width)
        y[:, -8:] = torch.tensor([0.0, 20.0, 0.0, 50.0, 20.0, 0.0, 0.0, 50.0])  # the slots of the unseen
        y[:, -11:-8] = -50.0  # no gaps
        return y

    rows = drawn(table, certain)
    assert set(rows["town"]) == {"Oslo"} and set(rows["job"]) == {"a"}


def test_other_scales_are_cut_to_the_learnt_range_and_have_no_gaps():
    frame = pd.DataFrame({"fare": [0.0, 7.5, 500.0], "n": [1, 2, 9], "town": ["x", None, "y"]})
    table = Table().learn([frame])
    rows = drawn(table, lambda width: 50 * torch.randn(200, width))
    assert rows["fare"].min() == 0 and rows["fare"].max() == 500
    assert rows["n"].min() == 1 and rows["n"].max() == 9
    assert not rows.isna().any().any()


def test_a_file_of_before_ranges_were_learnt_draws_too():
    table = Table().learn([np.arange(6.0).reshape(3, 2)])
    columns = describe(table)["arguments"]["columns"]["dict"]
    for later in ("lows", "highs", "bins"):
        del columns[later]
    old = Table("column", columns=build({"dict": columns}))
    assert drawn(old, lambda width: torch.full((1, width), 100.0)).max() > 100


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"town": list("xyx") * 5}),
        pd.DataFrame({"a": [True, False, True] * 5, "b": [True, True, False] * 5}),
        pd.DataFrame({"same": [2.5] * 15, "none": [None] * 15, "born": pd.to_datetime(["2020-05-01"] * 15)}),
        pl.DataFrame({"n": [1, None, 3] * 5, "t": ["x", "y", None] * 5}),
    ],
    ids=["categories", "truth", "constant", "polars"],
)
@pytest.mark.filterwarnings("ignore:the columns .* are empty")
def test_odd_tables_are_drawn(frame):
    table = Table(scale="bins").learn([frame])
    assert torch.isfinite(table.batch(table.read(frame)).x).all()
    rows = drawn(table, lambda width: torch.randn(20, width))
    assert type(rows) is type(frame) and rows.shape == (20, frame.shape[1])
    assert list(rows.columns) == list(frame.columns)
