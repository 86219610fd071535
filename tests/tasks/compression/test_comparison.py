"""Rates beside each other, against what is known of them."""

import numpy as np
import pytest

from isthmus import InputError
from isthmus.tasks.compression.comparison import compared
from isthmus.tasks.compression.rates import Rates, bd_rate

CURVE = Rates(np.array([0.2, 0.5, 1.0, 2.0]), np.array([27.0, 31.0, 34.5, 39.0]))


def test_a_codec_with_half_the_bits_has_half_the_rate():
    half = Rates(CURVE.bpp / 2, CURVE.psnr)
    assert bd_rate(half, CURVE) == pytest.approx(-0.5)
    assert bd_rate(CURVE, half) == pytest.approx(1.0)
    assert bd_rate(CURVE, CURVE) == 0


def test_rates_are_compared_where_both_reach():
    some = Rates(CURVE.bpp[1:], CURVE.psnr[1:])
    assert bd_rate(some, CURVE) == pytest.approx(0, abs=0.01)
    assert np.isnan(bd_rate(CURVE, Rates(CURVE.bpp, CURVE.psnr + 50)))


def test_points_are_means_over_images():
    images = [np.full((4, 5, 3), value, np.uint8) for value in (10, 20)]
    known = compared(images, {"off by one": lambda image, quality: (10 * quality, image + 1)}, qualities=(1, 2))
    np.testing.assert_allclose(known["off by one"].bpp, [4, 8])
    np.testing.assert_allclose(known["off by one"].psnr, 20 * np.log10(255), rtol=1e-6)
    with pytest.raises(InputError, match="no images"):
        compared([], {"none": lambda image, quality: (1, image)})
