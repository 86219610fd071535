"""Models of images of any size, as users have them."""

import numpy as np
import pytest

from isthmus import Autoencoder, Images, InputError
from isthmus.parts.nets.feature_map import FeatureMap

RANDOM = np.random.default_rng(0)
PICTURES = [RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8) for size in ((40, 30), (21, 64), (40, 30))]
KNOBS = {"epochs": 1, "random_state": 0, "verbose": False}


@pytest.fixture(scope="module")
def model():
    return Autoencoder(latent_dim=4, net=FeatureMap(8, 8, 1), data=Images(crop=16), **KNOBS).fit(PICTURES)


@pytest.mark.filterwarnings("ignore:the prior")
@pytest.mark.parametrize(("size", "shape"), [(None, (16, 16)), ((9, 25), (9, 25)), ((1, 1), (1, 1))])
def test_samples_have_the_size_of_crops_or_any_other(model, size, shape):
    assert model.sample(2, size=size, random_state=0).shape == (2, *shape, 3)


@pytest.mark.parametrize("size", [(0, 4), (4,), (4, 4, 3)])
def test_a_size_that_is_none_is_named(model, size):
    with pytest.raises(InputError, match="expected height and width"):
        model.sample(size=size)


def test_a_model_of_one_size_makes_no_other():
    one = Autoencoder(latent_dim=4, **KNOBS).fit(np.stack([PICTURES[0]] * 4))
    with pytest.raises(InputError, match="this model makes rows of one size"):
        one.sample(size=(8, 8))


def test_what_comes_back_is_as_large_as_what_went_in(model):
    assert [picture.shape for picture in model.reconstruct(PICTURES)] == [picture.shape for picture in PICTURES]
    assert [code.shape for code in model.transform(PICTURES)] == [(5, 4, 4), (3, 8, 4), (5, 4, 4)]
    assert model.transform(PICTURES, pool="mean").shape == (3, 4)
    assert model.reconstruction_error(PICTURES).shape == (3,)
    alone = [model.reconstruct(picture[None])[0] for picture in PICTURES]
    for found, expected in zip(model.reconstruct(PICTURES), alone, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
