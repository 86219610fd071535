"""Repair: what a corruption changed counts for more than what it left."""

from __future__ import annotations

from torch import Tensor

from isthmus.core.model import Model
from isthmus.core.part import part
from isthmus.core.records import Output
from isthmus.core.terms import Penalty


@part("penalty/repair")
class Repair(Penalty):
    """The error over the elements that a corruption changed.

    Where defects cover little, a net learns first to leave things as they are; with this term, to repair them too.
    """

    def __call__(self, output: Output, model: Model) -> Tensor:
        """Return the term of each sample."""
        changed = output.batch.corrupted != output.batch.x
        return model.likelihood.total(output.y, output.batch.x, changed)
