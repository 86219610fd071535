"""Images of any size: learnt, read group by group, brought to one size."""

import json
import warnings

import numpy as np
import pytest
import torch

from isthmus import Images
from isthmus.core.part import build, describe
from isthmus.data.infer import axes, choose_data
from isthmus.data.sources.folders import ImageStream
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError

load_all()
RNG = np.random.default_rng(0)
SIZES = [(20, 30), (30, 20), (20, 30), (25, 25), (20, 30)]
MIXED = [RNG.integers(0, 256, (*size, 3), dtype=np.uint8) for size in SIZES]


def folder(saved, arrays=MIXED):
    for i, array in enumerate(arrays):
        path = saved(f"photos/{i}.png", array)
    return path.parent


def test_crops_leave_the_size_free():
    images = Images(crop=8).learn([MIXED[:2], MIXED[2:]])
    assert images.any_size and images.fitted
    assert (
        images.shape == (3, None, None) and images.typical_shape == (3, 8, 8) and images.image_shape == (None, None, 3)
    )
    assert images.feature_names() == ["channel_0", "channel_1", "channel_2"]
    assert images.defaults()[0].part_name == "net/feature-map"
    assert "images of any size (uint8), divided by 255; crops of 8 x 8 pixels" in images.summary
    again = build(json.loads(json.dumps(describe(images))))
    assert again.shape == images.shape and again.crop == 8 and again.dtype == "uint8"


def test_fixed_sizes_are_not_free():
    images = Images().learn([MIXED[0][None]])
    assert not images.any_size and images.typical_shape == images.shape == (3, 20, 30)


@pytest.mark.parametrize("channels", [1, 2, 4, 13])
def test_images_have_any_number_of_channels(channels):
    X = RNG.integers(0, 256, (3, 6, 7, channels), dtype=np.uint8)
    images = Images().learn([X])
    assert images.shape == (channels, 6, 7)
    back = images.write(images.invert(images.batch(images.read(X)).x), like=X)
    np.testing.assert_allclose(back, X / 255, atol=1e-6)


def test_groups_are_of_one_size_and_hold_every_image_once():
    images = Images(crop=8).learn([MIXED])
    seen = {}
    for indices, X in images.groups(MIXED):
        assert images.read(X)["pixels"].shape[1:] == (3, *SIZES[int(indices[0])])
        seen |= dict(zip(indices.tolist(), X, strict=True))
    assert sorted(seen) == list(range(5))
    assert all(np.array_equal(seen[i], MIXED[i]) for i in seen)


def test_groups_of_a_folder_are_those_of_its_arrays(saved):
    stream = ImageStream(folder(saved))
    images = Images(crop=8).learn(stream.chunks())
    seen = {int(i): x for indices, X in images.groups(stream) for i, x in zip(indices, X, strict=True)}
    assert all(np.array_equal(seen[i], MIXED[i]) for i in range(5))


def test_groups_are_bounded(monkeypatch):
    monkeypatch.setattr("isthmus.data.images.sequence.ImageSequence.groups.__defaults__", (2 * 20 * 30 * 3,))
    sizes = [len(X) for _, X in Images(crop=8).learn([MIXED]).groups(MIXED)]
    assert sizes == [2, 1, 1, 1]


def test_tensors_and_channels_first_come_in_groups_too():
    X = [torch.rand(3, 6, 7), torch.rand(3, 7, 6), torch.rand(3, 6, 7)]
    images = Images(channels_first=True, crop=4).learn([X])
    assert images.shape == (3, None, None) and images.image_shape == (3, None, None)
    groups = {tuple(indices.tolist()): group for indices, group in images.groups(X)}
    assert set(groups) == {(0, 2), (1,)} and isinstance(groups[1,], torch.Tensor)
    written = images.write(images.read(groups[1,]))
    torch.testing.assert_close(written, X[1][None])


def test_images_of_one_array_are_one_group():
    X = np.stack([MIXED[0]] * 3)
    ((indices, group),) = Images(crop=8).learn([X]).groups(X)
    assert indices is None and group is X


def test_mixed_sizes_are_not_read_at_once():
    images = Images(crop=8).learn([MIXED])
    with pytest.raises(InputError, match=r"image 1 has the shape \(30, 20, 3\), image 0 has \(20, 30, 3\)"):
        images.read(MIXED)


@pytest.mark.parametrize("how", ["cover", "contain", "stretch"])
def test_images_are_brought_to_one_size(saved, how):
    images = Images(resize=(12, 16), how=how).learn([MIXED])
    assert images.shape == (3, 12, 16) and images.image_shape == (12, 16, 3) and not images.any_size
    pixels = images.read(MIXED)["pixels"]
    assert pixels.shape == (5, 3, 12, 16) and pixels.dtype == torch.uint8
    stream = ImageStream(folder(saved))
    again = Images(resize=(12, 16), how=how).learn(stream.chunks())
    torch.testing.assert_close(again.read(stream)["pixels"], pixels)
    source = stream.source(again, batch_size=2, seed=0)
    assert sorted(len(batch) for batch in source.batches("train", 0)) == [1, 2, 2]


def test_a_large_jpeg_is_decoded_small(saved, monkeypatch):
    smooth = np.linspace(0, 255, 512).astype(np.uint8)[None, :, None].repeat(512, 0).repeat(3, 2)
    stream = ImageStream(saved("photos/a.jpg", smooth, quality=95).parent)
    decoded = []
    monkeypatch.setattr(Images, "canonical", lambda self, picture: decoded.append(picture.shape) or picture)
    pixels = Images(resize=64).learn(stream.chunks()).read(stream)["pixels"]
    assert decoded == [(64, 64, 3)] and abs(pixels[0, 0, 0].float() - torch.linspace(2, 253, 64)).max() < 4


def test_a_crop_larger_than_the_smallest_image_is_said():
    with pytest.warns(UserWarning, match=r"3 of the images are smaller than crop=22 \(the smallest is 30 x 20 pixels"):
        Images(crop=22).learn([[a for a in MIXED if a.shape != (30, 20, 3)]])


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"crop": 0}, "crop=0: expected a whole number of at least 1"),
        ({"crop": 2.5}, "crop=2.5"),
        ({"crop": 8, "crops_per_image": 0}, "crops_per_image=0"),
        ({"crop": 8, "resize": 8}, "crop=8 and resize=.8, 8.: choose one"),
        ({"flips": True}, "flips=True is about crops"),
        ({"resize": 8, "turns": True}, "turns=True is about crops"),
    ],
)
def test_knobs_that_cannot_be_are_refused(knobs, message):
    with pytest.raises(InputError, match=message):
        Images(**knobs)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "there are no images"),
        ([MIXED[0], MIXED[0] / 255], r"image 1 holds float64, image 0 holds uint8: .*astype\('float32'\) / 255"),
        (
            [MIXED[0], MIXED[1][..., 0]],
            r"image 1 has the shape \(30, 20\), image 0 has \(20, 30, 3\): bring grey .*axis=-1",
        ),
        (
            [MIXED[0][..., 0], MIXED[1]],
            r"image 1 has the shape \(30, 20, 3\), image 0 has \(20, 30\): bring grey .*axis=-1",
        ),
        ([MIXED[0] / 1.0], "divide by 255"),
        ([np.zeros(8)], "give rows of numbers to a Table"),
        ([np.full((9, 9), np.nan)], "finite"),
        ([np.zeros((0, 9))], "no axis of length 0"),
    ],
)
def test_what_crops_cannot_be_cut_from_is_said(X, message):
    with pytest.raises(InputError, match=message):
        Images(crop=8).learn([X])


def test_without_crop_or_resize_both_are_named(saved):
    stream = ImageStream(folder(saved))
    for X in (MIXED, stream):
        with pytest.raises(
            InputError, match=r"Images\(crop=64\).*Images\(resize=\(128, 128\)\).*--crop 64 or --resize"
        ):
            Images().learn([X])


def test_a_list_of_images_is_told_from_a_table():
    assert axes(MIXED) == 4 and isinstance(choose_data(None, MIXED), Images)
    assert axes([[1.0, 2.0], [3.0, 4.0]]) == 2


def test_one_pixel_is_a_image():
    X = [np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 9, np.uint8)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # smaller than a crop
        images = Images(crop=8).learn([X])
    ((_, group),) = images.groups(X)
    assert images.read(group)["pixels"].shape == (2, 3, 1, 1)


@pytest.mark.parametrize(
    ("trained", "X", "message"),
    [
        (MIXED, [MIXED[0][..., 0]], r"shape \(20, 30\), the training images had \(any, any, 3\): bring grey images"),
        (
            [one[..., 0] for one in MIXED],
            MIXED,
            r"shape \(20, 30, 3\), the .* \(any, any\): bring colour images to grey",
        ),
        (MIXED, [], "there are no images: X is empty"),
        (MIXED, [MIXED[0], MIXED[0][:0]], r"an image of shape \(0, 30, 3\) has no pixels: leave it out"),
    ],
)
def test_images_that_do_not_fit_what_was_learnt_are_refused(trained, X, message):
    images = Images(crop=8).learn([trained])
    with pytest.raises(InputError, match=message):
        [images.read(some) for _, some in images.groups(X)]
