"""Running graphs over rows: in pieces, on a device, in groups of rows of one size."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits

from isthmus import Autoencoder, InputError
from isthmus.core.data import Data
from isthmus.core.graphs import Graph
from isthmus.data.images.images import Images
from isthmus.estimators.inference import Inference, in_order

DIGITS = (load_digits().images / 16).astype(np.float32)[:300]


@pytest.fixture(scope="module")
def model():
    return Autoencoder("plain", 3, net="mlp", epochs=1, random_state=0).fit(DIGITS)


def test_a_graph_is_run_by_its_name(model):
    assert torch.equal(model.run("encode", DIGITS)["z"], torch.from_numpy(model.transform(DIGITS)))
    assert set(model.graphs()) == {"encode", "decode", "reconstruct", "error", "error_map"}
    with pytest.raises(InputError, match="unknown graph 'encoder'.*encode"):
        model.run("encoder", DIGITS)


def test_a_graph_of_ones_own_is_run(model):
    class Brightness(Graph):
        def forward(self, columns):
            return {"mean": self.data.batch(columns).x.flatten(1).mean(1)}

    found = model.run(Brightness(model.data_, model.model_), DIGITS)["mean"]
    np.testing.assert_allclose(found, DIGITS.mean((1, 2)), rtol=1e-5)


def test_columns_that_were_read_are_run(model):
    [columns] = model.columns(DIGITS)
    assert torch.equal(model.run_columns("error", columns)["error"], model.run("error", DIGITS)["error"])


def test_pieces_are_small_where_rows_are_large(model, monkeypatch):
    lengths = []

    class Counting(Graph):
        def forward(self, columns):
            lengths.append(len(columns["pixels"]))
            return {"n": columns["pixels"][:, 0, 0, 0]}

    monkeypatch.setattr("isthmus.core.graphs.PIECE_ELEMENTS", 64 * 100)
    model.run(Counting(model.data_, model.model_), DIGITS)
    assert lengths == [100, 100, 100]


def test_a_stream_is_run_piece_by_piece(model):
    class Stream:
        def __len__(self):
            return len(DIGITS)

        def chunks(self):
            return iter(np.array_split(DIGITS, 7))

        def source(self, data, **settings):
            raise AssertionError("not trained on")

    np.testing.assert_allclose(model.transform(Stream()), model.transform(DIGITS), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.reconstruct(Stream()), model.reconstruct(DIGITS), rtol=1e-5, atol=1e-6)


class Mixed(Images):
    """Images that pretend to come in two groups, the odd rows and the even ones."""

    def groups(self, X):
        for first in (1, 0):
            index = torch.arange(first, len(X), 2)
            yield index, X[index.numpy()]


def test_groups_of_rows_are_answered_in_the_order_of_the_rows(model):
    y = np.arange(300) % 3
    given = Autoencoder("variational", 3, net="mlp", epochs=1, condition="y", random_state=0).fit(DIGITS, y)
    mixed = {}
    for name, fitted in (("plain", model), ("conditional", given)):
        mixed[name] = Autoencoder.__new__(Autoencoder)
        mixed[name].__dict__.update(fitted.__dict__)
        mixed[name].data_ = Mixed(image_shape=(8, 8), dtype="float32", kind="numpy")
    close = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(mixed["plain"].transform(DIGITS), model.transform(DIGITS), **close)
    np.testing.assert_allclose(mixed["plain"].reconstruct(DIGITS), model.reconstruct(DIGITS), **close)
    np.testing.assert_allclose(
        mixed["plain"].run("error", DIGITS)["error"], model.run("error", DIGITS)["error"], **close
    )
    np.testing.assert_allclose(mixed["conditional"].transform(DIGITS, y), given.transform(DIGITS, y), **close)
    np.testing.assert_allclose(mixed["conditional"].posterior(DIGITS, y)[1], given.posterior(DIGITS, y)[1], **close)


def test_answers_of_several_shapes_are_a_list():
    small, large = np.zeros((2, 3)), np.ones((1, 5))
    answers = in_order([(torch.tensor([0, 2]), small), (torch.tensor([1]), large)])
    assert [answer.shape for answer in answers] == [(3,), (5,), (3,)]
    same = in_order([(torch.tensor([1]), small[:1]), (torch.tensor([0]), small[1:] + 1)])
    assert same.tolist() == [[1.0] * 3, [0.0] * 3]


def test_the_default_group_is_all_rows():
    assert [index for index, _ in Data().groups([1, 2])] == [None]


def test_codes_are_pooled(model):
    np.testing.assert_array_equal(model.transform(DIGITS, pool="mean"), model.transform(DIGITS))
    with pytest.raises(InputError, match="pool='max'; choose 'mean'"):
        model.transform(DIGITS, pool="max")


def test_the_model_and_the_autoencoder_are_public(model):
    assert model.model_ is model.objective_.model
    assert model.autoencoder_ is model


def test_the_condition_may_stand_in_the_rows():
    frame = pd.DataFrame({"a": np.arange(60.0), "b": list("xyz") * 20})
    fitted = Autoencoder(latent_dim=1, condition="b", epochs=1, random_state=0).fit(frame)
    [columns] = fitted.columns(frame)
    assert any(name.startswith("condition:") for name in columns)
    assert list(fitted.reconstruct(frame).columns) == ["a"]


def test_a_graph_is_copied_to_another_device(model):
    elsewhere = Inference(model.data_, None, model.model_, torch.device("meta"))
    graph = elsewhere.graphs()["encode"]
    assert {parameter.device.type for parameter in elsewhere.placed(graph).parameters()} == {"meta"}
    assert {parameter.device.type for parameter in graph.parameters()} == {"cpu"}
