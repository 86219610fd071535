"""Spectrograms, or samples, of recordings as a named tensor."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from isthmus.apps.export.kinds.base import Adapter, Columns
from isthmus.apps.export.ports import Port, named
from isthmus.data.audio.audio import Audio
from isthmus.data.audio.waveforms import Waveforms

SIZES = tuple({"frames": frames} for frames in (37, 64, 8))
"""Lengths with which exports are checked; `torch_export` leaves out the last one, the smallest."""

SAMPLES = tuple({"time": samples} for samples in (4001, 2048, 300))
"""Numbers of samples with which exports are checked; `torch_export` leaves out the last one, the smallest."""


class Spectrograms(Adapter):
    """Magnitudes of spectrograms: (rows, frames, frequencies), of any number of frames."""

    keys = frozenset({"magnitudes"})

    def __init__(self, audio: Audio) -> None:
        super().__init__()
        self.data = audio
        shape = named((None, audio.shape[0]), SIZES)
        spread = audio.typical_magnitudes()
        self.inputs = [
            Port("magnitudes", "tensor", "float32", shape, low=0.0, high=2 * spread, gaps=False, sizes=SIZES)
        ]
        self.outputs = [Port("magnitudes", "tensor", "float32", shape, spread=spread, sizes=SIZES)]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the magnitudes, frequencies first."""
        return {"magnitudes": tensors[0].movedim(2, 1)}

    def write(self, columns: Columns) -> list[Tensor]:
        """Return the magnitudes, frames first."""
        return [columns["magnitudes"].movedim(1, 2)]


class Samples(Adapter):
    """Samples of one channel, at the rate of the model: (rows, time), of any number."""

    keys = frozenset({"samples"})

    def __init__(self, waveforms: Waveforms) -> None:
        super().__init__()
        shape, spread = named((None,), SAMPLES), waveforms.deviation
        self.inputs = [
            Port("samples", "tensor", "float32", shape, low=-2 * spread, high=2 * spread, gaps=False, sizes=SAMPLES)
        ]
        self.outputs = [Port("samples", "tensor", "float32", shape, spread=spread, sizes=SAMPLES)]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the samples as those of one channel."""
        return {"samples": tensors[0].unsqueeze(1)}

    def write(self, columns: Columns) -> list[Tensor]:
        """Return the samples."""
        return [columns["samples"].squeeze(1)]
