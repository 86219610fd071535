"""What is measured of models for images of any size, and of codes that have a vector in each of several positions."""

import numpy as np
import pytest

import isthmus
from isthmus import Autoencoder, Images
from isthmus.tasks.evaluation.codes import CodeStatistics, divergence

RNG = np.random.default_rng(0)
SIZES = [(16, 24), (24, 16), (16, 24), (17, 19), (24, 16)]
PICTURES = [RNG.random((*size, 3)).astype(np.float32) for size in SIZES]
FIT = {"epochs": 2, "random_state": 0, "verbose": False}


@pytest.fixture(scope="module", params=["plain", "variational"])
def model(request):
    return Autoencoder(request.param, 4, data=Images(crop=16, crops_per_image=2), **FIT).fit(PICTURES)


def test_the_figures_are_those_of_all_pixels(model):
    figures = isthmus.evaluate(model, PICTURES)
    x = np.concatenate([picture.reshape(-1, 3) for picture in PICTURES])
    y = np.concatenate([picture.reshape(-1, 3) for picture in model.reconstruct(PICTURES)])
    assert figures["rows"] == 5 and figures["mse"] == pytest.approx(((x - y) ** 2).mean(), rel=1e-5)
    explained = 1 - ((x - y) ** 2).sum() / ((x - x.mean(0)) ** 2).sum()
    assert figures["explained"] == pytest.approx(explained, rel=1e-4)
    errors = model.reconstruction_error(PICTURES)
    assert figures["error"]["median"] == pytest.approx(np.median(errors), rel=1e-5)
    assert ("elbo" in figures) == model.model_.has_posterior


def test_images_of_one_size_are_measured_alike(model):
    listed, stacked = (isthmus.evaluate(model, rows) for rows in (PICTURES[:1] * 4, np.stack(PICTURES[:1] * 4)))
    assert listed["mse"] == pytest.approx(stacked["mse"]) and listed["explained"] == pytest.approx(stacked["explained"])


def test_labels_stay_with_their_images(model):
    bright = [picture * (1.0 if k % 2 else 0.05) for k, picture in enumerate(PICTURES * 8)]
    y = ["light" if k % 2 else "dark" for k in range(len(bright))]
    assert isthmus.evaluate(model, bright, y)["probe"] > 0.9


def test_units_vary_over_rows_and_positions(model):
    statistics = CodeStatistics(model)
    statistics.add(PICTURES)
    vectors = np.concatenate([code.reshape(-1, 4) for code in model.transform(PICTURES)])
    np.testing.assert_allclose(statistics.variance, vectors.var(0), rtol=1e-4)
    np.testing.assert_allclose(statistics.usage, (vectors != 0).mean(0))
    np.testing.assert_allclose(statistics.vectors, model.transform(PICTURES, pool="mean"), atol=1e-5)


def test_large_means_lose_no_digits_of_the_variance():
    X = RNG.normal(size=(50, 3)) + 1e6
    model = Autoencoder("linear", 2, **FIT).fit(X)
    statistics = CodeStatistics(model)
    statistics._add(np.float64([[1e9], [1e9 + 1], [1e9 + 2]]) * [1.0, 1.0])
    np.testing.assert_allclose(statistics.variance, [2 / 3, 2 / 3])


def test_the_divergence_is_a_mean_over_positions():
    model = Autoencoder("variational", 4, data=Images(crop=16, crops_per_image=1), **FIT).fit(PICTURES)
    mean, variance = (np.concatenate([p.reshape(-1, 4) for p in part]) for part in model.posterior(PICTURES))
    kl = 0.5 * (variance + mean**2 - 1 - np.log(variance)).mean(0)
    np.testing.assert_allclose(divergence(model, PICTURES), kl, rtol=1e-4)


def test_codes_with_positions_of_one_size():
    X = RNG.random((12, 16, 24)).astype(np.float32)
    model = Autoencoder("plain", 4, net="feature-map", **FIT).fit(X)
    figures = isthmus.evaluate(model, X, np.arange(12) % 2)
    assert figures["units"] == 4 and figures["mse"] == pytest.approx(((model.reconstruct(X) - X) ** 2).mean(), rel=1e-5)


def test_windows_of_a_signal_are_measured_by_channel():
    signal = RNG.normal(size=(200, 2)) * [1.0, 100.0]
    model = Autoencoder("linear", 4, data=isthmus.Signals(window=8), **FIT).fit(signal)
    windows = np.stack([signal[k : k + 8] for k in range(0, 192, 8)])
    x, y = windows.reshape(-1, 2), model.reconstruct(windows).reshape(-1, 2)
    explained = 1 - ((x - y) ** 2).sum(0) / ((x - x.mean(0)) ** 2).sum(0)
    assert isthmus.evaluate(model, windows)["explained"] == pytest.approx(explained.mean(), rel=1e-4)
