"""Merging what was learnt from parts, as several processes do, equals learning from the whole."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import torch

from isthmus.core.part import build, describe, unbuilt_copy
from isthmus.data.images.images import Images
from isthmus.data.signals.signals import Signals
from isthmus.data.tables.conditions import Condition
from isthmus.data.tables.reservoir import Reservoir
from isthmus.data.tables.table import Table
from isthmus.support.errors import InputError

RNG = np.random.default_rng(0)
N = 400
FRAME = pd.DataFrame(
    {
        "number": RNG.lognormal(size=N),
        "whole": RNG.integers(0, 99, N),
        "constant": np.full(N, 7.5),
        "gaps": np.where(RNG.random(N) < 0.3, np.nan, RNG.normal(size=N)),
        "truth": RNG.random(N) < 0.5,
        "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 10**6, N), "s"),
        "text": RNG.choice(list("qwertz"), N),
        "ordered": pd.Categorical(RNG.choice(["low", "high"], N), categories=["low", "mid", "high"]),
    }
)
SIGNAL = pd.DataFrame({"time": np.arange(N) * 0.5, "a": RNG.normal(3, 2, N), "b": np.full(N, 4.0)})
EXAMPLES = {
    "frame": (Table, {}, FRAME),
    "bins": (Table, {"scale": "bins"}, FRAME),
    "array": (Table, {}, RNG.normal(2, 3, size=(N, 4))),
    "unit": (Table, {}, RNG.random((N, 4))),
    "unit and more": (Table, {}, np.concatenate([RNG.random((150, 2)), 9 * RNG.random((N - 150, 2))])),
    "signal": (Signals, {"window": 8}, SIGNAL),
    "unscaled signal": (Signals, {"window": 8, "scale": "none"}, SIGNAL),
    "images": (Images, {}, RNG.integers(0, 256, (N, 5, 4), dtype=np.uint8)),
}


def equal(a, b, where="arguments"):
    """Compare plain values, numbers up to rounding."""
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for name in a:
            equal(a[name], b[name], f"{where}.{name}")
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), where
        for number, pair in enumerate(zip(a, b, strict=True)):
            equal(*pair, f"{where}[{number}]")
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-9, abs=1e-12, nan_ok=True), where
    else:
        assert a == b, where


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("at", [150, N - 20])
def test_merging_equals_learning_from_all(name, at):
    kind, knobs, X = EXAMPLES[name]
    whole = kind(**knobs).learn([X])
    merged = kind(**knobs).learn([X[:at]]).merge(kind(**knobs).learn([X[at:]]))
    equal(describe(merged), describe(whole))
    torch.testing.assert_close(merged.batch(merged.read(X)).x, whole.batch(whole.read(X)).x)


def test_three_parts_in_either_order_of_merging():
    a, b, c = (Table(scale="bins").learn([part]) for part in (FRAME[:90], FRAME[90:200], FRAME[200:]))
    equal(describe(a.merge(b).merge(c)), describe(a.merge(b.merge(c))))


def test_a_column_that_is_empty_or_whole_in_one_part_widens():
    a = pd.DataFrame({"x": [1, 2, 3], "y": [None, None, None], "z": ["a", "b", "a"]})
    b = pd.DataFrame({"x": [0.5, 1.5, np.nan], "y": [1.0, 2.0, 3.0], "z": ["c", None, "a"]})
    with pytest.warns(UserWarning, match="are empty: they are ignored|are empty, so nothing"):
        first = Table().learn([a])
    merged = first.merge(Table().learn([b]))
    equal(describe(merged), describe(Table().learn([a, b])))


def test_columns_that_differ_are_refused():
    with pytest.raises(InputError, match="differ in their columns"):
        Table().learn([FRAME]).merge(Table().learn([FRAME[["number"]]]))
    with pytest.raises(InputError, match="kind category in one piece"):
        Table().learn([FRAME[["text"]]]).merge(Table().learn([FRAME[["whole"]].rename(columns={"whole": "text"})]))
    with pytest.raises(InputError, match="expecting 2 as learnt"):
        Signals(window=8).learn([SIGNAL]).merge(Signals(window=8).learn([SIGNAL[["time", "a"]]]))
    with pytest.raises(InputError, match="not learnt: \\['c'\\]"):
        Signals(window=8).learn([SIGNAL]).merge(Signals(window=8).learn([SIGNAL.rename(columns={"b": "c"})]))
    with pytest.raises(InputError, match="shape"):
        Images().learn([np.zeros((2, 3, 3))]).merge(Images().learn([np.zeros((2, 4, 3))]))


def test_what_a_former_file_lacks_is_said():
    table, signals = Table().learn([FRAME]), Signals(window=8).learn([SIGNAL])
    old = Table("column", {**asdict(table.schema), "rows": 0})
    with pytest.raises(InputError, match="number of rows"):
        old.merge(table)
    old = Table("column", {**asdict(table.schema), "counts": ()})
    with pytest.raises(InputError, match="counts of its categories"):
        old.merge(table)
    kept = {name: value for name, value in asdict(signals.learnt).items() if name in ("form", "names", "time", "step")}
    with pytest.raises(InputError, match="without counts"):
        signals.merge(Signals(window=8, learnt={**kept, "offset": (0.0, 0.0), "divisor": (1.0, 1.0)}))


def test_the_rows_that_bins_come_from_stay_out_of_copies_and_files():
    table = Table(scale="bins").learn([FRAME])
    for copy in (unbuilt_copy(table), build(describe(table))):
        with pytest.raises(InputError, match="the rows its bins come from"):
            copy.merge(table)


@pytest.mark.filterwarnings("ignore::isthmus.support.errors.DataWarning")
@pytest.mark.parametrize("at", [150, N - 20])
def test_merging_joins_the_categories_that_learning_from_all_joins(at):
    letters = pd.DataFrame({"text": np.random.default_rng(1).choice(list("abcdefgh"), N, p=np.arange(1, 9) / 36)})
    whole, *parts = (Table(max_categories=3).learn([part]) for part in (letters, letters[:at], letters[at:]))
    merged = parts[0].merge(parts[1])
    assert merged.schema == whole.schema and whole.schema.categories == (("f", "g", "h"),)
    with pytest.raises(InputError, match="counts of the categories that are joined"):
        build(describe(parts[0])).merge(parts[1])


def test_a_table_from_a_file_merges_as_the_one_it_came_from():
    a, b = (Table().learn([part]) for part in (FRAME[:90], FRAME[90:]))
    equal(describe(build(describe(a)).merge(b)), describe(a.merge(b)))


def test_conditions_merge():
    y = RNG.choice(["yes", "no", "maybe"], 60)
    parts = [Condition("y").learn(Condition("y").split(None, part)[1]) for part in (y[:20], y[20:])]
    whole = Condition("y").learn(Condition("y").split(None, y)[1])
    equal(describe(parts[0].merge(parts[1])), describe(whole))


def test_a_merged_reservoir_holds_rows_of_both_as_often_as_there_are():
    a, b = Reservoir(1), Reservoir(1)
    a.see(np.zeros((60_000, 1)), [0])
    b.see(np.ones((20_000, 1)), [0])
    merged = a.merge(b).rows
    assert merged.shape == (20_000, 1)
    assert merged.mean() == pytest.approx(0.25, abs=0.02)
