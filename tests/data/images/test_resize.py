"""Resizing: covered, contained and stretched."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus import Images
from isthmus.data.images.resize import HOWS, check_size, resize, scaled
from isthmus.support.errors import InputError


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    to=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    how=st.sampled_from(HOWS),
    channels=st.sampled_from([1, 3, 5]),
)
def test_every_image_gets_the_size_and_stays_of_its_type(height, width, to, how, channels):
    for dtype in (np.uint8, np.float32):
        found = resize(np.full((height, width, channels), 1, dtype), to, how)
        assert found.shape == (*to, channels) and found.dtype == dtype
        np.testing.assert_allclose(found, 1, rtol=1e-6)


def test_cover_keeps_the_middle_and_contain_all_of_it():
    picture = np.zeros((10, 30, 1), np.float32)
    picture[:, :10], picture[:, 20:] = 0.25, 0.75
    assert (resize(picture, (10, 10), "cover") == 0).all()
    contained = resize(picture, (30, 30), "contain")[..., 0]
    assert (contained == contained[0]).all() and (contained[0] == picture[0, :, 0]).all()
    assert scaled((10, 30), (15, 15), "contain") == (5, 15) and scaled((10, 30), (15, 15), "cover") == (15, 45)


def test_small_is_antialiased():
    stripes = np.tile(np.array([0.0, 1.0], np.float32), 32)[None, :, None].repeat(64, 0)
    found = resize(stripes, (8, 8), "stretch")
    assert abs(found - 0.5).max() < 0.1


@pytest.mark.parametrize("size", [0, (3,), (3, 4, 5), (2.5, 3), (-1, 3)])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(InputError, match="expected .height, width., whole numbers"):
        check_size(size, "cover")


def test_a_way_that_there_is_not_is_refused():
    with pytest.raises(InputError, match="unknown how of a resize 'crop'.*cover, contain, stretch"):
        Images(resize=8, how="crop")
