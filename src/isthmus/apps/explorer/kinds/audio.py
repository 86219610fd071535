"""Examples that are recordings."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus import InputError
from isthmus.apps import spectrograms
from isthmus.apps.capabilities import autoencoder_of, denoiser_of
from isthmus.apps.explorer.kinds.base import Kind, Number
from isthmus.apps.explorer.lazy_rows import Columns
from isthmus.apps.explorer.pieces.audio import SoundPieces
from isthmus.apps.explorer.restoring.audio import SoundRestoring
from isthmus.apps.explorer.sprites import sprite
from isthmus.apps.figures.sound_before_after import spectra
from isthmus.apps.report.png import FAST, data_uri
from isthmus.data.audio.recorded import Recorded
from isthmus.data.audio.sounds import Sound

HUE = (216, 82, 28)
"""Of errors."""

TILE = 48
"""Frames of a spectrogram on a page without a server."""


class Sounding(Kind):
    """Recordings, as spectrograms and players (abstract).

    Parameters
    ----------
    data : Recorded
        Fitted.
    """

    name = "sound"
    key = "samples"
    accepts = list[Number]
    named = False  # where in a recording is what matters
    audible = True

    def __init__(self, data: Recorded) -> None:
        self.data = data

    @abstractmethod
    def magnitudes(self, columns: Columns) -> Tensor:
        """Return spectrograms (n, frequencies, frames)."""

    def values(self, columns: Columns) -> list[dict[str, Any]]:
        """Return each spectrogram as the address of a PNG."""
        return [{"png": data_uri(_drawn(one), FAST)} for one in self.magnitudes(columns).numpy()]

    def pieces(self) -> SoundPieces:
        """Return how the start of recordings is read."""
        return SoundPieces(self.data)

    def heard(self, rows: Any) -> dict[str, str]:
        """Return a recording as the address of a WAV file."""
        one = self.data.sequence(rows).at(0)
        return {"wav": spectrograms.wav_uri(one.samples, one.rate)}

    def tiled(self, columns: Columns, count: int) -> Columns:
        """Return spectrograms of one length: the start of longer ones, silence behind shorter ones."""
        magnitudes = self.magnitudes(columns)[..., :TILE]
        return {"magnitudes": torch.nn.functional.pad(magnitudes, (0, TILE - magnitudes.shape[-1]))}

    def packed(self, columns: Columns) -> dict[str, Any]:
        """Return all spectrograms side by side on one sheet."""
        return {"sprite": sprite(np.stack([_drawn(one) for one in columns["magnitudes"].numpy()]))}

    def layout(self) -> dict[str, Any]:
        """Return what kind it is: codes of recordings are not decoded on a page."""
        return {"kind": self.name}

    def contributions(self, error_map: Tensor) -> dict[str, Any]:
        """Return the contributions as an image: the larger, the more opaque."""
        error = spectrograms.fitted(error_map.clamp_min(0).T.numpy())
        alpha = np.rint(255 * error / max(float(error.max()), 1e-12)).astype(np.uint8)[..., None]
        hue = np.broadcast_to(np.array(HUE, np.uint8), (*alpha.shape[:2], 3))
        return {"png": data_uri(np.concatenate([hue, alpha], -1), FAST)}

    def contributors(self, error_map: Tensor, count: int) -> list[dict[str, Any]]:
        """Return nothing: the map says where."""
        return []

    def read(self, value: Any) -> Columns:
        """Return what the model sees of samples at its rate."""
        if not value:
            raise InputError("samples: a recording without samples")
        return self.data.read([np.array(value, np.float32)])


class Recordings(Sounding):
    """Recordings of which the model sees spectrograms."""

    def magnitudes(self, columns: Columns) -> Tensor:
        """Return what the model sees."""
        return columns["magnitudes"]

    def restoring(self, model: Any) -> SoundRestoring:
        """Return how a model cleans recordings: by reconstructing them."""
        return SoundRestoring(self.pieces(), autoencoder_of(model).reconstruct)

    def plain(self, columns: Columns) -> list[dict[str, Any]]:
        """Return each spectrogram as numbers, frame by frame."""
        return [{"magnitudes": one} for one in columns["magnitudes"].movedim(1, -1).flatten(1).tolist()]

    def corrupted(
        self, columns: Columns, noise: float, erase: float, deviation: Columns, random: torch.Generator
    ) -> Columns:
        """Add noise in units of the mean magnitude, and silence that fraction of the frames."""
        magnitudes = columns["magnitudes"]
        noisy = magnitudes + noise * magnitudes.mean() * torch.randn(magnitudes.shape, generator=random).abs()
        kept = torch.rand(magnitudes[:, :1].shape, generator=random) >= erase
        return {**columns, "magnitudes": noisy * kept}

    def flat(self, columns: Columns) -> dict[str, list[Any]]:
        """Return the length of each in frames."""
        n, _, frames = columns["magnitudes"].shape
        return {"frames": [frames] * n}


class Waves(Sounding):
    """Recordings of which the model sees samples."""

    def magnitudes(self, columns: Columns) -> Tensor:
        """Return the spectrograms of samples."""
        sounds = [Sound(one.T, self.data.seen_rate) for one in columns["samples"].numpy()]
        return torch.from_numpy(np.stack([spectra(sound) for sound in sounds]))

    def restoring(self, model: Any) -> SoundRestoring:
        """Return how a model cleans recordings."""
        return SoundRestoring(self.pieces(), denoiser_of(model).transform)

    def plain(self, columns: Columns) -> list[dict[str, Any]]:
        """Return the samples of each."""
        return [{"samples": one} for one in columns["samples"].flatten(1).tolist()]

    def corrupted(
        self, columns: Columns, noise: float, erase: float, deviation: Columns, random: torch.Generator
    ) -> Columns:
        """Add noise in units of the root mean square, and silence that fraction of the samples."""
        samples = columns["samples"]
        noisy = samples + noise * samples.square().mean().sqrt() * torch.randn(samples.shape, generator=random)
        return {**columns, "samples": noisy * (torch.rand(samples.shape, generator=random) >= erase)}

    def flat(self, columns: Columns) -> dict[str, list[Any]]:
        """Return the length of each in samples."""
        n, _, samples = columns["samples"].shape
        return {"samples": [samples] * n}


def _drawn(magnitudes: np.ndarray) -> np.ndarray:
    return spectrograms.drawn(magnitudes, spectrograms.loudest(magnitudes))
