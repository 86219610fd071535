"""The kinds of parts: what a net, a bottleneck, a likelihood, a corruption, a penalty and a score must do.

Constructors hold knobs only. Sizes come in ``build``, called once by ``fit`` on a fresh copy of the part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from isthmus.core.records import Batch, Code
from isthmus.support.errors import InputError

if TYPE_CHECKING:
    from torch.distributions import Normal


Domain = Literal["numbers", "booleans", "categories"]
"""What elements of x stand for."""


class Sizes(NamedTuple):
    """The sizes that a net joins.

    Attributes
    ----------
    x : tuple of int
        Shape of one row of ``Batch.x``.
    h : int
        Numbers that ``encode`` returns for a row: the bottleneck's ``width(latent_dim)``.
    z : int
        Numbers in a code.
    y : tuple of int
        Shape of one row that ``decode`` returns: the likelihood's ``shape(x)``.
    condition : int
        Numbers given beside x and z; 0 where nothing is given.
    """

    x: tuple[int, ...]
    h: int
    z: int
    y: tuple[int, ...]
    condition: int = 0


class Net(nn.Module):
    """An encoder and its decoder."""

    reconstructs_only = False
    """True where ``encode`` returns skip connections, so that a code alone cannot be decoded."""
    copies = 1
    """How often a training step shows it the batch, one copy after the other, each corrupted anew."""

    def build(self, sizes: Sizes) -> None:
        """Make the layers."""
        raise NotImplementedError

    def encode(self, batch: Batch) -> Any:
        """Return h of shape (batch, sizes.h), or a tuple (h, *skips)."""
        raise NotImplementedError

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return y of shape (batch, *sizes.y)."""
        raise NotImplementedError

    def initialize_encoder(self, batch: Batch) -> Tensor | None:
        """Choose a start that knows the data; once, before the first step.

        Returns
        -------
        Tensor of shape (sizes.z,), or None
            The share of each code number's variance that is noise; None where the net cannot tell.
        """
        return None

    def initialize_decoder(self, z: Tensor, y: Tensor, batch: Batch) -> None:
        """Choose a start that knows which y each z of a sample should give; once, after the encoder and bottleneck."""


class UserNet(Net):
    """A user's own module with ``encode(x) -> h`` and ``decode(z) -> y`` on tensors, of sizes that it fixed itself.

    Parameters
    ----------
    module : nn.Module
    """

    def __init__(self, module: Any) -> None:
        super().__init__()
        if not (hasattr(module, "encode") and hasattr(module, "decode")):
            raise InputError(f"a net has encode and decode, but {type(module).__name__} has not")
        self.module = module

    def build(self, sizes: Sizes) -> None:
        """Leave the module as it is."""

    def encode(self, batch: Batch) -> Any:
        """Return the module's h."""
        return self.module.encode(batch.corrupted)

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return the module's y."""
        y: Tensor = self.module.decode(z)
        return y


class Bottleneck(nn.Module):
    """Turns h into a Code, and says what that costs. Deterministic in eval mode, unless a draw is asked for."""

    has_posterior = False
    """Whether there is a `posterior`, from which codes are drawn."""

    def width(self, latent_dim: int) -> int:
        """Return how many numbers of h make a code of `latent_dim` numbers."""
        return latent_dim

    def build(self, latent_dim: int) -> None:
        """Make parameters and buffers."""

    def initialize(self, h: Tensor, noise: Tensor | None = None) -> None:
        """Choose a start that knows the h of a sample; once, before the first step.

        Parameters
        ----------
        h : Tensor of shape (n, width)
        noise : Tensor of shape (latent_dim,), or None
            What `Net.initialize_encoder` returned.
        """

    def forward(self, h: Tensor, draw: bool | None = None) -> Code:
        """Return the code of h; `draw` says whether a random code is drawn (None: in training mode only)."""
        raise NotImplementedError

    def posterior(self, h: Tensor) -> Normal:
        """Return q(z|x), diagonal; only where there is one."""
        raise NotImplementedError(f"the bottleneck {type(self).__name__} has no posterior q(z|x)")


class Likelihood(nn.Module):
    """Compares y with x elementwise, and turns y into a reconstruction."""

    domain: Domain = "numbers"
    """What it is a likelihood of."""
    normalised = False
    """True where ``error`` is −log p(x|y) in nats, constants included: a bound on log p(x) can be built on it."""

    def with_numbers(self, likelihood: Likelihood) -> Likelihood:
        """Return this likelihood with another one for what are numbers: here that one."""
        return likelihood

    def with_categories(self, likelihood: Likelihood) -> Likelihood:
        """Return this likelihood with another one for what are categories: here itself, since nothing is."""
        return self

    def unbounded(self) -> Likelihood:
        """Return this likelihood without bounds of the reconstruction: here itself."""
        return self

    def shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of y for one row of x."""
        return x_shape

    def build(self, x_shape: tuple[int, ...]) -> None:
        """Make parameters."""

    def initialize(self, y: Tensor, x: Tensor) -> None:
        """Choose a start that knows the y and x of a sample; once, after the decoder."""

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the elementwise error, of the shape of x."""
        raise NotImplementedError

    def total(self, y: Tensor, x: Tensor, observed: Tensor | None = None) -> Tensor:
        """Return the error of each row, of shape (batch,), over the elements that were observed."""
        error = self.error(y.float(), x)
        return per_sample(error if observed is None else error * observed)

    def mean(self, y: Tensor) -> Tensor:
        """Return the reconstruction x̂."""
        return y

    def link(self, x: Tensor) -> Tensor:
        """Return a y whose mean is (about) x: what a decoder is initialised towards."""
        return x

    def sample(self, y: Tensor) -> Tensor:
        """Draw x from p(x|y); the mean where the likelihood is no distribution."""
        return self.mean(y)


class Corruption:
    """Removes or corrupts parts of x."""

    masks = False
    """Whether it takes elements away and says which, in ``Batch.masked``."""

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with ``corrupted`` (and ``masked``) changed."""
        raise NotImplementedError


def per_sample(elementwise: Tensor) -> Tensor:
    """Sum everything but the rows."""
    return torch.flatten(elementwise, 1).sum(1)
