"""Contracts that every kind of data keeps: a new kind is tested by standing in `EXAMPLES`."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import isthmus
from isthmus.core.data import Data, Defaults, Field, rows
from isthmus.core.part import build, describe, lookup, part
from isthmus.core.records import Batch
from isthmus.data.defaults import mlp_for
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
    "audio": [],  # its rows have any size: tests/data/audio/test_audio.py
}
PAIRS = [(name, X) for name in EXAMPLES for X in EXAMPLES[name]]
each = pytest.mark.parametrize(("name", "X"), PAIRS, ids=[f"{n}-{type(X).__name__}-{X.shape}" for n, X in PAIRS])


def test_every_kind_has_an_example():
    assert KINDS.keys() == EXAMPLES.keys()


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
    errors = data.per_feature(error)
    assert errors.shape == X.shape
    torch.testing.assert_close(errors.flatten(1).sum(1), error.flatten(1).sum(1))
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
    defaults = data.defaults()
    assert defaults.net.part_name.startswith("net/")
    assert defaults.likelihood.part_name.startswith("likelihood/")
    assert lookup(f"score/{defaults.score}")
    assert defaults.prior is None or lookup(f"prior/{defaults.prior}")
    assert data.summary


@each
def test_the_layout_says_what_the_elements_are(data, X):
    x = torch.zeros(2, *data.shape)
    scalars, blocks = x[:, data.layout.scalars], [x[:, block] for block in data.layout.categories]
    assert scalars.shape[1] + sum(block.shape[1] for block in blocks) == data.shape[0]
    assert data.categorical == bool(blocks) == isinstance(X, pd.DataFrame)
    assert len(data.row_names()) == (X.shape[-1] if data.windowed or X.ndim == 2 else np.prod(X.shape[1:]))


@each
def test_rows_like_those_that_were_learnt_are_not_unusual(data, X):
    assert data.checks() == [] and data.checks(data.read(X)) == []


# -- a new kind: its class below is all it takes to train, save, load, and find anomalies -----------------------------


@part("data/directions")
class Directions(Data):
    """Angles in degrees, of shape (n, angles), as points on circles; what a new kind of data has to say.

    Parameters
    ----------
    angles : int or None
        Learnt: how many there are in a row.
    """

    def __init__(self, angles: int | None = None) -> None:
        super().__init__()
        self.angles = angles
        if angles is not None:
            self.shape = (2 * angles,)

    @property
    def fitted(self) -> bool:
        return self.angles is not None

    @property
    def summary(self) -> str:
        return f"{self.angles} angles, as points on circles"

    def learn(self, chunks):
        return Directions({len(row) for chunk in chunks for row in chunk}.pop())

    def read(self, X):
        return {"angles": torch.as_tensor(np.asarray(X, dtype=np.float64))}

    def write(self, columns, like=None):
        return columns["angles"].numpy()

    def forward(self, columns):
        radians = columns["angles"].deg2rad()
        x = torch.cat([radians.cos(), radians.sin()], 1).float()
        return Batch(x, x)

    def invert(self, mean):
        cos, sin = mean.double().chunk(2, 1)
        return {"angles": torch.atan2(sin, cos).rad2deg() % 360}

    def per_feature(self, error):
        return error.unflatten(1, (2, -1)).sum(1)

    def feature_names(self):
        return [f"angle {index}" for index in range(self.angles)]

    def fields(self):
        return [Field(name, "float", (), low=0.0, high=360.0) for name in self.feature_names()]

    def defaults(self):
        return Defaults(mlp_for(self.shape), lookup("likelihood/squared")())


@pytest.fixture
def hands():
    hours = RNG.random(400) * 12
    return np.stack([30 * hours % 360, 360 * hours % 360], 1)


def apart(a, b):
    return np.abs((a - b + 180) % 360 - 180)


def test_a_new_kind_trains_saves_and_loads(hands, tmp_path):
    model = isthmus.Autoencoder("denoising", 3, data=Directions(), epochs=20, random_state=0, verbose=False).fit(hands)
    assert np.median(apart(model.reconstruct(hands), hands)) < 20
    assert model.sample(3, random_state=0).shape == (3, 2) and model.info_["data"] == model.data_.summary
    model.save(tmp_path / "m.safetensors")
    again = isthmus.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.reconstruct(hands), model.reconstruct(hands))
    assert isthmus.evaluate(again, hands)["rows"] == 400


def test_a_new_kind_has_its_anomalies_found(hands, tmp_path):
    model = isthmus.Autoencoder("denoising", 3, data=Directions(), epochs=20, batch_size=32, verbose=False)
    detector = isthmus.AnomalyDetector(model, false_alarm_rate=0.05, random_state=0).fit(hands)
    detector.save(tmp_path / "d.safetensors")
    table = isthmus.load(tmp_path / "d.safetensors").detect(hands[:50], explain=True)
    np.testing.assert_allclose(table["score"], detector.anomaly_score(hands[:50]))
    assert set(table["contributor_1"]) <= {"angle 0", "angle 1"}
