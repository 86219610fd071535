"""Errors, codes and walks of images that differ in size."""

import numpy as np
import pytest
import torch

from isthmus import Autoencoder, Denoising, Images, InputError

RNG = np.random.default_rng(0)
SIZES = [(16, 24), (24, 16), (16, 24), (17, 19)]
FIT = {"epochs": 1, "random_state": 0, "verbose": False}


def pictures(channels_first=False):
    return [RNG.random((3, *size) if channels_first else (*size, 3)).astype(np.float32) for size in SIZES]


@pytest.fixture(scope="module")
def model():
    return Autoencoder("plain", 4, data=Images(crop=16, crops_per_image=1), **FIT).fit(pictures())


@pytest.mark.parametrize("channels_first", [False, True])
def test_the_error_of_a_feature_is_the_mean_of_a_channel(channels_first):
    X = pictures(channels_first)
    data = Images(channels_first, crop=16, crops_per_image=1)
    model = Autoencoder("plain", 4, data=data, **FIT).fit(X)
    elements = model.reconstruction_error(X, per="element")
    assert [error.shape for error in elements] == [picture.shape for picture in X]
    space = (1, 2) if channels_first else (0, 1)
    expected = np.mean([error.mean(space) for error in elements], axis=0)
    np.testing.assert_allclose(model.reconstruction_error(X, per="feature"), expected, rtol=1e-4)
    assert model.reconstruction_error(X, per="feature").mean() == pytest.approx(-model.score(X), rel=1e-4)
    np.testing.assert_allclose(model.reconstruction_error(X[:1], per="feature"), elements[0].mean(space), rtol=1e-4)


def test_grey_images_have_one_channel():
    X = [RNG.random(size).astype(np.float32) for size in SIZES]
    model = Autoencoder("plain", 4, data=Images(crop=16, crops_per_image=1), **FIT).fit(X)
    assert model.reconstruction_error(X, per="feature").shape == (1,)


def test_a_list_of_images_is_answered_in_single_precision(model):
    bytes_ = [np.uint8(255 * picture) for picture in pictures()]
    assert Autoencoder("plain", 4, data=Images(crop=16), **FIT).fit(bytes_).transform(bytes_, pool="mean").dtype == "f4"
    assert model.transform(pictures(), pool="mean").dtype == np.float32


def test_codes_of_one_size_are_an_array_those_of_several_a_list(model):
    X = pictures()  # of a stride of 8
    assert model.transform(X[:1]).shape == (1, 2, 3, 4) and model.transform(np.stack(X[::2])).shape == (2, 2, 3, 4)
    codes = model.transform(X)
    assert isinstance(codes, list) and [z.shape for z in codes] == [(2, 3, 4), (3, 2, 4), (2, 3, 4), (3, 3, 4)]
    assert model.transform(X, pool="mean").shape == (4, 4)


def test_codes_of_any_number_of_positions_are_decoded(model):
    assert model.positions_ == (2, 2) and model.inverse_transform(RNG.random((2, 3, 5, 4))).shape == (2, 24, 40, 3)
    X = pictures()
    code = model.transform(X)[0]
    np.testing.assert_allclose(model.inverse_transform(code[None])[0], model.reconstruct(X)[0], atol=1e-5)
    assert model.inverse_transform(np.zeros((1, 2 * 2 * 4))).shape == (1, 16, 16, 3)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros((2, 4)), r"\(2, 4\); expected \(n, 16\) or \(n, any, any, 4\).*mean over positions cannot"),
        (np.zeros((2, 3, 3, 5)), r"\(2, 3, 3, 5\)"),
        (np.zeros((2, 0, 3, 4)), r"\(2, 0, 3, 4\)"),
        ([np.zeros((1, 2, 4)), np.zeros((2, 2, 4))], "decode each size apart"),
        (np.full((1, 2, 2, 4), np.nan), "NaN"),
    ],
)
def test_codes_that_do_not_fit_are_refused(model, codes, message):
    with pytest.raises(InputError, match=message):
        model.inverse_transform(codes)


def test_walks_join_images_of_one_size(model):
    X = pictures()
    walk = model.interpolate(X[0], X[2], steps=3)
    ends = model.reconstruct([X[0], X[2]])
    np.testing.assert_allclose(walk[[0, 2]], ends, atol=1e-5)
    with pytest.raises(InputError, match=r"\(2, 3, 4\) and \(3, 2, 4\).*give two of one size"):
        model.interpolate(X[0], X[1])


def test_corrupted_images_keep_their_sizes_and_order():
    X = pictures()
    model = Autoencoder(Denoising(level=0.1), 4, data=Images(crop=16, crops_per_image=1), **FIT).fit(X)
    corrupted = model.corrupt(X, random_state=0)
    assert [picture.shape for picture in corrupted] == [picture.shape for picture in X]
    assert all(0 < np.abs(a - b).mean() < 0.2 for a, b in zip(X, corrupted, strict=True))


def test_a_single_position_draws_as_a_whole(recwarn):
    X = RNG.random((20, 8, 8)).astype(np.float32)
    model = Autoencoder("plain", 4, net="feature-map", **FIT).fit(X)
    assert model.positions_ == (1, 1) and model.sample(2).shape == (2, 8, 8)
    assert not [one for one in recwarn if "draws each" in str(one.message)]


def test_tensors_of_several_sizes(model):
    X = [torch.from_numpy(picture) for picture in pictures()]
    model = Autoencoder("plain", 4, data=Images(crop=16, crops_per_image=1), **FIT).fit(X)
    assert model.reconstruction_error(X, per="feature").shape == (3,)
    assert [tuple(picture.shape) for picture in model.reconstruct(X)] == [tuple(picture.shape) for picture in X]


def test_graphs_answer_for_images_of_several_sizes_in_their_order(model):
    X = pictures()
    codes, errors = model.run("encode", X)["z"], model.run("error", X)["error"]
    assert [tuple(code.shape) for code in codes] == [code.shape for code in model.transform(X)]
    torch.testing.assert_close(codes[1][None], model.run("encode", X[1:2])["z"])
    assert errors.shape == (4,)


@pytest.mark.parametrize("method", ["transform", "reconstruct", "reconstruction_error"])
def test_no_images_and_images_without_pixels_are_refused(model, method):
    with pytest.raises(InputError, match="there are no images: X is empty"):
        getattr(model, method)([])
    with pytest.raises(InputError, match="has no pixels: leave it out"):
        getattr(model, method)([np.zeros((0, 20, 3), np.float32)])
