"""Spectrograms of recordings as a named tensor."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from isthmus.apps.export.kinds.base import Adapter, Columns
from isthmus.apps.export.ports import Port, named
from isthmus.data.audio.audio import Audio

SIZES = tuple({"frames": frames} for frames in (37, 64, 8))
"""Lengths with which exports are checked; `torch_export` leaves out the last one, the smallest."""


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
