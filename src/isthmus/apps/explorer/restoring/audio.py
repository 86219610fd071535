"""Recordings before and after noise was removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from isthmus.apps import spectrograms
from isthmus.apps.explorer.pieces.audio import SoundPieces
from isthmus.apps.explorer.restoring.base import Restoring
from isthmus.apps.figures.sound_before_after import spectra
from isthmus.apps.report.png import FAST, data_uri
from isthmus.data.audio.sounds import Sound
from isthmus.tasks.evaluation.waveforms import si_sdr


class SoundRestoring(Restoring[Sound]):
    """The start of recordings, with samples float32 (time, channels).

    Parameters
    ----------
    pieces : SoundPieces
    restore : callable
        From a list of recordings to the same without noise.
    """

    noise, quality = "ratio", "SI-SDR"

    def __init__(self, pieces: SoundPieces, restore: Callable[[list[Sound]], list[Sound]]) -> None:
        self.pieces, self._restore = pieces, restore

    def noisy(self, row: Sound, noise: float, seed: int) -> Sound:
        """Return a recording with white noise, as loud as the recording at a level of 1."""
        samples = np.asarray(row.samples)
        drawn = np.random.default_rng(seed).standard_normal(samples.shape, np.float32)
        return replace(row, samples=samples + np.float32(noise) * np.sqrt(np.square(samples).mean()) * drawn)

    def restored(self, row: Sound) -> Sound:
        """Return a recording without noise."""
        [sound] = self._restore([row])
        return sound

    def between(self, before: Sound, after: Sound, strength: float) -> Sound:
        """Return before + strength (after - before)."""
        return replace(before, samples=before.samples + np.float32(strength) * (after.samples - before.samples))

    def compared(self, clean: Sound, row: Sound) -> float:
        """Return the scale-invariant signal-to-distortion ratio."""
        return si_sdr(clean.samples, row.samples)

    def values(self, before: Sound, after: Sound, whole: Sound) -> dict[str, Any]:
        """Return spectrograms, on the scale of the one before, and players."""
        taken = replace(before, samples=before.samples - after.samples)
        sounds = {"before": before, "after": after, "taken": taken}
        magnitudes = [spectra(sound) for sound in sounds.values()]
        top = spectrograms.loudest(magnitudes[0])
        return {
            **{
                name: {
                    "png": data_uri(spectrograms.drawn(drawn, top), FAST),
                    "wav": spectrograms.wav_uri(sound.samples, sound.rate),
                }
                for (name, sound), drawn in zip(sounds.items(), magnitudes, strict=True)
            },
            "gain": 1,
        }
