"""Reports on models for images of any size, and on codes that have a vector in each of several positions."""

import re

import numpy as np
import pytest

from isthmus import AnomalyDetector, Autoencoder, Denoising, Images
from isthmus.apps.report import pages
from isthmus.apps.report.kinds.base import drawn
from isthmus.apps.report.study import Study

RNG = np.random.default_rng(0)
SIZES = [(16, 24), (24, 16), (16, 24), (17, 19), (24, 16), (20, 40)]
PICTURES = [RNG.random((*size, 3)).astype(np.float32) for size in SIZES]
FIT = {"epochs": 2, "random_state": 0, "verbose": False}


@pytest.fixture(
    scope="module", params=["plain", "variational", Denoising(level=0.1)], ids=["plain", "vae", "denoising"]
)
def model(request):
    return Autoencoder(request.param, 4, data=Images(crop=16, crops_per_image=2), **FIT).fit(PICTURES)


@pytest.fixture
def text(tmp_path):
    def written(*arguments, write=pages.write, **options):
        write(*arguments, tmp_path / "report.html", **options)
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return written


def sections(page):
    return set(re.findall(r'<section[^>]* id="([^"]*)"', page))


@pytest.mark.parametrize("examples", [True, False])
def test_a_page_shows_what_means_over_positions_can(model, text, examples):
    page = text(model, PICTURES, examples=examples, y=np.arange(6) % 2)
    assert {"errors", "latent", "samples", "activity", "model"} <= sections(page) and "units" not in sections(page)
    assert ("originals" in sections(page)) == examples
    assert "means over positions" in page and "cannot be decoded" in page
    assert "The same, decoded" not in page and "Interpolations" not in page
    assert "4 numbers in each of 2 × 2 positions of an image of 16 × 16" in page
    assert "draws each of the 4 positions of a code by itself" in page


def test_figures_are_those_of_the_model(model):
    study = Study(model, PICTURES)
    np.testing.assert_allclose(study.codes, model.transform(PICTURES, pool="mean"), atol=1e-5)
    vectors = np.concatenate([code.reshape(-1, 4) for code in model.transform(PICTURES)])
    np.testing.assert_allclose(study.deviation, vectors.std(0), rtol=1e-4)
    np.testing.assert_allclose(study.errors, model.reconstruction_error(PICTURES), rtol=1e-5)
    pairs = zip(PICTURES, model.reconstruct(PICTURES), strict=True)
    squares = np.concatenate([((a - b) ** 2).ravel() for a, b in pairs])
    assert study.likeness["mse"] == pytest.approx(squares.mean(), rel=1e-4)
    assert study.feature_errors.shape == (3,)


def test_several_models_stand_side_by_side(model, text):
    page = text({"one": model, "two": model}, PICTURES, write=pages.write_comparison)
    assert {"table", "reconstructions", "maps"} <= sections(page)


def test_codes_with_positions_of_one_size(text):
    X = RNG.random((12, 16, 24)).astype(np.float32)
    page = text(Autoencoder("topk", 4, net="feature-map", **FIT).fit(X), X)
    assert (
        "4 numbers in each of 2 × 3 positions" in page and "Fraction of positions in which a unit is not zero" in page
    )
    assert "units" not in sections(page)


def test_vector_codes_are_walked_as_before(text):
    X = RNG.random((12, 16, 24)).astype(np.float32)
    page = text(Autoencoder("plain", 4, **FIT).fit(X), X)
    assert "units" in sections(page) and "Interpolations" in page and "positions" not in page


@pytest.mark.filterwarnings("ignore:false_alarm_rate")
def test_a_detector_shows_the_most_abnormal_images(text):
    model = Autoencoder("denoising", 4, data=Images(crop=16, crops_per_image=1), epochs=1, verbose=False)
    page = text(AnomalyDetector(model, random_state=0).fit(PICTURES), PICTURES)
    assert {"abnormal", "drift", "latent"} <= sections(page)


def test_a_stream_of_several_sizes_is_drawn_from(monkeypatch):
    class Stream(list):
        def chunks(self):
            yield from (self[:2], self[2:4], self[4:])

        def source(self):
            raise NotImplementedError

    rows = drawn(Stream(PICTURES), np.array([0, 3, 5]))
    assert [row.shape for row in rows] == [PICTURES[k].shape for k in (0, 3, 5)]
