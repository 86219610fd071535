"""Images as a named tensor."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from isthmus.apps.export.kinds.base import Adapter, Columns
from isthmus.apps.export.ports import Port
from isthmus.data.images.images import Images


class Pixels(Adapter):
    """Pictures in the shape and type that they were learnt in; truth values are 0 and 1 as floats."""

    keys = frozenset({"pixels"})

    def __init__(self, images: Images) -> None:
        super().__init__()
        self.data = images
        [field] = images.fields()
        dtype = "uint8" if images.dtype == "uint8" else "float32"
        self.inputs = [Port(field.name, field.kind, dtype, field.shape, low=field.low, high=field.high, gaps=False)]
        self.outputs = [Port(field.name, field.kind, "float32", field.shape)]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the pixels, channels first."""
        [pixels] = tensors
        if pixels.ndim == 3:
            return {"pixels": pixels.unsqueeze(1)}
        return {"pixels": pixels if self.data.channels_first else pixels.movedim(-1, 1)}

    def write(self, columns: Columns) -> list[Tensor]:
        """Return the pixels as floats in [0, 1], in the shape given."""
        return [self.data.per_feature(columns["pixels"])]
