"""Finer steps where there is little texture are the default of a model if files of its images get smaller by them."""

import math

import numpy as np
import pytest
import torch

from isthmus import Compressor
from isthmus.data.images.sequence import ImageArray
from isthmus.tasks.compression.codec import Patch
from isthmus.tasks.compression.detail import DETAIL, suited_detail
from isthmus.tasks.compression.structure import WEIGHTS, decibels


def test_equal_images_are_alike_and_noise_is_not():
    torch.manual_seed(0)
    image = torch.rand(1, 3, 200, 180)
    assert decibels(image, image) == 100
    noisy = [decibels(image, (image + size * torch.randn_like(image)).clamp(0, 1)) for size in (0.01, 0.05, 0.2)]
    assert noisy == sorted(noisy, reverse=True)


@pytest.mark.parametrize("side", [11, 40, 200])
def test_plain_images_differ_by_their_brightness_on_the_last_scale(side):
    one, other = (torch.full((1, 1, side, side), value) for value in (0.5, 0.7))
    alike = (2 * 0.5 * 0.7 + 1e-4) / (0.5**2 + 0.7**2 + 1e-4)
    scales = [weight for scale, weight in enumerate(WEIGHTS) if side >> scale >= 11]
    expected = -10 * math.log10(1 - alike ** (scales[-1] / sum(scales)))
    assert decibels(one, other) == pytest.approx(expected, abs=1e-3)


class Fake:
    """A codec whose files get larger by a factor where steps are finer; errors are the same."""

    channels = 1

    def __init__(self, factor):
        self.factor = factor

    def bits(self, image, level, detail):
        return 1e6 / level * (self.factor if detail else 1)

    def rounded(self, image, level, detail):
        noise = np.random.default_rng(0).normal(size=image.shape).astype(np.float32)
        yield Patch(0, 0, (image / 255 + level / 1000 * noise).astype(np.float32))


@pytest.mark.parametrize(("factor", "detail"), [(0.9, DETAIL), (1.1, 0.0)])
def test_the_default_is_what_makes_files_smaller(factor, detail):
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64), dtype=np.uint8)
    assert suited_detail(Fake(factor), ImageArray(images)) == detail


def test_it_is_the_default_and_kept_in_the_file(compressor, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    compressor.save(tmp_path / "m.safetensors")
    again = Compressor.load(tmp_path / "m.safetensors")
    assert again.detail_ == compressor.detail_
    again.detail_ = 0.0
    again.save(tmp_path / "m.safetensors")
    again = Compressor.load(tmp_path / "m.safetensors")
    assert again.compress(image, 50) == again.compress(image, 50, detail=0) != again.compress(image, 50, detail=0.6)
