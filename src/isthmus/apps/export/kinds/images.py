"""Images as a named tensor."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from isthmus.apps.export.kinds.base import Adapter, Columns
from isthmus.apps.export.ports import FIXED, Port, named
from isthmus.data.images.images import Images

SIZES = tuple({"height": height, "width": width} for height, width in ((37, 53), (65, 64), (8, 8)))
"""Sizes with which exports for images of any size are checked; `torch_export` leaves out the last one, the smallest."""


class Pixels(Adapter):
    """Images in the shape and type of the training images; Booleans are the floats 0 and 1."""

    keys = frozenset({"pixels"})

    def __init__(self, images: Images) -> None:
        super().__init__()
        self.data = images
        [field] = images.fields()
        dtype = "uint8" if images.dtype == "uint8" else "float32"
        sizes = SIZES if images.any_size else FIXED
        shape = named(field.shape, sizes)
        low, high = field.low, field.high
        self.inputs = [Port(field.name, field.kind, dtype, shape, low=low, high=high, gaps=False, sizes=sizes)]
        self.outputs = [Port(field.name, field.kind, "float32", shape, sizes=sizes)]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the pixels, channels first."""
        [pixels] = tensors
        if pixels.ndim == 3:
            return {"pixels": pixels.unsqueeze(1)}
        return {"pixels": pixels if self.data.channels_first else pixels.movedim(-1, 1)}

    def write(self, columns: Columns) -> list[Tensor]:
        """Return the pixels as floats in [0, 1], in the user's layout."""
        return [self.data.per_feature(columns["pixels"])]
