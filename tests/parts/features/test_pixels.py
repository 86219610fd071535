"""Patches, against what stands in the image."""

import pytest
import torch

from isthmus.parts.features.pixels import Pixels
from isthmus.support.errors import InputError


@pytest.mark.parametrize("stride", [4, 8])
@pytest.mark.parametrize("scale", [0, 1, 2])
def test_a_map_is_a_patch_of_the_image_or_of_its_means(stride, scale):
    x, cell = torch.rand(2, 3, 96, 88), 2**scale
    row, column = 48 // stride, 40 // stride
    margin = (8 * cell - stride) // 2
    around = x[:, :, 48 - margin : 48 + stride + margin, 40 - margin : 40 + stride + margin]
    patch = around.unflatten(3, (8, cell)).unflatten(2, (8, cell)).mean((3, 5))
    maps = Pixels(stride)(x)[:, :, row, column]
    torch.testing.assert_close(maps[:, 192 * scale : 192 * (scale + 1)], patch.flatten(1))


def test_the_reach_is_not_larger_than_it_has_to_be():
    x = torch.rand(1, 1, 64, 64, requires_grad=True)
    features = Pixels()
    features(x)[0, :, 8, 8].sum().backward()
    seen = x.grad[0, 0].nonzero()
    assert features.reach == 14
    assert seen.min() == 32 - 14 and seen.max() == 32 + 4 + 14 - 1


def test_beyond_the_border_the_last_row_goes_on():
    x = torch.arange(12.0).view(1, 1, 1, 12).expand(1, 1, 12, 12) / 12
    last = Pixels(8, scales=1)(x)[0, :, 0, 1].view(8, 8)
    torch.testing.assert_close(last[0] * 12, torch.tensor([8.0, 9, 10, 11, 11, 11, 11, 11]))


@pytest.mark.parametrize(("stride", "scales"), [(3, 1), (16, 1), (0, 1), (2, 3), (4, 0)])
def test_strides_that_no_grid_fits_are_refused(stride, scales):
    with pytest.raises(InputError, match="of the features 'pixels': expected"):
        Pixels(stride, scales)


def test_half_precision_around_it_changes_nothing():
    x = torch.rand(1, 1, 32, 32)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(Pixels()(x), Pixels()(x.clone()))
        maps = Pixels()(x)
    assert torch.equal(maps, Pixels()(x))
