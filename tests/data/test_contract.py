"""Contracts that every kind of data keeps: a new kind is tested by standing in `EXAMPLES`."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from isthmus.core.data import rows
from isthmus.core.part import build, describe, lookup
from isthmus.data.infer import KINDS
from isthmus.parts.catalogue import load_all

load_all()
RNG = np.random.default_rng(0)
EXAMPLES = {
    "table": [
        RNG.normal(size=(40, 5)),
        pd.DataFrame({"a": RNG.integers(0, 9, 40), "b": list("xyzy") * 10, "c": [True, False] * 20}),
    ],
    "images": [RNG.integers(0, 256, (12, 7, 5), dtype=np.uint8), RNG.random((12, 6, 8, 3)).astype(np.float32)],
    "signals": [RNG.normal(size=(12, 64, 2))],
}
PAIRS = [(name, X) for name in EXAMPLES for X in EXAMPLES[name]]
each = pytest.mark.parametrize(("name", "X"), PAIRS, ids=[f"{n}-{type(X).__name__}-{X.shape}" for n, X in PAIRS])


def test_every_kind_has_an_example():
    assert {kind.part_name for kind in KINDS} == {f"data/{name}" for name in EXAMPLES}


@pytest.fixture
def data(name, X):
    return lookup(f"data/{name}")().learn([X])


@each
def test_learning_leaves_the_unfitted_one_alone(name, X):
    unfitted = lookup(f"data/{name}")()
    fitted = unfitted.learn([X[:6], X[6:]])
    assert fitted.fitted
    assert not unfitted.fitted


@each
def test_its_arguments_are_all_it_learnt(data, X):
    again = build(json.loads(json.dumps(describe(data))))
    assert torch.equal(again.batch(again.read(X)).x, data.batch(data.read(X)).x)
    assert again.shape == data.shape


@each
def test_batches_have_the_shape_and_come_back(data, X):
    batch = data.batch(data.read(X))
    assert batch.x.shape == (len(X), *data.shape)
    assert batch.x.dtype == torch.float32
    assert batch.corrupted is batch.x
    assert torch.isfinite(batch.x).all()
    again = data.write(data.invert(batch.x), like=X)
    expected = X / 255 if X is EXAMPLES["images"][0] else X
    if isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(again, X)
    else:
        np.testing.assert_allclose(again, expected, atol=1e-5)


@each
def test_errors_are_located_where_the_user_looks(data, X):
    error = torch.rand(len(X), *data.shape)
    located = data.per_feature(error)
    assert located.shape == X.shape
    torch.testing.assert_close(located.flatten(1).sum(1), error.flatten(1).sum(1))
    assert len(data.feature_names()) == np.prod(X.shape[1:])


@each
def test_weights_and_conditions_pass_through(data, X):
    columns = data.read(X) | {"weight": torch.ones(len(X)), "condition:given": torch.zeros(len(X), 2)}
    batch = data.batch(columns)
    assert batch.weight.shape == (len(X),)
    assert batch.condition["given"].shape == (len(X), 2)
    assert rows(columns) == len(X)


@each
def test_defaults_are_parts_and_the_summary_a_sentence(data, X):
    net, likelihood = data.defaults()
    assert net.part_name.startswith("net/")
    assert likelihood.part_name.startswith("likelihood/")
    assert data.summary
