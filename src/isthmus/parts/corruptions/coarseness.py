"""Coarseness: how coarsely the code of each row is rounded, drawn anew each time it is seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.support.errors import InputError

BALANCE = 0.8
"""Rows count by their step to this power, in bits: all rates then improve together."""


@part("corruption/coarseness")
class Coarseness(Corruption):
    """Leaves rows as they are, and draws for each how coarsely its code is rounded.

    Errors are counted in squared steps, as bits are, so that all rows are of the same order.

    Parameters
    ----------
    step : (float, float), default (0.02, 0.45)
        Least and greatest, in the units of x; their logarithm is drawn uniformly.
    trade : float, default 0.13
        What a bit is worth, in squared steps.

    Raises
    ------
    InputError
        The steps are no pair of positive numbers.
    """

    measures = True
    replicable = False

    def __init__(self, step: Sequence[float] = (0.02, 0.45), trade: float = 0.13) -> None:
        if len(step) != 2 or not 0 < step[0] <= step[1]:
            raise InputError(f"step={step} of the corruption 'coarseness': expected two positive numbers, low,high")
        self.step, self.trade = (float(step[0]), float(step[1])), trade

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with its steps and emphasis."""
        low, high = map(math.log, self.step)
        drawn = torch.rand(len(batch), device=batch.x.device)
        step = torch.exp(low + (high - low) * drawn)
        middle = math.exp((low + high) / 2)
        return batch.with_(step=step, emphasis=(step / middle) ** BALANCE / (self.trade * step.square()))
