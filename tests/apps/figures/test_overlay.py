"""Overlays: images in grey with heat over them, in their own size, on one scale."""

import numpy as np
import pytest

import isthmus
from isthmus import AnomalyDetector, Autoencoder, Images, InputError
from isthmus.apps.figures import overlay as module
from isthmus.apps.figures.overlay import BOX, CONTOUR, _bytes, overlay
from isthmus.apps.figures.scanned import scanned
from isthmus.data.io.files import read
from isthmus.tasks.anomaly.heat import regions

Image = pytest.importorskip("PIL.Image")
GREY = np.full((60, 80), 100, np.uint8)


def opened(path):
    with Image.open(path) as image:
        image.load()
    return image


def spot(height=60, width=80, value=2.0):
    heat = np.zeros((height, width), np.float32)
    heat[20:30, 40:60] = value
    return heat


def test_what_is_faint_is_the_image_in_grey():
    np.testing.assert_array_equal(overlay(GREY, np.full(GREY.shape, 0.5)), np.repeat(GREY[..., None], 3, 2))
    red = np.zeros((60, 80, 3), np.float32)
    red[..., 0] = 1.0
    np.testing.assert_array_equal(overlay(red, np.zeros(GREY.shape)), np.full(red.shape, 76))


def test_the_scale_is_the_same_for_all_images():
    alone, beside = overlay(GREY, spot()), overlay(GREY, spot() + 9.0 * (np.arange(60)[:, None] > 50))
    np.testing.assert_array_equal(alone[22:28, 42:58], beside[22:28, 42:58])
    assert (alone[25, 50] != overlay(GREY, spot(value=1.5))[25, 50]).any()
    np.testing.assert_array_equal(overlay(GREY, spot(value=3.0))[25, 50], overlay(GREY, spot(value=30.0))[25, 50])


def test_a_contour_surrounds_what_is_above_the_threshold():
    drawn = overlay(GREY, spot())
    contour = (drawn == _bytes(CONTOUR)).all(-1)
    inside = np.zeros(GREY.shape, bool)
    inside[19:31, 39:61] = True
    inside[20:30, 40:60] = False
    np.testing.assert_array_equal(contour, inside)
    assert not (overlay(GREY, spot(value=1.0)) == _bytes(CONTOUR)).all(-1).any()


def test_boxes_surround_regions_and_stay_inside():
    heat = spot()
    heat[0:3, 0:5] = 2.0
    box = (overlay(GREY, heat, regions([heat])) == _bytes(BOX)).all(-1)
    assert box[17, 37:63].all() and box[32, 37:63].all() and box[17:33, 37].all() and box[17:33, 62].all()
    assert box[0, :8].all() and box[:6, 0].all() and not box[40:].any()


def test_large_images_are_drawn_smaller(monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 40)
    heat = np.zeros((61, 79), np.float32)
    heat[33, 51] = 3.0
    drawn = overlay(np.full((61, 79, 3), 200, np.uint8), heat, regions([heat]))
    assert drawn.shape == (31, 40, 3) and drawn[16, 25, 0] > 230 and (drawn[16, 25] != 200).any()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for number in range(12):
        noise = np.random.default_rng(number).normal(120, 9, (20 + number % 2, 26, 3)).clip(0, 255)
        Image.fromarray(noise.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def detector(photos):
    model = Autoencoder("denoising", 4, data=Images(crop=16, crops_per_image=1), epochs=1, verbose=False)
    return AnomalyDetector(model, false_alarm_rate=0.1, random_state=0).fit(read(photos).X)


def test_plot_writes_each_image_in_its_own_size(photos, detector, tmp_path, monkeypatch):
    stream = read(photos, budget=0).X
    paths = isthmus.plot(detector, stream, tmp_path / "new" / "maps")
    assert [path.name for path in paths] == [f"{path.name}" for path in sorted(photos.iterdir())]
    for path in paths:
        assert opened(path).size == opened(photos / path.name).size and opened(path).mode == "RGB"
    paths = isthmus.plot(detector, read(photos).X, tmp_path / "numbered")
    assert [path.name for path in paths] == [f"{number:02d}.png" for number in range(12)]
    monkeypatch.setattr(module, "LARGEST", 25)
    with pytest.warns(UserWarning, match=r"at most 4,096 pixels on a side: .*1.png in 1/2"):
        assert opened(isthmus.plot(detector, stream[:2], tmp_path / "small")[1]).size == (13, 11)


def test_what_is_scanned_is_what_the_detector_says(photos, detector):
    stream = read(photos, budget=0).X
    scans = list(scanned(detector, stream))
    np.testing.assert_allclose([one.score for one in scans], detector.anomaly_score(stream), rtol=1e-5)
    np.testing.assert_array_equal([one.flagged for one in scans], detector.predict(stream) < 0)
    for one, heat in zip(scans, detector.heat_map(stream), strict=True):
        np.testing.assert_allclose(one.heat, heat, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(one.mask(), 255 * (one.heat > 1))


def test_plot_draws_detectors_of_images(tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = Autoencoder("plain", 1, epochs=1, verbose=False).fit(X)
    with pytest.raises(InputError, match="plot draws where a detector finds images abnormal.*plot_history"):
        isthmus.plot(model, X, tmp_path / "maps")
    table = AnomalyDetector(Autoencoder("plain", 1, epochs=1, verbose=False), false_alarm_rate=0.2).fit(X)
    with pytest.raises(InputError, match="plot is of images"):
        isthmus.plot(table, X, tmp_path / "maps")
    assert not (tmp_path / "maps").exists()
