"""Which adapter a kind of data has."""

from __future__ import annotations

from typing import Any

from isthmus.apps.export.kinds.base import Adapter
from isthmus.apps.export.kinds.images import Pixels
from isthmus.apps.export.kinds.signals import Windows
from isthmus.apps.export.kinds.table import Cells, Matrix
from isthmus.data.images.images import Images
from isthmus.data.signals.signals import Signals


def adapter_of(data: Any) -> Adapter:
    """Return how data look from outside."""
    if isinstance(data, Images):
        return Pixels(data)
    if isinstance(data, Signals):
        return Windows(data)
    unnamed = data.schema.names is None and set(data.schema.kinds) <= {"float", "empty"}
    return Matrix(data) if unnamed else Cells(data)
