"""Heat maps of images and their regions: relative to the threshold of each image, in its own size."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from isthmus import AnomalyDetector, Autoencoder, Images, InputError, Signals, load
from isthmus.core.graphs import relative
from isthmus.core.part import lookup
from isthmus.data.images.resize import HOWS, undone
from isthmus.tasks.anomaly.heat import _below, heat_map, regions

RNG = np.random.default_rng(0)
SIZES = [(16, 24), (24, 16), (16, 24), (33, 19)] * 3
IMAGES = [(0.5 + 0.05 * RNG.standard_normal((*size, 3))).clip(0, 1).astype(np.float32) for size in SIZES]
pytestmark = pytest.mark.filterwarnings("ignore:false_alarm_rate")


def detector(images=IMAGES, data=None, **settings):
    data = data or Images(crop=16, crops_per_image=1)
    model = Autoencoder("denoising", 4, data=data, epochs=1, verbose=False)
    return AnomalyDetector(model, **{"scorer": "error", **settings}, false_alarm_rate=0.1, random_state=0).fit(images)


@pytest.fixture(scope="module")
def fitted():
    return detector()


def stained(image, top=4, left=5, side=6):
    image = image.copy()
    image[top : top + side, left : left + side] = 0.0
    return image


def test_maps_have_the_sizes_of_the_images_and_are_multiples_of_the_threshold(fitted):
    maps = fitted.heat_map(IMAGES)
    assert [one.shape for one in maps] == SIZES and all(one.dtype == np.float32 for one in maps)
    errors = fitted.autoencoder_.reconstruction_error(IMAGES, "element")
    for one, error in zip(maps, errors, strict=True):
        np.testing.assert_allclose(one, error.mean(-1) / fitted.threshold_, rtol=1e-4, atol=1e-5)
    assert fitted.heat_map(IMAGES[:1]).shape == (1, 16, 24)
    np.testing.assert_allclose(
        [one.mean() for one in maps], fitted.anomaly_score(IMAGES) / fitted.threshold_, rtol=1e-4
    )


def test_maps_follow_the_threshold(fitted):
    before = fitted.threshold_
    maps = fitted.heat_map(IMAGES[:1])
    try:
        np.testing.assert_allclose(fitted.set_threshold(value=2 * before).heat_map(IMAGES[:1]), maps / 2, rtol=1e-6)
        with pytest.raises(InputError, match=r"the threshold is -1.*set_threshold\(value=...\)"):
            fitted.set_threshold(value=-1).heat_map(IMAGES)
    finally:
        fitted.set_threshold(value=before)


def test_each_image_is_relative_to_the_threshold_of_its_group(fitted, monkeypatch):
    rule = fitted._rule
    groups = replace(rule.thresholds, groups={"a": 0.5, "b": 2.0})
    monkeypatch.setattr(type(rule), "labels", lambda self, X: np.array(["a", "b"] * (len(X) // 2)))
    of_groups = heat_map(replace(rule, thresholds=groups), IMAGES)
    for at, one in enumerate(fitted.heat_map(IMAGES)):
        np.testing.assert_allclose(of_groups[at], one * fitted.threshold_ / (0.5, 2.0)[at % 2], rtol=1e-5)


def test_large_images_are_computed_in_tiles(fitted, monkeypatch):
    whole = fitted.heat_map(IMAGES)
    monkeypatch.setattr(type(fitted.autoencoder_.model_.net), "at_once", 3 * 16 * 16)
    cuts = []
    cut = Images.cut
    monkeypatch.setattr(Images, "cut", lambda self, columns, spans: cuts.append(spans) or cut(self, columns, spans))
    for one, other in zip(fitted.heat_map(IMAGES), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert cuts


@pytest.mark.parametrize("first", [False, True])
def test_images_of_one_size_and_their_file(first, tmp_path):
    images = np.stack([image for image in IMAGES if image.shape[:2] == (16, 24)])
    images = np.moveaxis(images, -1, 1) if first else images
    made = detector(images, Images(channels_first=first), scorer="error")
    assert made.heat_map(images).shape == (6, 16, 24)
    made.save(tmp_path / "d.safetensors")
    again = load(tmp_path / "d.safetensors")
    np.testing.assert_array_equal(again.heat_map(images), made.heat_map(images))
    assert again.regions(images) == made.regions(images) and again.has_heat_map and "heat_map" in again.graphs()


@pytest.mark.parametrize("how", HOWS)
def test_maps_of_resized_images_have_their_own_size_and_the_same_maximum(how):
    made = detector(IMAGES, Images(resize=(12, 20), how=how), scorer="error")
    maps = made.heat_map(IMAGES)
    assert [one.shape for one in maps] == SIZES
    small = made.graphs()["heat_map"](made.autoencoder_.data_.read(IMAGES))["heat"] / made.threshold_
    if how != "contain":  # the maximum may be in what was padded
        np.testing.assert_allclose([one.max() for one in maps], small.detach().amax((1, 2)), rtol=1e-4)


def test_what_was_cropped_is_not_abnormal():
    assert undone(torch.ones(10, 10), (10, 30), "cover").nonzero().numpy()[:, 1].tolist() == [*range(10, 20)] * 10


def test_a_stain_is_a_region(fitted):
    [whole, broken] = fitted.heat_map([IMAGES[3], stained(IMAGES[3])])
    assert broken[4:10, 5:11].mean() > 3 * whole[4:10, 5:11].mean()
    found = [region for region in fitted.regions([IMAGES[3], stained(IMAGES[3])]) if region.image == 1]
    assert found[0].peak == pytest.approx(broken.max()) and found[0].peak >= found[-1].peak > 1
    assert sum(region.area for region in found) == (broken > 1).sum()
    worst = max(found, key=lambda region: region.area)
    assert worst.x <= 7 and worst.y <= 6 and worst.x + worst.width >= 9 and worst.y + worst.height >= 8


def test_regions_touch_at_corners_and_are_sorted():
    heat = np.zeros((2, 5, 7))
    heat[0, 0, 0] = heat[0, 1, 1] = 1.5
    heat[0, 4, 2:5] = 2.5
    heat[1, 2, 2] = 1.0  # the threshold itself is not above it
    heat[1, 0, 6] = 9.0
    found = [(r.image, r.x, r.y, r.width, r.height, r.area, r.peak) for r in regions(heat)]
    assert found == [(0, 2, 4, 3, 1, 3, 2.5), (0, 0, 0, 2, 2, 2, 1.5), (1, 6, 0, 1, 1, 1, 9.0)]
    assert regions(np.ones((1, 3, 3))) == [] and regions([]) == []


def test_heat_is_above_one_exactly_where_a_score_is_above_the_threshold():
    scores = RNG.random(500).astype(np.float32) + np.float32(1e-3)
    exact = scores.astype(np.float64)
    for limits in (exact, np.nextafter(exact, -np.inf), np.nextafter(exact, np.inf)):
        single = torch.from_numpy(_below(limits))
        ratio = relative(torch.from_numpy(scores), single)
        np.testing.assert_array_equal(ratio.numpy() > 1, exact > limits)


def test_scores_without_a_map_and_other_data_are_refused():
    images = RNG.random((12, 8, 8))
    made = detector(images, Images(), scorer="neighbours")
    assert not made.has_heat_map and "heat_map" not in made.graphs()
    with pytest.raises(InputError, match=r"'neighbours'.*has no map.*train with a scorer that has one: .*error"):
        made.heat_map(images)
    table = RNG.normal(size=(60, 3))
    quick = Autoencoder("plain", 1, epochs=1, verbose=False)
    rows = AnomalyDetector(quick, scorer="error", false_alarm_rate=0.2).fit(table)
    with pytest.raises(InputError, match=r"regions is of images, but the training had rows: explain\(X\)"):
        rows.regions(table)
    signal = AnomalyDetector(Autoencoder("plain", 1, data=Signals(window=4), epochs=1, verbose=False)).fit(table)
    with pytest.raises(InputError, match=r"heat_map is of images, but the training had a signal: .*intervals\(X\)"):
        signal.heat_map(table)


def test_a_score_without_a_map_raises():
    with pytest.raises(NotImplementedError, match="Neighbours has no map"):
        lookup("score/neighbours")().heat(None, None)


def test_images_come_in_each_form(fitted):
    images = np.stack(IMAGES[:1] + IMAGES[2:3])
    maps = fitted.heat_map(images)
    for form in (list(images), torch.from_numpy(images), DataLoader(TensorDataset(torch.from_numpy(images)))):
        np.testing.assert_allclose(fitted.heat_map(form), maps, rtol=1e-5)
        assert [one.area for one in fitted.regions(form)] == [one.area for one in fitted.regions(images)]
