"""Spectrograms and players: recordings as images and as sound, embedded in a page."""

from __future__ import annotations

import wave
from base64 import b64encode
from io import BytesIO
from typing import Any

import numpy as np

RANGE = 60.0
"""Decibels below the loudest element that are drawn; what is softer is black."""

WIDTH, HEIGHT = 640, 160
"""Pixels of a spectrogram, at most."""

HEARD = 10.0
"""Seconds of a recording that a page holds, at most."""

STOPS = np.array([(0, 0, 4), (81, 18, 124), (183, 55, 121), (252, 137, 97), (252, 253, 191)], dtype=np.float64)
"""Colours from silence to the loudest, equally apart."""


def loudest(magnitudes: np.ndarray) -> float:
    """Return the largest magnitude; 1 of silence."""
    return float(magnitudes.max(initial=0.0)) or 1.0


def drawn(magnitudes: np.ndarray, top: float) -> np.ndarray:
    """Return magnitudes (frequencies, frames) as uint8 (height, width, 3), low frequencies at the bottom.

    Parameters
    ----------
    magnitudes : ndarray
    top : float
        The magnitude that has the brightest colour.

    Examples
    --------
    >>> drawn(np.array([[1.0, 0.0]]), top=1.0)[0].tolist()
    [[252, 253, 191], [0, 0, 4]]
    """
    level = 1 + 20 * np.log10(np.maximum(_reduced(magnitudes) / top, 1e-9)) / RANGE
    at = np.clip(level[::-1], 0, 1) * (len(STOPS) - 1)
    channels = [np.interp(at, np.arange(len(STOPS)), STOPS[:, c]) for c in range(3)]
    return np.rint(np.stack(channels, -1)).astype(np.uint8)


def fitted(values: np.ndarray) -> np.ndarray:
    """Return values (frequencies, frames) as they are drawn: not too many, low frequencies at the bottom."""
    return _reduced(values)[::-1]


def _reduced(values: np.ndarray) -> np.ndarray:
    """Return no more values than are drawn: of several the largest."""
    for axis, limit in ((0, HEIGHT), (1, WIDTH)):
        by = -(-values.shape[axis] // limit)
        values = np.maximum.reduceat(values, np.arange(0, values.shape[axis], by), axis=axis)
    return values


def wav_uri(samples: Any, rate: int) -> str:
    """Return the start of a recording (time,) or (time, channels) as a data URI: 16 bit, quieter if it is too loud."""
    start = np.asarray(samples, np.float32)[: int(HEARD * rate)].reshape(
        -1, np.shape(samples)[1] if np.ndim(samples) == 2 else 1
    )
    start = start[:, :2] / max(1.0, float(np.abs(start).max(initial=0.0)))
    content = BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(start.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(start * 32767).astype("<i2").tobytes())
    return f"data:audio/wav;base64,{b64encode(content.getvalue()).decode()}"
