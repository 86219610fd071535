"""Heat maps in the explorer: a fourth picture of each image, where the score of a detector has a map."""

import io
from base64 import b64decode

import numpy as np
import pytest

from isthmus import AnomalyDetector, Autoencoder, Images
from isthmus.apps.explorer.api.answers import example
from isthmus.apps.explorer.session import open_session
from isthmus.apps.figures.overlay import overlay

Image = pytest.importorskip("PIL.Image")


def picture(seed, height=20, width=26):
    pixels = np.random.default_rng(seed).normal(130, 9, (height, width, 3)).clip(0, 255).astype(np.uint8)
    if seed == 11:
        pixels[4:10, 5:15] = 0
    return pixels


PICTURES = [picture(seed, 20 + seed % 2) for seed in range(12)]


def shown(model, X, index, visible=True):
    session = open_session({"m": model}, X, visible=visible)
    [view] = session.views
    return example(view, session.examples, index)


def test_an_image_has_its_heat_map_on_the_scale_of_all():
    model = Autoencoder("denoising", 4, data=Images(crop=16, crops_per_image=1), epochs=1, verbose=False)
    detector = AnomalyDetector(model, "error", false_alarm_rate=0.1, random_state=0).fit(PICTURES)
    found = shown(detector, PICTURES, 11)["heat"]["png"]
    drawn = np.array(Image.open(io.BytesIO(b64decode(found.partition(",")[2]))))
    [heat] = detector.heat_map(PICTURES[11:])
    assert np.abs(drawn.astype(int) - overlay(PICTURES[11], heat)).mean() < 1 and heat[4:10, 5:15].mean() > 1
    assert shown(detector, PICTURES, 11, visible=False)["heat"] is None


def test_without_a_map_there_is_no_fourth_picture():
    X = np.stack(PICTURES[::2])
    model = Autoencoder("plain", 4, epochs=1, verbose=False)
    assert shown(model.fit(X), X, 0)["heat"] is None
    detector = AnomalyDetector(model, "neighbours", false_alarm_rate=0.2, random_state=0).fit(X)
    assert shown(detector, X, 0)["heat"] is None
