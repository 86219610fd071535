"""Images: images in, images out."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from isthmus.core.part import build, describe
from isthmus.data.images.images import Images
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (7, 5, 4), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (7, 5, 4, 3), dtype=np.uint8)


def through(images: Images, X):
    return images.write(images.invert(images.batch(images.read(X)).x), like=X)


@settings(max_examples=40, deadline=None)
@given(
    X=hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))
        | st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 3])),
    ),
    kind=st.sampled_from(["uint8", "bool", "float32", "float64", "torch"]),
)
def test_images_come_back_as_floats_in_the_shape_given(X, kind):
    X = X > 127 if kind == "bool" else X if kind == "uint8" else X / 255
    X = torch.from_numpy(X).float() if kind == "torch" else X.astype(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dark uint8 images may mean black and white
        images = Images().learn([X])
    back = through(images, X)
    assert type(back) is type(X) and back.shape == X.shape
    assert back.dtype == (X.dtype if kind in ("float32", "float64", "torch") else np.float32)
    expected = X / 255 if kind == "uint8" else X
    np.testing.assert_allclose(np.asarray(back), np.asarray(expected), atol=1e-6)


@pytest.mark.parametrize(("X", "shape"), [(GREY, (1, 5, 4)), (GREY[..., None], (1, 5, 4)), (COLOUR, (3, 5, 4))])
def test_x_has_channels_first_and_is_scaled_in_the_graph(X, shape):
    images = Images().learn([X])
    columns = images.read(X)
    assert columns["pixels"].dtype == torch.uint8
    batch = images.batch(columns)
    assert images.shape == tuple(batch.x.shape[1:]) == shape
    assert batch.x.dtype == torch.float32 and batch.corrupted is batch.x and batch.feature is None
    assert batch.x.max() == X.max() / 255


def test_reading_does_not_copy():
    pixels = Images().learn([GREY]).read(GREY)["pixels"]
    assert np.shares_memory(pixels.numpy(), GREY)
    colour = Images().learn([COLOUR]).read(COLOUR)["pixels"]
    assert np.shares_memory(colour.numpy(), COLOUR)


def test_channels_first_where_told():
    X = np.moveaxis(COLOUR, -1, 1)
    images = Images(channels_first=True).learn([X])
    assert images.shape == (3, 5, 4) and images.image_shape == (3, 5, 4)
    np.testing.assert_allclose(through(images, X), X / 255, atol=1e-6)
    assert images.feature_names()[:2] == ["pixel_0_0_0", "pixel_0_1_0"]


def test_read_only_and_reversed_arrays_are_taken():
    fixed = GREY.copy()
    fixed.setflags(write=False)
    images = Images().learn([fixed])
    np.testing.assert_array_equal(images.read(fixed)["pixels"][:, 0], GREY)
    np.testing.assert_array_equal(images.read(GREY[:, ::-1])["pixels"][:, 0], GREY[:, ::-1])


def test_learning_goes_over_all_chunks():
    images = Images().learn(iter([GREY[:3], GREY[3:3], GREY[3:]]))
    assert images.fitted and images.image_shape == (5, 4) and not Images().fitted
    with pytest.raises(InputError, match=r"shape \(4, 4\).*\(5, 4\)"):
        Images().learn([GREY, GREY[:, 1:]])


def test_a_fitted_object_is_described_and_rebuilt():
    images = Images().learn([COLOUR])
    again = build(describe(images))
    assert again.image_shape == (5, 4, 3) and again.shape == (3, 5, 4)
    np.testing.assert_array_equal(through(again, COLOUR), through(images, COLOUR))


def test_the_former_name_of_the_learnt_shape_loads():
    arguments = {"channels_first": False, "given": [5, 4], "dtype": "uint8", "kind": "numpy"}
    images = build({"part": "data/images", "arguments": arguments})
    assert images.image_shape == (5, 4) and images.shape == (1, 5, 4)


def test_without_like_images_come_back_as_learnt():
    tensor = torch.rand(3, 4, 4, dtype=torch.float64)
    images = Images().learn([tensor])
    back = images.write({"pixels": torch.zeros(2, 1, 4, 4)})
    assert isinstance(back, torch.Tensor) and back.dtype == torch.float64 and back.shape == (2, 4, 4)
    assert Images().learn([GREY]).write({"pixels": torch.zeros(2, 1, 5, 4)}).dtype == np.float32


def test_a_reconstruction_is_cut_to_the_range():
    images = Images().learn([GREY])
    cut = images.invert(torch.tensor([-0.5, 0.5, 1.5]).expand(1, 1, 1, 3))["pixels"]
    assert cut.flatten().tolist() == [0, 0.5, 1]


def test_errors_are_located_in_the_shape_given():
    images = Images().learn([COLOUR])
    error = torch.zeros(2, 3, 5, 4)
    error[1, 2, 3, 0] = 1
    errors = images.per_feature(error)
    assert errors.shape == (2, 5, 4, 3) and errors[1, 3, 0, 2] == 1 and errors.sum() == 1
    name = images.feature_names()[int(errors[1].flatten().argmax())]
    assert name == "pixel_3_0_2"
    assert Images().learn([GREY]).feature_names()[5] == "pixel_1_1"


@pytest.mark.parametrize(
    ("shape", "net"),
    [((28, 28), "net/mlp"), ((32, 32, 1), "net/mlp"), ((32, 32, 3), "net/conv"), ((33, 32), "net/conv")],
)
def test_the_default_net_is_chosen_by_size(shape, net):
    load_all()
    chosen, likelihood, *_ = Images().learn([np.zeros((1, *shape))]).defaults()
    assert chosen.part_name == net and likelihood.part_name == "likelihood/squared"


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (GREY[:0], "there are no images"),
        (GREY.astype(float), r"is \d+, but float pixels lie in \[0, 1\]; if they count from 0 to 255, divide by 255"),
        (GREY / 127.5 - 1, r"is -0\.\d+, but float pixels lie in \[0, 1\]; if they lie in \[-1, 1\]"),
        (GREY - 300.0, "shift and scale"),
        (GREY.astype(int), r"pixels of type int64 have no known range.*astype\('uint8'\)"),
        (np.array([["a"]]), "pixels of type <U1"),
        ([np.zeros((2, 2)), np.zeros((3, 2))], "differ in size"),
        (np.zeros((2, 3, 8, 8)), r"use Images\(channels_first=True\)"),
        (np.zeros((2, 1, 8, 8, 4)), "expected .height, width. or .height, width, channels."),
        (np.zeros((2, 8)), "reshape X to"),
        (np.zeros((2, 0, 8)), r"\(0, 8\)"),
    ],
)
def test_what_are_no_images_is_said(X, message):
    with pytest.raises(InputError, match=message):
        Images().learn([X])


def test_channels_last_where_first_was_told_is_said():
    with pytest.raises(InputError, match=r"use Images\(channels_first=False\)"):
        Images(channels_first=True).learn([COLOUR])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named_with_their_place(value):
    X = np.full((3, 4, 4), 0.5)
    images = Images().learn([X])
    X[2, 1, 3] = value
    for call in (Images().learn, images.read):
        with pytest.raises(InputError, match=rf"pixel \(2, 1, 3\) is {value}: images must be finite"):
            call([X] if call != images.read else X)


@pytest.mark.parametrize("X", [GREY[:, 1:], COLOUR, GREY[..., None]])
def test_other_shapes_than_learnt_are_refused_with_both(X):
    images = Images().learn([GREY])
    with pytest.raises(InputError) as error:
        images.read(X)
    assert str(X.shape[1:]) in str(error.value) and "(5, 4)" in str(error.value)


def test_a_fitted_object_takes_noise_with_a_warning_but_no_other_scale():
    images = Images().learn([GREY])
    noisy = GREY / 255 + RNG.normal(0, 0.5, GREY.shape)
    with pytest.warns(UserWarning, match="right if noise was added"):
        pixels = images.read(noisy)["pixels"]
    np.testing.assert_allclose(pixels[:, 0], noisy, rtol=1e-6)
    with pytest.raises(InputError, match="divide by 255"):
        images.read(GREY.astype(float))


def test_rounding_is_not_out_of_range():
    X = np.full((1, 2, 2), 1 + 1e-7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Images().learn([X]).read(X)["pixels"].max() <= 1 + 1e-6


def test_black_and_white_in_bytes_is_warned_of():
    with pytest.warns(UserWarning, match=r"largest of these|largest value of these uint8 pixels is 1 of 255"):
        Images().learn([(GREY > 127).astype(np.uint8)])


def test_an_unfitted_object_says_so():
    with pytest.raises(InputError, match="are not fitted"):
        Images().read(GREY)


class There(torch.nn.Module):
    def __init__(self, data):
        super().__init__()
        self.data = data

    def forward(self, columns):
        return self.data(columns).x


def test_a_graph_of_it_has_no_branch_on_values():
    images = Images().learn([GREY])
    graph = There(images)
    exported = torch.export.export(graph, (images.read(GREY),)).module()
    other = images.read(255 - GREY)
    torch.testing.assert_close(exported(other), graph(other))
