"""The transform and back: closed forms."""

import numpy as np
import pytest

from isthmus.data.audio.stft import Stft, with_phase

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("length", "hop"), [(8, 4), (32, 8), (256, 64), (256, 100)])
@pytest.mark.parametrize("samples", [1, 7, 255, 1000])
def test_what_is_transformed_comes_back(length, hop, samples):
    stft, x = Stft(length, hop), RNG.normal(size=(2, samples)).astype(np.float32)
    spectra = stft.spectra(x)
    assert spectra.shape == (2, stft.bins, stft.frames(samples))
    np.testing.assert_allclose(stft.samples(spectra, samples), x, atol=2e-6)


def test_some_frames_are_those_of_the_whole():
    stft, x = Stft(64, 16), RNG.normal(size=(1, 500)).astype(np.float32)
    whole = stft.spectra(x)
    for first, count in ((0, 3), (5, 10), (stft.frames(500) - 4, 4)):
        np.testing.assert_allclose(stft.spectra(x, first, count), whole[..., first : first + count], atol=1e-6)


def test_a_sine_of_amplitude_one_has_magnitude_one():
    stft = Stft(64, 16)
    x = np.sin(2 * np.pi * 10 / 64 * np.arange(1000))[None].astype(np.float32)
    magnitudes = np.abs(stft.spectra(x))[0, :, 10:-10]
    np.testing.assert_allclose(magnitudes[10], 1, atol=1e-5)
    np.testing.assert_allclose(magnitudes[[8, 12]], 0, atol=1e-5)  # a Hann window reaches one bin to each side


def test_phases_stay_and_magnitudes_change():
    spectra = np.array([3 + 4j, 0, -2], np.complex64)
    np.testing.assert_allclose(with_phase(np.array([10, 7, 1], np.float32), spectra), [6 + 8j, 7, -1], atol=1e-6)


def test_guessed_phases_give_nearly_these_magnitudes():
    stft = Stft(64, 16)
    wanted = np.abs(stft.spectra(np.sin(np.arange(800) / 4)[None].astype(np.float32)))
    magnitudes = np.abs(stft.spectra(stft.guessed(wanted, 800)))
    assert np.linalg.norm(magnitudes - wanted) < 0.25 * np.linalg.norm(wanted)
