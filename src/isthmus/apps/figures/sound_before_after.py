"""The spectrograms of a recording before and after noise was removed, and of what was taken away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from isthmus.apps import spectrograms
from isthmus.apps.figures.beside import Triple, image_sheet
from isthmus.apps.figures.figure import Figure
from isthmus.data.audio.sounds import Sound, scaled
from isthmus.data.audio.stft import Stft

FRAME = 0.032
"""Seconds of a frame."""
SIDE = 480
"""Pixels of the width of a spectrogram, at most."""
CAPTIONS = ("before", "after", "taken away")


def sound_before_after(name: str, before: Sound, after: Sound) -> Figure:
    """Return the figure of one recording; of several channels the mean is drawn."""
    taken = replace(before, samples=scaled(before) - scaled(after))
    magnitudes = [spectra(sound) for sound in (before, after, taken)]
    top = spectrograms.loudest(magnitudes[0])
    panels = [spectrograms.drawn(one, top) for one in magnitudes]
    legend = (
        f"0 to {before.rate / 2:,.0f} Hz from bottom to top, {before.seconds:.3g} s from left to right;",
        f"black is {spectrograms.RANGE:.0f} dB below the loudest element before, or less",
    )
    return image_sheet([Triple(name, (panels[0], panels[1], panels[2]))], 1, SIDE, CAPTIONS, legend)


def spectra(sound: Sound) -> np.ndarray:
    """Return the magnitudes (frequencies, frames) of the mean of the channels."""
    length = max(8, 1 << round(np.log2(FRAME * sound.rate)))
    magnitudes: np.ndarray = np.abs(Stft(length, length // 4).spectra(scaled(sound).mean(1)))
    return magnitudes
