"""SI-SDR: closed forms."""

import numpy as np
import pytest

from isthmus.tasks.evaluation.waveforms import si_sdr

T = 2 * np.pi * np.arange(1000) / 50
SINE, COSINE = np.sin(T), np.cos(T)


@pytest.mark.parametrize("decibels", [-10, 0, 7.5, 30])
@pytest.mark.parametrize("scale", [0.01, 1, -20])
def test_it_is_the_ratio_of_what_is_like_the_reference_to_the_rest(decibels, scale):
    estimate = scale * (SINE + 10 ** (-decibels / 20) * COSINE) + 3.0
    assert si_sdr(SINE, estimate) == pytest.approx(decibels, abs=1e-6)


def test_perfect_silent_and_several_channels():
    assert si_sdr(SINE, SINE) > 200
    assert np.isnan(si_sdr(0 * SINE, SINE))
    both = np.stack([SINE, 0 * SINE, COSINE], 1)
    estimate = np.stack([SINE + 0.1 * COSINE, SINE, COSINE + SINE], 1)
    assert si_sdr(both, estimate) == pytest.approx((20 + 0) / 2, abs=1e-6)  # silent channels have none
