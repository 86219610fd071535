"""Recordings before and after noise was removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.apps import spectrograms
from isthmus.apps.explorer.lazy_rows import ReadRows
from isthmus.apps.explorer.restoring.base import Piece, Restoring
from isthmus.apps.figures.sound_before_after import spectra
from isthmus.apps.report.png import data_uri
from isthmus.data.audio.recorded import Recorded
from isthmus.data.audio.sound_files import decode
from isthmus.data.audio.sounds import Sound, scaled
from isthmus.tasks.evaluation.waveforms import si_sdr

FAST = 1
"""Level of compression: people wait."""


class SoundRestoring(Restoring[Sound]):
    """The start of recordings, with samples float32 (time, channels).

    Parameters
    ----------
    data : Recorded
        Fitted.
    restore : callable
        From a list of recordings to the same without noise.
    """

    accepts, noise, quality = "audio/*", "ratio", "SI-SDR"

    def __init__(self, data: Recorded, restore: Callable[[list[Sound]], list[Sound]]) -> None:
        self.data, self._restore = data, restore

    def example(self, read: ReadRows, index: int) -> Piece[Sound]:
        """Return the start of an example."""
        rows, _ = read.user_row(index)
        return self._piece(self.data.sequence(rows).at(0))

    def file(self, path: Path) -> Piece[Sound]:
        """Return the start of the recording in a file."""
        return self._piece(decode(path))

    def _piece(self, sound: Sound) -> Piece[Sound]:
        start = sound.with_samples(scaled(sound)[: int(spectrograms.HEARD * sound.rate)])
        whole = "" if len(start) == len(sound) else f"The first {start.seconds:.3g} s of "
        heard = self.data.seen_rate
        above = "" if sound.rate <= heard else f"; the model changes what lies below {heard / 2:,.0f} Hz"
        return Piece(start, f"{whole}{sound.seconds:,.3g} s at {sound.rate:,} Hz{above}")

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
