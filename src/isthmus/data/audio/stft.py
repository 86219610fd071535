"""The short-time Fourier transform: from samples to spectra of overlapping frames, and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft

ROUNDS = 32
"""Iterations in which phases are estimated where there are none."""


@dataclass(frozen=True)
class Stft:
    """Spectra of frames of `length` samples, one every `hop` samples; frame t is centred on sample t · hop.

    The signal counts as zero beyond its ends. A sine of amplitude 1 at the centre of a frequency has magnitude 1.

    Parameters
    ----------
    length : int
        Samples in a frame; even.
    hop : int
        Samples from one frame to the next; at most half of `length`.

    Examples
    --------
    >>> stft = Stft(8, 2)
    >>> stft.bins, stft.frames(10)
    (5, 6)
    >>> x = np.arange(10, dtype=np.float32)
    >>> bool(np.allclose(stft.samples(stft.spectra(x), 10), x, atol=1e-5))
    True
    """

    length: int
    hop: int

    @property
    def bins(self) -> int:
        """The number of frequencies."""
        return self.length // 2 + 1

    def frames(self, samples: int) -> int:
        """Return the number of frames of so many samples."""
        return 1 + -(-samples // self.hop)

    def spectra(self, x: np.ndarray, first: int = 0, count: int | None = None) -> np.ndarray:
        """Return the complex spectra of some frames, of shape (..., bins, count).

        Parameters
        ----------
        x : ndarray of shape (..., samples)
        first : int, default 0
        count : int, optional
            How many frames from the first one on; default: all.
        """
        count = self.frames(x.shape[-1]) - first if count is None else count
        start = first * self.hop - self.length // 2
        stop = start + (count - 1) * self.hop + self.length
        inner = x[..., max(start, 0) : min(stop, x.shape[-1])]
        room = [(0, 0)] * (x.ndim - 1) + [(max(-start, 0), stop - max(start, 0) - inner.shape[-1])]
        frames = sliding_window_view(np.pad(inner, room), self.length, axis=-1)[..., :: self.hop, :]
        return np.moveaxis(fft.rfft(frames * _window(self.length)), -1, -2)

    def samples(self, spectra: np.ndarray, count: int) -> np.ndarray:
        """Return the samples of which spectra are, the nearest in squared distance; float32 (..., count)."""
        window = _window(self.length)
        frames = fft.irfft(np.moveaxis(spectra, -2, -1), self.length) * window
        total = np.zeros((*frames.shape[:-2], (frames.shape[-2] - 1) * self.hop + self.length), np.float32)
        weight = np.zeros(total.shape[-1], np.float32)
        for t in range(frames.shape[-2]):
            at = slice(t * self.hop, t * self.hop + self.length)
            total[..., at] += frames[..., t, :]
            weight[at] += window**2
        whole = slice(self.length // 2, self.length // 2 + count)
        return total[..., whole] / weight[whole]

    def guessed(self, magnitudes: np.ndarray, count: int) -> np.ndarray:
        """Return samples whose spectra have nearly these magnitudes (Griffin & Lim 1984), float32 (..., count)."""
        turns = np.random.default_rng(0).random(magnitudes.shape, np.float32)
        spectra = magnitudes * np.exp(2j * np.pi * turns).astype(np.complex64)
        for _ in range(ROUNDS):
            spectra = with_phase(magnitudes, self.spectra(self.samples(spectra, count)))
        return self.samples(spectra, count)


@cache
def _window(length: int) -> np.ndarray:
    """Return a Hann window, scaled so that a sine of amplitude 1 has magnitude 1."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return (hann * (2 / hann.sum())).astype(np.float32)


def with_phase(magnitudes: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    """Return spectra with other magnitudes; where a spectrum is zero, its phase is."""
    size = np.abs(spectra)
    unit = np.divide(spectra, size, out=np.ones_like(spectra), where=size > 0)
    return unit * magnitudes
