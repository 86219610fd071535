"""Parts: the parameters of an autoencoder, and its fitted parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from torch import nn

from isthmus.core.data import Data
from isthmus.core.interfaces import Prior
from isthmus.core.objective import Reconstruction
from isthmus.variants import Variant

if TYPE_CHECKING:
    from isthmus.data.tables.conditions import Condition


@dataclass(frozen=True)
class Parts:
    """The parts of an autoencoder.

    Attributes
    ----------
    variant : Variant
    data : Data
        Fitted.
    condition : Condition or None
        Fitted.
    objective : Reconstruction
        Built for the data; trained or not.
    """

    variant: Variant
    data: Data
    condition: Condition | None
    objective: Reconstruction


class Parameters(Protocol):
    """The parameters of an `Autoencoder` (see there), and its parts once fitted."""

    variant: str | Variant
    latent_dim: int | None
    net: str | nn.Module | Sequence[int] | None
    data: str | Data | None
    prior: str | Prior
    epochs: int | None
    batch_size: int | None
    learning_rate: float
    schedule: Literal["cosine", "one-cycle", "constant"]
    validation_fraction: float
    patience: int | None
    weight_decay: float
    average: float | None
    precision: str
    device: str
    condition: str | Sequence[str] | None
    warm_start: bool
    random_state: int | np.random.RandomState | None

    @property
    def parts(self) -> Parts | None:
        """The parts of the autoencoder; None if it is not fitted."""
        ...
