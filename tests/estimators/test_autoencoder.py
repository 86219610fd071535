"""The estimator on what users have: arrays, frames, tensors, streams; and what it says of bad input."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

import isthmus
from isthmus import Autoencoder, Images, InputError, Table
from isthmus.core import part as parts
from isthmus.data.sources.folders import ImageStream
from isthmus.data.sources.parquet import ParquetStream
from isthmus.parts.catalogue import load_all
from isthmus.parts.nets.feature_map import FeatureMap

DIGITS = load_digits().images[:400].astype(np.float32) / 16
FLAT = DIGITS.reshape(400, 64).astype(np.float64)


def ae(variant="plain", **changes):
    return Autoencoder(variant, **{"latent_dim": 4, "epochs": 2, "random_state": 0, **changes})


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, 300)
    return pd.DataFrame(
        {
            "age": age,
            "income": np.where(rng.random(300) < 0.1, np.nan, age * 700.0 + rng.normal(0, 3000, 300)),
            "job": pd.Categorical(np.where(age > 60, "retired", np.where(rng.random(300) < 0.5, "clerk", "baker"))),
            "member": age > 40,
        }
    )


def test_the_linear_variant_is_pca():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 5)) @ rng.normal(size=(5, 20)) + 0.1 * rng.normal(size=(2000, 20))
    model = ae("linear", latent_dim=5, epochs=10, validation_fraction=0.0).fit(X)
    pca = PCA(5).fit(X)
    ours = ((model.reconstruct(X) - X) ** 2).mean()
    best = ((pca.inverse_transform(pca.transform(X)) - X) ** 2).mean()
    assert ours == pytest.approx(best, rel=0.01)
    atoms = model.inverse_transform(np.eye(5)) - model.inverse_transform(np.zeros((1, 5)))
    cosines = np.linalg.svd(np.linalg.qr(atoms.T)[0].T @ pca.components_.T)[1]
    assert np.degrees(np.arccos(np.clip(cosines.min(), 0, 1))) < 1


def test_a_frame_comes_back_as_it_was(people):
    model = ae(epochs=30).fit(people)
    again = model.reconstruct(people)
    assert list(again.dtypes) == list(people.dtypes)
    assert list(again.index) == list(people.index)
    assert (again["member"] == people["member"]).mean() > 0.8
    assert model.reconstruction_error(people, per="element").shape == (300, 4)
    assert model.reconstruction_error(people, per="feature").shape == (4,)
    assert list(model.feature_names_in_) == list(people.columns)
    rows = model.sample(20, random_state=0)
    assert list(rows.dtypes) == list(people.dtypes)


@pytest.mark.parametrize("corruption", ["gaussian", "masking", "salt-and-pepper", "patch-masking"])
def test_every_corruption_takes_mixed_tables(people, corruption):
    model = ae("denoising").set_params(variant__corruption=corruption).fit(people)
    assert list(model.corrupt(people, random_state=0).columns) == list(people.columns)


def test_polars_too(people):
    frame = pl.from_pandas(people)
    again = ae().fit(frame).reconstruct(frame)
    assert isinstance(again, pl.DataFrame)
    assert again.schema == frame.schema


def test_missing_cells_count_nothing(people):
    model = ae().fit(people)
    error = model.reconstruction_error(people, per="element")
    assert (error[people["income"].isna(), 1] == 0).all()


def test_tensors_and_lists():
    assert isinstance(ae().fit(torch.from_numpy(DIGITS)).reconstruct(torch.from_numpy(DIGITS)), torch.Tensor)
    assert ae().fit(FLAT.tolist()).transform(FLAT.tolist()).shape == (400, 4)


def test_uint8_colour_images_come_back_as_floats():
    X = np.random.default_rng(0).integers(0, 256, (60, 11, 9, 3), dtype=np.uint8)
    again = ae().fit(X).reconstruct(X)
    assert again.shape == X.shape
    assert again.dtype == np.float32
    assert again.min() >= 0
    assert again.max() <= 1


def test_data_by_name_and_by_object():
    assert ae(data="table").fit(FLAT).data_.scale == "common"
    assert ae(data=Table(scale="column")).fit(FLAT).data_.scale == "column"
    assert ae("linear").fit(FLAT).data_.scale == "centre"
    assert ae("linear", data=Table(scale="none")).fit(FLAT).data_.scale == "none"
    assert isinstance(ae(data=Images()).fit(DIGITS).data_, Images)
    assert "common" in ae().fit(FLAT).info_["data"]


def test_corrupt_shows_what_the_encoder_sees():
    model = ae("denoising").set_params(variant__corruption="masking", variant__level=0.5).fit(DIGITS)
    spoiled = model.corrupt(DIGITS, random_state=0)
    assert spoiled.shape == DIGITS.shape
    assert 0.3 < (spoiled[DIGITS > 0] == 0).mean() < 0.7
    assert ae().fit(DIGITS).corrupt(DIGITS) is None


def test_columns_may_be_the_condition(people):
    people = people.drop(columns="income")
    model = ae(latent_dim=2, condition=["job"]).fit(people)
    assert model.transform(people).shape == (300, 2)
    assert list(model.reconstruct(people).columns) == ["age", "member"]
    frame = pd.DataFrame({"job": pd.Categorical(["clerk"], categories=["baker", "clerk", "retired"])})
    assert model.sample(3, condition=frame).shape == (3, 2)


def test_a_condition_that_there_is_not_gets_the_nearest_name(people):
    with pytest.raises(InputError, match="did you mean 'job'"):
        ae(condition=["jobs"]).fit(people)
    with pytest.raises(InputError, match="X has no column names"):
        ae(condition=["job"]).fit(FLAT)


def test_a_condition_takes_over_what_it_tells():
    X, y = load_digits(return_X_y=True)
    X = (X / 16).reshape(-1, 8, 8)[:1200]
    model = Autoencoder("variational", 2, epochs=40, condition="y", random_state=0).fit(X, y[:1200])
    from sklearn.neighbors import KNeighborsClassifier

    judge = KNeighborsClassifier().fit(X.reshape(len(X), -1), y[:1200])
    asked = np.repeat(np.arange(10), 10)
    drawn = model.sample(100, condition=asked, random_state=0)
    assert (judge.predict(drawn.reshape(100, -1)) == asked).mean() > 0.7


def test_a_parquet_file_streams(tmp_path, people):
    people = pd.concat([people] * 4, ignore_index=True)
    people.to_parquet(tmp_path / "p.parquet", row_group_size=100)
    stream = ParquetStream(tmp_path / "p.parquet")
    model = ae(epochs=10).fit(stream)
    assert model.transform(stream).shape == (1200, 4)
    held = ae(epochs=10).fit(people)
    assert model.score(stream) == pytest.approx(held.score(people), rel=0.5)
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(isthmus.load(tmp_path / "m.safetensors").transform(people), model.transform(people))
    checkpoint = tmp_path / "c.safetensors"
    ae(epochs=2).fit(stream, checkpoint=checkpoint)
    ae(epochs=2).fit(stream, checkpoint=checkpoint, resume=True)
    with pytest.raises(InputError, match="rows in memory"):
        ae(epochs=1).fit(stream, sample_weight=np.ones(1200))


def test_a_folder_of_images_streams(tmp_path):
    from PIL import Image

    for i, picture in enumerate(DIGITS[:60]):
        Image.fromarray((picture * 255).astype(np.uint8)).save(tmp_path / f"{i:03}.png")
    model = ae().fit(ImageStream(tmp_path))
    assert model.transform(ImageStream(tmp_path)).shape == (60, 4)
    assert model.reconstruct(DIGITS[:3]).shape == (3, 8, 8)


class OfAUser(torch.nn.Module):
    """Encode and decode on plain tensors, sizes fixed by hand."""

    def __init__(self, inside=64, code=4, out=64):
        super().__init__()
        self.down, self.up = torch.nn.Linear(inside, code), torch.nn.Linear(code, out)

    def encode(self, x):
        return self.down(x)

    def decode(self, z):
        return self.up(torch.tanh(z))


@pytest.fixture
def registered(monkeypatch):
    load_all()
    monkeypatch.setattr(parts, "PARTS", dict(parts.PARTS))
    parts.part("net/of-a-user")(OfAUser)


@pytest.mark.usefixtures("registered")
def test_a_net_of_ones_own(tmp_path):
    model = ae(net=OfAUser(), epochs=20).fit(FLAT)
    assert model.score(FLAT) > -((FLAT - FLAT.mean(0)) ** 2).mean()
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(isthmus.load(tmp_path / "m.safetensors").transform(FLAT), model.transform(FLAT))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"code": 5}, "OfAUser.encode returned the shape \\(2, 5\\), expected \\(2, 4\\)"),
        ({"out": 63}, "OfAUser.decode returned the shape \\(2, 63\\), expected \\(2, 64\\)"),
        ({"inside": 60}, "OfAUser cannot take rows of shape"),
    ],
)
@pytest.mark.usefixtures("registered")
def test_a_net_of_wrong_shapes_is_named(sizes, message):
    with pytest.raises(InputError, match=message):
        ae(net=OfAUser(**sizes)).fit(FLAT)


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((0, 4)), "0 sample"),
        (np.zeros((1, 4)), "n_samples = 1"),
        (np.zeros((5, 0)), "0 feature"),
        (np.zeros(5), "Reshape your data"),
        (np.full((5, 3), np.inf), "inf"),
        (np.zeros((5, 3), dtype=complex), "omplex"),
        (np.zeros((5, 3, 4, 5)), "channels_first"),
        (np.full((5, 4, 4), np.nan), "finite"),
        (np.full((5, 4, 4), 200.0), "255"),
        (pd.DataFrame({"a": [1.0, np.inf]}), "a"),
    ],
    ids=str,
)
def test_data_that_cannot_be_used(X, message):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with pytest.raises(ValueError, match=message):
            ae().fit(X)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("latent_dim", 0),
        ("latent_dim", 2.5),
        ("epochs", 0),
        ("batch_size", -1),
        ("patience", True),
        ("learning_rate", -1.0),
        ("learning_rate", "fast"),
        ("validation_fraction", 1.0),
        ("average", 1.5),
        ("precision", "float8"),
        ("device", "abacus"),
        ("schedule", "linear"),
    ],
)
def test_parameters_out_of_range_are_named(parameter, value):
    with pytest.raises(InputError, match=parameter):
        ae(**{parameter: value}).fit(FLAT)


def test_fewer_rows_than_a_batch_and_constant_columns():
    X = np.c_[FLAT[:5, :10], np.ones(5)]
    model = ae(batch_size=512).fit(X)
    assert np.isfinite(model.reconstruct(X)).all()


def test_a_code_larger_than_the_row_warns():
    with pytest.warns(UserWarning, match="latent_dim=70 gives codes of 70 numbers, larger than a row of 64"):
        ae(latent_dim=70).fit(FLAT)


def test_other_columns_at_transform(people):
    model = ae().fit(people)
    with pytest.raises(ValueError, match="salary"):
        model.transform(people.rename(columns={"income": "salary"}))
    with pytest.raises(ValueError, match="features"):
        ae().fit(FLAT).transform(FLAT[:, :10])
    with pytest.raises(InputError, match="shape"):
        ae().fit(DIGITS).transform(DIGITS[:, :4])


def test_an_unseen_category_warns_and_counts(people):
    model = ae().fit(people)
    strange = people.astype({"job": str}).assign(job="diver")
    with pytest.warns(UserWarning, match="300"):
        assert np.isfinite(model.transform(strange)).all()


def test_codes_of_any_number_of_positions_are_decoded_where_images_may_have_any_size():
    draw = np.random.default_rng(0)
    X = draw.integers(0, 256, (6, 20, 30, 3)).astype(np.uint8)
    small = FeatureMap(4, width=8, blocks=1)
    model = Autoencoder("plain", 2, net=small, data=Images(crop=8), epochs=1, random_state=0, verbose=False).fit(X)
    codes = model.transform(X)
    assert codes.shape == (6, 5, 8, 2)
    assert model.inverse_transform(codes).shape == (6, 20, 32, 3)
    assert model.inverse_transform(np.zeros((2, 2 * 2 * 2))).shape == (2, 8, 8, 3)  # flat: those of a crop
    for wrong in (np.zeros((2, 5)), np.zeros((1, 3, 2)), np.zeros((1, 3, 3, 1)), np.zeros((1, 0, 3, 2))):
        with pytest.raises(InputError, match="codes"):
            model.inverse_transform(wrong)


def test_codes_of_another_width():
    model = ae().fit(FLAT)
    for wrong in (np.zeros((2, 5)), np.zeros(4), np.full((2, 4), np.nan)):
        with pytest.raises(InputError, match="codes"):
            model.inverse_transform(wrong)


@pytest.mark.parametrize(
    "method", ["transform", "reconstruct", "score_samples", "reconstruction_error", "corrupt", "posterior"]
)
def test_before_fit(method):
    with pytest.raises(NotFittedError):
        getattr(ae(), method)(FLAT)
    with pytest.raises(NotFittedError):
        ae().save("never.safetensors")


def test_sample_weights_that_make_no_sense():
    for wrong in (np.ones(3), -np.ones(400), np.zeros(400), np.full(400, np.nan)):
        with pytest.raises(InputError, match="sample_weight"):
            ae().fit(FLAT, sample_weight=wrong)


def test_an_error_leaves_a_fitted_model_as_it_was():
    model = ae().fit(FLAT)
    before = model.transform(FLAT)
    with pytest.raises(ValueError, match="inf"):
        model.fit(np.full((5, 3), np.inf))
    np.testing.assert_array_equal(model.transform(FLAT), before)


def test_a_file_is_kept_when_saving_fails(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    model = ae().fit(FLAT)
    model.save(path)
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("isthmus.core.store.save_file", full)
    with pytest.raises(InputError, match="disk is full"):
        model.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# -- real data -------------------------------------------------------------------------------------------------------


def test_mnist_beats_pca_in_one_epoch(real_data):
    from isthmus.data.io.files import read

    real_data("mnist/train-images-idx3-ubyte.gz")
    X, test = read("mnist").X[:12_000], read("mnist:test").X[:2000]
    model = Autoencoder("plain", latent_dim=32, epochs=3, random_state=0).fit(X)
    flat, test_flat = X.reshape(len(X), -1) / 255, test.reshape(len(test), -1) / 255
    pca = PCA(32).fit(flat)
    rebuilt = np.clip(pca.inverse_transform(pca.transform(test_flat)), 0, 1)
    ours = ((model.reconstruct(test).reshape(len(test), -1) - test_flat) ** 2).mean()
    assert ours < 0.6 * ((rebuilt - test_flat) ** 2).mean()


def test_adult_census(real_data):
    frame = pd.read_csv(real_data("tabular_missing/adult_train.csv"), na_values=["?"]).head(4000)
    model = Autoencoder("denoising", 8, epochs=4, random_state=0).fit(frame)
    again = model.reconstruct(frame)
    assert list(again.columns) == list(frame.columns)
    assert (again["sex"] == frame["sex"]).mean() > 0.8
    assert np.isfinite(model.transform(frame)).all()


def test_faces_through_the_conv_net(real_data):
    X = np.load(real_data("faces/orl_faces.npz"))["images"][:, ::4, ::4]
    model = Autoencoder("plain", 16, net="conv", epochs=4, random_state=0).fit(X[:360])
    assert ((model.reconstruct(X[360:]) - X[360:] / 255) ** 2).mean() < (
        (X[:360].mean(0) - X[360:]) ** 2
    ).mean() / 255**2
