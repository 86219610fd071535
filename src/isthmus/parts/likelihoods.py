"""Likelihoods: how y is compared with x, and what reconstruction it stands for."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from isthmus.core.errors import InputError
from isthmus.core.kinds import Likelihood
from isthmus.core.part import fresh, part, resolve

LOG_2PI = math.log(2 * math.pi)


@part("likelihood/squared")
class Squared(Likelihood):
    """(y − x)², whose mean over elements is the MSE.

    Examples
    --------
    The worked example of the field has an MSE of 0.008:

    >>> x = torch.tensor([[0.9, 0.1, 0.7, 0.3, 0.5]])
    >>> y = torch.tensor([[0.8, 0.2, 0.6, 0.4, 0.5]])
    >>> round(Squared().error(y, x).mean().item(), 6)
    0.008

    Parameters
    ----------
    bounds : (float, float) or None, default None
        The least and the most that x can be. The reconstruction is y cut to them, and so is the error; its gradient
        passes the cut as if it were not there, so that the loss stays convex in y and no pixel dies. A decoder then
        need not hit black and white exactly.
    """

    def __init__(self, bounds: tuple[float, float] | None = None) -> None:
        super().__init__()
        self.bounds = bounds

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the squared difference."""
        if self.bounds is not None:
            y = y + (self.mean(y) - y).detach()
        return (y - x).square()

    def total(self, y: Tensor, x: Tensor, observed: Tensor | None = None) -> Tensor:
        """Return the squared distance of each row."""
        if observed is not None or not y.requires_grad:
            return super().total(y, x, observed)
        distance: Tensor = SquaredDistance.apply(y, x, self.bounds)
        return distance

    def mean(self, y: Tensor) -> Tensor:
        """Return y within the bounds."""
        return y if self.bounds is None else y.clamp(*self.bounds)


class SquaredDistance(torch.autograd.Function):
    """What ``Squared.error`` sums to in each row, with one tensor of the size of x instead of five."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, x: Tensor, bounds: tuple[float, float] | None) -> Tensor:
        """Return the squared distance of each row."""
        gap = ((y if bounds is None else y.clamp(*bounds)) - x).flatten(1)
        ctx.save_for_backward(gap)
        ctx.shape, ctx.dtype = y.shape, y.dtype
        return torch.linalg.vector_norm(gap, dim=1).square_()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Return the gradient in y; x and the bounds have none."""
        (gap,) = ctx.saved_tensors
        return gap.mul_(2 * gradient[:, None]).view(ctx.shape).to(ctx.dtype), None, None


@part("likelihood/absolute")
class Absolute(Likelihood):
    """|y − x|: outliers pull less, edges blur less."""

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the absolute difference."""
        return (y - x).abs()


@part("likelihood/bernoulli")
class Bernoulli(Likelihood):
    """Binary cross-entropy in nats of x in [0, 1] against the logit y.

    Parameters
    ----------
    margin : float, default 0.02
        How far from 0 and 1 the decoder is initialised: ``link(x)`` is the logit of x squeezed by it.
    """

    normalised = True

    def __init__(self, margin: float = 0.02) -> None:
        super().__init__()
        self.margin = margin

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return −x log p − (1 − x) log(1 − p) for p = sigmoid(y)."""
        return F.binary_cross_entropy_with_logits(y, x, reduction="none")

    def mean(self, y: Tensor) -> Tensor:
        """Return the probability of 1."""
        return torch.sigmoid(y)

    def link(self, x: Tensor) -> Tensor:
        """Return the logit of x, squeezed away from 0 and 1."""
        return torch.logit(self.margin + (1 - 2 * self.margin) * x.clamp(0, 1))

    def sample(self, y: Tensor) -> Tensor:
        """Draw 0 or 1."""
        return torch.bernoulli(torch.sigmoid(y))


@part("likelihood/gaussian")
class Gaussian(Likelihood):
    """−log N(x; μ, σ²) in nats, with learnt variance (Rybkin 2021 for one shared σ).

    Parameters
    ----------
    variance : {"shared", "feature", "output"}, default "shared"
        One σ for all elements; one for each element, the same for all rows; or one that the decoder gives for each
        element of each row (y has then twice the channels, or twice the columns).
    floor : float, default 1e-3
        The smallest σ, so that a column that is reconstructed exactly does not pull the bound to infinity.

    Raises
    ------
    InputError
        `variance` is none of the three.
    """

    normalised = True

    def __init__(self, variance: str = "shared", floor: float = 1e-3) -> None:
        super().__init__()
        if variance not in ("shared", "feature", "output"):
            raise InputError(
                f"variance={variance!r} of the Gaussian likelihood; choose 'shared', 'feature' or 'output'"
            )
        self.variance, self.log_floor = variance, math.log(floor)

    def shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of y: twice the channels where the decoder gives the variance."""
        return (2 * x_shape[0], *x_shape[1:]) if self.variance == "output" else x_shape

    def build(self, x_shape: tuple[int, ...]) -> None:
        """Make log σ a parameter where the decoder does not give it."""
        if self.variance != "output":
            self.log_scale = nn.Parameter(torch.zeros(x_shape if self.variance == "feature" else ()))

    def initialize(self, y: Tensor, x: Tensor) -> None:
        """Start a learnt σ at the spread of what the decoder's start leaves."""
        if self.variance != "output":
            over = None if self.variance == "shared" else 0
            log_spread = (y - x).square().mean(over).clamp_min(1e-12).log() / 2
            above = (log_spread - self.log_floor).clamp_min(1e-2)
            self.log_scale.copy_(self.log_floor + torch.log(torch.expm1(above)))

    def split(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ and log σ."""
        mean, log_scale = y.chunk(2, dim=1) if self.variance == "output" else (y, self.log_scale)
        return mean, self.log_floor + F.softplus(log_scale - self.log_floor)

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return −log N(x; μ, σ²)."""
        mean, log_scale = self.split(y)
        return 0.5 * ((x - mean) * torch.exp(-log_scale)).square() + log_scale + 0.5 * LOG_2PI

    def mean(self, y: Tensor) -> Tensor:
        """Return μ."""
        return self.split(y)[0]

    def link(self, x: Tensor) -> Tensor:
        """Return x, and log σ = 0 where the decoder gives it."""
        return torch.cat([x, torch.zeros_like(x)], 1) if self.variance == "output" else x

    def sample(self, y: Tensor) -> Tensor:
        """Draw from N(μ, σ²)."""
        mean, log_scale = self.split(y)
        return mean + torch.exp(log_scale) * torch.randn_like(mean)


@part("likelihood/categorical")
class Categorical(Likelihood):
    """Cross-entropy in nats of one-hot x against the logits y, over the last axis.

    Parameters
    ----------
    weight : float, default 1
        How much a nat counts; with another one the error is no log-likelihood.

    Raises
    ------
    InputError
        The weight is not above 0.
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        if weight <= 0:
            raise InputError(f"weight={weight} of the likelihood 'categorical' must be above 0")
        self.weight, self.normalised = weight, weight == 1

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return −x log softmax(y), weighted: zero but at the category that is there."""
        return -self.weight * x * torch.log_softmax(y, -1)

    def mean(self, y: Tensor) -> Tensor:
        """Return the probabilities."""
        return torch.softmax(y, -1)

    def link(self, x: Tensor) -> Tensor:
        """Return the centred log of smoothed probabilities."""
        logits = torch.log(0.02 / x.shape[-1] + 0.98 * x)
        return logits - logits.mean(-1, keepdim=True)

    def sample(self, y: Tensor) -> Tensor:
        """Draw one category, one-hot."""
        drawn = torch.multinomial(torch.softmax(y, -1).flatten(0, -2), 1).view(y.shape[:-1])
        return F.one_hot(drawn, y.shape[-1]).to(y.dtype)


@part("likelihood/mixed")
class Mixed(Likelihood):
    """A likelihood for each contiguous block of columns: numbers, booleans and categories side by side.

    Parameters
    ----------
    groups : tuple of (str or Likelihood, int)
        A likelihood, or its name, and number of elements of x, in the order of x, such as
        ``(("squared", 3), ("categorical", 5))``.
    """

    def __init__(self, groups: tuple[tuple[Any, int], ...]) -> None:
        super().__init__()
        self.widths = [width for _, width in groups]
        self._members: list[Likelihood] = [fresh(resolve("likelihood", member)) for member, _ in groups]
        self.members = nn.ModuleList(self._members)
        self.normalised = all(member.normalised for member in self._members)

    def shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of y: the members' shapes side by side."""
        self._check(x_shape)
        return (sum(self._y_widths()),)

    def _check(self, x_shape: tuple[int, ...]) -> None:
        if x_shape != (sum(self.widths),):
            raise InputError(
                f"mixed likelihood for rows of {sum(self.widths)} elements, but the rows have shape {x_shape}"
            )

    def _y_widths(self) -> list[int]:
        return [member.shape((width,))[0] for member, width in zip(self._members, self.widths, strict=True)]

    def build(self, x_shape: tuple[int, ...]) -> None:
        """Build the members."""
        for member, width in zip(self._members, self.widths, strict=True):
            member.build((width,))

    def _pieces(self, y: Tensor) -> list[tuple[Likelihood, Tensor]]:
        return list(zip(self._members, y.split(self._y_widths(), 1), strict=True))

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the members' errors side by side."""
        blocks = zip(self._pieces(y), x.split(self.widths, 1), strict=True)
        return torch.cat([member.error(piece, block) for (member, piece), block in blocks], 1)

    def initialize(self, y: Tensor, x: Tensor) -> None:
        """Start each member."""
        for (member, piece), block in zip(self._pieces(y), x.split(self.widths, 1), strict=True):
            member.initialize(piece, block)

    def mean(self, y: Tensor) -> Tensor:
        """Return the members' means side by side."""
        return torch.cat([member.mean(piece) for member, piece in self._pieces(y)], 1)

    def link(self, x: Tensor) -> Tensor:
        """Return the members' links side by side."""
        blocks = zip(self._members, x.split(self.widths, 1), strict=True)
        return torch.cat([member.link(block) for member, block in blocks], 1)

    def sample(self, y: Tensor) -> Tensor:
        """Return the members' draws side by side."""
        return torch.cat([member.sample(piece) for member, piece in self._pieces(y)], 1)
