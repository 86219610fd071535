"""Windows of signals as a named tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from isthmus.apps.export.kinds.base import Adapter, Columns
from isthmus.apps.export.ports import Port
from isthmus.data.signals.signals import Signals


class Windows(Adapter):
    """Windows of a signal: (rows, window, channels)."""

    keys = frozenset({"windows"})

    def __init__(self, signals: Signals) -> None:
        super().__init__()
        self.data = signals
        [field] = signals.fields()
        offset, divisor = signals.offset[:, 0], signals.divisor[:, 0]
        low, high = (offset + 2 * side * divisor for side in (-1, 1))
        ends: dict[str, Any] = {"low": low.tolist(), "high": high.tolist(), "spread": divisor.tolist()}
        self.inputs = self.outputs = [Port(field.name, field.kind, "float64", field.shape, **ends)]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the windows, channels first."""
        return {"windows": tensors[0].transpose(1, 2)}

    def write(self, columns: Columns) -> list[Tensor]:
        """Return the windows."""
        return [self.data.per_feature(columns["windows"])]
