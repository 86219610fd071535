"""The entropy bottleneck: the code is rounded, and costs the bits that it takes to write it down."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.interfaces import Bottleneck
from isthmus.core.part import part
from isthmus.core.records import Code
from isthmus.parts.bands import BLOCKS, steps
from isthmus.parts.bottlenecks.factorized import Factorized
from isthmus.parts.bottlenecks.hyperprior import Hyperprior
from isthmus.parts.bottlenecks.prediction import Predictor
from isthmus.parts.bottlenecks.rounding import Rounding, Watch
from isthmus.parts.bottlenecks.slots import Slots
from isthmus.support.errors import InputError, unknown

PREDICTORS: dict[str, type[Predictor]] = {"factorized": Factorized, "hyperprior": Hyperprior, "slots": Slots}
PARTS = 32
"""Of an octave, in which predictors see the step."""


@part("bottleneck/entropy")
class Entropy(Bottleneck):
    """Rounds each number of a code to whole steps, and predicts the distribution of these symbols.

    The terms are ``bits``, those that the symbols take (Shannon 1948; Ballé 2017), and ``coding``, what these are worth
    in squared errors: `trade` squared steps each, so that one step is right for one trade of bits for errors.

    In training, rounding passes gradients on as if it were not there, and a symbol nearer to 0 is chosen where this
    saves more than it costs: what is trained is what is used.

    Parameters
    ----------
    predictor : {"factorized", "hyperprior", "slots"}, default "factorized"
        What predicts the distributions. ``"factorized"``: each number has its own. ``"hyperprior"``: they are told by
        a few numbers that are written before the code. ``"slots"``, for the net ``"lapped-transform"`` alone: each
        group of coefficients follows from those before it.
    width : int, default 96
        Maps of the predictor.
    trade : float, default 0.13
        What a bit is worth, in squared steps.
    block : {8, 4}, default 8
        Side of the blocks of the lapped transform, in pixels; ``"slots"`` alone asks for it.

    Raises
    ------
    InputError
        The predictor is unknown, or a number is out of range.
    """

    predictor: Predictor
    rounds = True
    replicable = False

    def __init__(
        self, predictor: str = "factorized", width: int = 96, trade: float = 0.13, block: int = BLOCKS[0]
    ) -> None:
        super().__init__()
        if predictor not in PREDICTORS:
            raise InputError(unknown("predictor of the entropy bottleneck", predictor, PREDICTORS))
        if width < 2 or trade <= 0:
            raise InputError(f"width={width}, trade={trade} of the entropy bottleneck: expected 2 or more, and above 0")
        self.name, self.width_of_maps, self.trade, self.block = predictor, width, trade, block

    def build(self, latent_dim: int) -> None:
        """Make the predictor."""
        self.predictor = PREDICTORS[self.name](self.width_of_maps, self.block)
        self.predictor.build(latent_dim)

    def initialize(self, h: Tensor, noise: Tensor | None = None) -> None:
        """Start the scale of each number from a sample."""
        self.predictor.initialize(h)

    def forward(self, h: Tensor, draw: bool | None = None, step: Tensor | None = None) -> Code:
        """Return the code; its symbols are as in training if `draw`, else the nearest."""
        trade = self.trade if (self.training if draw is None else draw) else 0.0
        return self.code(h, step, trade)

    def code(self, h: Tensor, step: Tensor | None, trade: float, watch: Watch | None = None) -> Code:
        """Return the code of symbols that are chosen with a trade of bits for squared steps; 0: the nearest."""
        step = steps(step, h)
        rounding = Rounding(self.predictor.parts(h, step), self.predictor.worth(), trade, watch)
        symbols = self.predictor(rounding, h.shape[1:-1], octaves(step.flatten()))
        z = self.predictor.whole(symbols, step)
        worth = self.trade * step.flatten().square()
        taken = tuple(symbol.detach().long() for symbol in symbols)
        return Code(z, {"bits": rounding.bits, "coding": worth * rounding.bits}, () if self.training else taken)


def octaves(step: Tensor) -> Tensor:
    """Return steps as powers of two of 1/255, in whole numbers of 1/32."""
    return torch.round(torch.log2(255 * step.double()) * PARTS).float() / PARTS
