"""Lists that mix grey and colour images, as arrays, tensors and PIL images: in one form, and said as for folders."""

import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from isthmus import AnomalyDetector, Autoencoder, Images
from isthmus.data.inputs import taken
from isthmus.support.errors import InputError

GREY = np.arange(40, dtype=np.uint8).reshape(5, 8)
COLOUR = np.stack([GREY, GREY + 50, GREY + 100], axis=-1)
CLEAR = np.concatenate([COLOUR, np.full((5, 8, 1), 255, np.uint8)], axis=-1)
OTHERS = np.zeros((5, 8, 13), np.uint8)
AS_COLOUR = np.stack([GREY] * 3, axis=-1)


@pytest.mark.parametrize(
    ("X", "expected", "message"),
    [
        ([GREY, COLOUR], [AS_COLOUR, COLOUR], "1 of 2 images are grey: brought to colour as the others"),
        ([COLOUR, GREY[..., None]], [COLOUR, AS_COLOUR], "1 of 2 images are grey"),
        ([COLOUR, CLEAR, GREY], [COLOUR, COLOUR, AS_COLOUR], r"1 of 3 images are grey.*alpha channel: set on white"),
        ([COLOUR, (GREY / 255)], [COLOUR / 255, AS_COLOUR / 255], "1 of 2 images have more than 8 bits: all are read"),
        ([COLOUR, GREY > 9], [COLOUR, (AS_COLOUR > 9) * 255], "1 of 2 images are grey"),
        ([Image.fromarray(GREY), Image.fromarray(COLOUR)], [AS_COLOUR, COLOUR], "1 of 2 images are grey"),
        (
            [Image.fromarray(CLEAR), Image.fromarray(CLEAR)],
            [COLOUR, COLOUR],
            r"set on white \(np.asarray\(image\) keeps",
        ),
    ],
    ids=["grey first", "colour first", "alpha", "8 bits and floats", "bool", "PIL", "PIL with alpha"],
)
def test_lists_are_brought_to_one_form_and_it_is_said(X, expected, message):
    with pytest.warns(UserWarning, match=message):
        found = taken(X)
    np.testing.assert_allclose(np.stack(found), np.stack(expected), rtol=1e-6)


def test_tensors_stay_tensors_with_their_channels_first():
    X = [torch.from_numpy(GREY)[None], torch.from_numpy(COLOUR).permute(2, 0, 1)]
    with pytest.warns(UserWarning, match="1 of 2 images are grey"):
        found = taken(X)
    assert torch.equal(found[0], torch.stack([torch.from_numpy(GREY)] * 3)) and torch.equal(found[1], X[1])


def test_pil_images_are_read_as_their_files_are(tmp_path):
    palette = Image.fromarray(COLOUR).convert("P")
    on_its_side = Image.fromarray(COLOUR)
    on_its_side.getexif()[0x0112] = 6
    on_its_side.save(tmp_path / "side.png", exif=on_its_side.getexif())
    with Image.open(tmp_path / "side.png") as opened, pytest.warns(UserWarning, match="1 of 3 images are grey"):
        found = taken([palette, opened, Image.fromarray(GREY > 9)])
    np.testing.assert_array_equal(found[0], np.asarray(palette.convert("RGB")))
    np.testing.assert_array_equal(found[1], np.rot90(COLOUR, -1))
    np.testing.assert_array_equal(found[2], (AS_COLOUR > 9) * 255)


def test_lists_that_are_of_one_kind_are_returned_unchanged_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for X in (
            [GREY, GREY[:3]],
            [COLOUR, COLOUR[:, :4]],
            [OTHERS],
            [CLEAR, CLEAR],
            [[1.0, 2.0]],
            [GREY[0], GREY[1]],
        ):
            assert taken(X) is X
        (found,) = taken([Image.fromarray(GREY / np.float32(255))])
        np.testing.assert_array_equal(found, GREY / np.float32(255))


@pytest.mark.parametrize("X", [[COLOUR, OTHERS], [CLEAR, COLOUR, OTHERS], [GREY, OTHERS[..., :2]]])
def test_what_cannot_be_brought_to_one_is_refused(X):
    with pytest.raises(InputError, match=r"image \d has \d channels?, image \d has \d+: train a model of its own"):
        taken(X)


MIXED = [COLOUR[:, :6] if number % 3 else GREY[:, 2:] for number in range(24)]
KNOBS = {"epochs": 1, "latent_dim": 2, "random_state": 0, "batch_size": 8}


@pytest.mark.parametrize("data", [Images(crop=4), Images(resize=4), None])
def test_models_take_them(data):
    with pytest.warns(UserWarning, match="8 of 24 images are grey: brought to colour as the others"):
        model = Autoencoder(data=data, **KNOBS).fit(MIXED)
    with pytest.warns(UserWarning, match="1 of 2 images are grey"):
        assert np.shape(model.reconstruct(MIXED[:2]))[-1] == 3


@pytest.mark.filterwarnings(
    "ignore:false_alarm_rate", "ignore:all 24 rows have the same score", "ignore:22 training images"
)
def test_detectors_take_them():
    with pytest.warns(UserWarning, match="8 of 24 images are grey: brought to colour as the others"):
        detector = AnomalyDetector(Autoencoder(data=Images(resize=4), **KNOBS)).fit(MIXED)
    with pytest.warns(UserWarning, match="1 of 2 images are grey"):
        assert detector.predict(MIXED[:2]).shape == (2,)
