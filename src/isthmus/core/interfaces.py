"""The interfaces of the kinds of parts: nets, bottlenecks, likelihoods, priors, features and corruptions.

Constructors hold knobs only. Sizes come in ``build``, called once by ``fit`` on a fresh copy of the part.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import torch
from torch import Tensor, nn

from isthmus.core.part import kind_and_name
from isthmus.core.records import Batch, Code
from isthmus.support.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch.distributions import Normal


Domain = Literal["numbers", "booleans", "categories"]
"""The meaning of elements of x."""

Shape = tuple[int | None, ...]
"""Shape of one row, channels first; None for free axes, whose length may differ between batches."""


def fixed(shape: Shape) -> tuple[int, ...]:
    """Return a shape without free axes.

    Raises
    ------
    InputError
        An axis is free.
    """
    if None in shape:
        raise InputError(f"rows of shape {shape} have free axes, but a fixed size is needed here")
    return tuple(side for side in shape if side is not None)


def widened(shape: Shape, times: int) -> Shape:
    """Return a shape with a multiple of its channels, or columns."""
    channels = fixed(shape[:1])[0]
    return (times * channels, *shape[1:])


class Sizes(NamedTuple):
    """The sizes of a net's inputs and outputs.

    Attributes
    ----------
    x : tuple of int or None
        Shape of one row of ``Batch.x``.
    h : int
        Numbers that ``encode`` returns per position: the bottleneck's ``width(z)``.
    z : int
        Numbers of the code per position.
    y : tuple of int or None
        Shape of one row that ``decode`` returns: the likelihood's ``shape(x)``.
    condition : int
        Width of the condition; 0 if there is none.
    members : int
        Number of members of an ensemble, each with its own code; 1 for a single net.
    """

    x: Shape
    h: int
    z: int
    y: Shape
    condition: int = 0
    members: int = 1


class Net(nn.Module):
    """An encoder and its decoder.

    The code axis is the last, after the positions: () for vector codes, (height, width) for feature maps. An ensemble
    has an axis of members before its positions in eval mode; in training each row belongs to one member.
    """

    reconstructs_only = False
    """True where ``encode`` returns skip connections, so that a code alone cannot be decoded."""
    copies = 1
    """How often a training step shows it the batch, one copy after the other, each corrupted anew."""
    members = 1
    """Nets that it consists of, at most: as many as divide the length of the code are built."""
    any_size = False
    """Whether the axes of x behind the channels may be free."""
    windows_only = False
    """Whether rows must be windows of waveforms: one axis behind the channels."""
    images_only = False
    """Whether rows must be images: two axes behind the channels."""
    predictor = "factorized"
    """What predicts the numbers of its codes where these are rounded: a predictor of ``bottleneck/entropy``."""
    affine = False
    """Whether both directions are affine maps, so that codes span a subspace."""
    stride = 1
    """Elements of x along each axis for one position of the code."""
    rate_scale = 1.0
    """The learning rate of a model with this net, times that of the training."""
    reach: int | None = None
    """How many elements of x beyond its own stride an element of y depends on, to each side; None: on all of them."""
    at_once = 2**23
    """Maximum numbers of a row that is computed whole: about 1 GB of memory; larger rows are computed in tiles."""
    grid = 1
    """Elements of x along each axis for one cell of the coarsest grid that it lays over x; beside `stride`."""
    start_fraction = 1.0
    """Fraction of the usual sample that is enough to initialise it."""
    estimates_noise = False
    """Whether it depends on the noise level of the whole row, also where y depends on x within its reach only."""
    reading = 1
    """Side of the parts of a row of which each gives readings of the noise."""
    fills = False
    """Whether it is shown which elements are missing or masked, and fills them."""
    replicable = True
    """Whether copies of it can train at once: see `isthmus.core.training.replicas.Replicas`."""

    def build(self, sizes: Sizes) -> None:
        """Create the layers."""
        raise NotImplementedError

    def positions(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the positions of the code of one row of that shape, members left out."""
        return ()

    def code_width(self, x_shape: Shape) -> int | None:
        """Return the numbers of the code per position where this net alone decides on them; None: any number."""
        return None

    def encode(self, batch: Batch) -> Any:
        """Return h of shape (batch, *positions, sizes.h), or a tuple (h, *skips)."""
        raise NotImplementedError

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return y of shape (batch, *sizes.y) for z of shape (batch, *positions, sizes.z)."""
        raise NotImplementedError

    def orthogonal(self) -> list[nn.Parameter]:
        """Return the weights that are trained by orthogonal steps: see `isthmus.core.training.optimizer`."""
        return []

    def readings(self, batch: Batch) -> Tensor:
        """Return what the noise level of each row is estimated from, of shape (batch, readings).

        Those of parts of a row, cut at multiples of `reading`, are those of the row.
        """
        raise NotImplementedError(f"the net {type(self).__name__} estimates no noise level")

    def noise(self, readings: Tensor) -> Tensor:
        """Return the noise level of each row, of shape (batch,): a standard deviation in the units of x."""
        raise NotImplementedError(f"the net {type(self).__name__} estimates no noise level")

    def initialize_encoder(self, batch: Batch) -> Tensor | None:
        """Initialise from the data; once, before the first step.

        Returns
        -------
        Tensor of shape (sizes.z,), or None
            The fraction of each code number's variance that is noise; None if the net cannot tell.
        """
        return None

    def initialize_decoder(self, z: Tensor, y: Tensor, batch: Batch) -> None:
        """Initialise from a sample of z and the y that each should give; once, after the encoder and bottleneck."""


class UserNet(Net):
    """A user's own module with ``encode(x) -> h`` and ``decode(z) -> y`` on tensors, of sizes that it fixes itself.

    Parameters
    ----------
    module : nn.Module
    """

    def __init__(self, module: object) -> None:
        super().__init__()
        self.replicable = False  # nothing is known of the module
        if not (hasattr(module, "encode") and hasattr(module, "decode")):
            raise InputError(f"a net has encode and decode, but {type(module).__name__} has not")
        self.module = module

    def build(self, sizes: Sizes) -> None:
        """Leave the module as it is."""

    def positions(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the positions of the module's codes; () for vector codes, if it has no ``positions``."""
        positions = getattr(self.module, "positions", None)
        return () if positions is None else tuple(positions(x_shape))

    def encode(self, batch: Batch) -> Any:
        """Return the module's h."""
        return self.module.encode(batch.corrupted)

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return the module's y."""
        y: Tensor = self.module.decode(z)
        return y


class Bottleneck(nn.Module):
    """Turns h into a Code with its cost. Deterministic in eval mode, unless a random code is requested.

    It works on the last axis of h; terms are summed over positions. Statistics of a batch are per code number, over
    rows and positions.
    """

    any_size = True
    """Whether the number of positions may differ from batch to batch."""
    replicable = True
    """Whether copies of it can train at once."""

    @property
    def mixes_rows(self) -> bool:
        """Whether rows of a training batch depend on each other, which members of an ensemble must not."""
        return False

    has_posterior = False
    """Whether there is a `posterior`, from which codes are drawn."""
    rounds = False
    """Whether codes are rounded: ``forward`` then takes ``step``, of shape (batch,) or None, as in a `Batch`."""

    def width(self, latent_dim: int) -> int:
        """Return the width of h for codes of `latent_dim` numbers."""
        return latent_dim

    def build(self, latent_dim: int) -> None:
        """Create parameters and buffers."""

    def initialize(self, h: Tensor, noise: Tensor | None = None) -> None:
        """Initialise from the h of a sample; once, before the first step.

        Parameters
        ----------
        h : Tensor of shape (n, *positions, width)
        noise : Tensor of shape (latent_dim,), or None
            What `Net.initialize_encoder` returned.
        """

    def forward(self, h: Tensor, draw: bool | None = None) -> Code:
        """Return the code of h; sampled if `draw` (None: in training mode only)."""
        raise NotImplementedError

    def posterior(self, h: Tensor) -> Normal:
        """Return the diagonal q(z|x), if there is one."""
        raise NotImplementedError(f"the bottleneck {type(self).__name__} has no posterior q(z|x)")


class Likelihood(nn.Module):
    """Compares y with x elementwise, and turns y into a reconstruction."""

    any_size = True
    """Whether the axes of x behind the channels may be free."""
    domain: Domain = "numbers"
    """What it is a likelihood of."""
    normalised = False
    """True where ``error`` is −log p(x|y) in nats, constants included: a bound on log p(x) can be built on it."""

    def with_numbers(self, likelihood: Likelihood) -> Likelihood:
        """Return this likelihood with another one for numbers: here, the other one itself."""
        return likelihood

    def with_categories(self, likelihood: Likelihood) -> Likelihood:
        """Return this likelihood with another one for categories: here itself, without categories."""
        return self

    def unbounded(self) -> Likelihood:
        """Return this likelihood without bounds of the reconstruction: here itself."""
        return self

    def shape(self, x_shape: Shape) -> Shape:
        """Return the shape of y for one row of x."""
        return x_shape

    def build(self, x_shape: Shape) -> None:
        """Create parameters."""

    def initialize(self, y: Tensor, x: Tensor) -> None:
        """Initialise from the y and x of a sample; once, after the decoder."""

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the elementwise error, of the shape of x."""
        raise NotImplementedError

    def total(self, y: Tensor, x: Tensor, observed: Tensor | None = None) -> Tensor:
        """Return the error of each row over the observed elements, of shape (batch,)."""
        error = self.error(y.float(), x)
        return per_sample(error if observed is None else error * observed)

    def mean(self, y: Tensor) -> Tensor:
        """Return the reconstruction x̂."""
        return y

    def link(self, x: Tensor) -> Tensor:
        """Return a y whose mean is about x, for initialising a decoder."""
        return x

    def sample(self, y: Tensor) -> Tensor:
        """Sample x from p(x|y); the mean if the likelihood is not a distribution."""
        return self.mean(y)


class Prior(nn.Module):
    """A distribution of codes, from which new codes are sampled.

    Codes are of shape (n, *positions, latent_dim); positions are () for vector codes. `fit` returns a fitted copy,
    whose arguments fix its sizes.
    """

    sample_rows = 20_000
    """How many codes `fit` wants to see; those of each position count."""
    joint = False
    """Whether positions are drawn together; False: one distribution of vectors is shared, each is drawn by itself."""

    def fit(self, codes: Tensor, condition: Mapping[str, Tensor] | None = None) -> Prior:
        """Return a copy fitted on codes of a frozen model.

        Parameters
        ----------
        codes : Tensor of shape (n, *positions, latent_dim)
        condition : mapping of Tensor, optional
            The condition of each code, by name.
        """
        raise NotImplementedError

    def sample(
        self,
        n: int,
        positions: tuple[int, ...] = (),
        condition: Mapping[str, Tensor] | None = None,
        temperature: float = 1.0,
    ) -> Tensor:
        """Draw codes of shape (n, *positions, latent_dim); `temperature` scales the draw around the mean."""
        raise NotImplementedError

    def log_prob(self, z: Tensor, condition: Mapping[str, Tensor] | None = None) -> Tensor:
        """Return the log density of each code in nats, of shape (n,): summed over positions."""
        raise NotImplementedError


class Features(nn.Module):
    """A frozen network whose intermediate maps are looked at: for anomalies, perceptual losses or distances of samples.

    Its weights take no gradients, and it is in eval mode always; gradients pass through it to x. The constructor makes
    all layers. Weights that do not follow from its arguments are fetched by `initialize`, when the part is new: a model
    file brings them, and needs neither a package nor a network.
    """

    frozen = True
    """Whether a copy keeps the weights: see `isthmus.core.part.unbuilt_copy`."""
    channels: tuple[int, ...] | None = None
    """Numbers of channels that images may have; None: any."""
    smallest = 1
    """Minimum height and width of an image, in pixels."""
    stride = 1
    """Pixels along each axis for one position of the maps."""
    grid = 1
    """Pixels along each axis for one cell of the coarsest grid that it lays over an image; beside `stride`."""
    reach: int | None = None
    """How many pixels beyond its own stride a position depends on, to each side; None: on all of them."""
    felt: int | None = None
    """Of these, how many change its maps by more than a thousandth of their deviation; None: all."""
    counts = 1.0
    """How much its maps count where an image is looked at by several features."""
    axes = 64
    """Principal axes of its maps that tell normal images from others; beyond, there is noise."""

    def __init__(self) -> None:
        super().__init__()
        self.training = False

    def __setattr__(self, name: str, value: Any) -> None:
        """Freeze layers and weights as they are assigned."""
        if isinstance(value, nn.Module):
            value.eval().requires_grad_(False)
        elif isinstance(value, nn.Parameter):
            value.requires_grad_(False)
        super().__setattr__(name, value)

    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode, whatever the model around it does."""
        return super().train(False)

    def width(self, channels: int) -> int:
        """Return the number of maps of images with so many channels."""
        raise NotImplementedError

    @staticmethod
    def available() -> bool:
        """Tell whether the weights can be fetched: here, always."""
        return True

    def initialize(self) -> None:
        """Fetch the weights, unless they are here already; once, when the part is new."""

    @classmethod
    def takes(cls, x: Tensor) -> bool:
        """Tell whether it can look at a batch of images, by their channels and sides."""
        return (cls.channels is None or x.shape[1] in cls.channels) and min(x.shape[2:]) >= cls.smallest

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps of images.

        Parameters
        ----------
        x : Tensor of shape (batch, channels, height, width)
            In [0, 1].

        Returns
        -------
        Tensor of shape (batch, width(channels), ceil(height / stride), ceil(width / stride))
        """
        raise NotImplementedError

    def projected(self, x: Tensor, axes: Tensor, bias: Tensor) -> Tensor:
        """Return the maps of images along some axes, and a bias: (batch, axes, height / stride, width / stride).

        Parameters
        ----------
        x : Tensor of shape (batch, channels, height, width)
        axes : Tensor of shape (width(channels), axes)
        bias : Tensor of shape (axes,)
        """
        return nn.functional.conv2d(self(x), axes.T[:, :, None, None], bias)

    def check(self, x: Tensor) -> None:
        """Refuse what is no batch of images that it can take; an exported graph does not ask.

        Raises
        ------
        InputError
            x has not four axes, other `channels`, or a side below `smallest`.
        """
        if torch.compiler.is_exporting():
            return
        name = kind_and_name(self)[1]
        if x.ndim != 4:
            raise InputError(
                f"the features {name!r} take images of shape (batch, channels, height, width), not {tuple(x.shape)}"
            )
        if self.channels is not None and x.shape[1] not in self.channels:
            numbers = " or ".join(map(str, self.channels))
            raise InputError(f"the features {name!r} take images with {numbers} channels, not {x.shape[1]}")
        if min(x.shape[2:]) < self.smallest:
            raise InputError(
                f"the features {name!r} need images of {self.smallest} x {self.smallest} pixels at least, not "
                f"{x.shape[2]} x {x.shape[3]}: enlarge them, or leave them out"
            )


class Corruption:
    """Removes or corrupts parts of x."""

    masks = False
    """Whether it takes elements away and says which, in ``Batch.masked``."""
    measures = False
    """Whether it sets ``noise`` or ``emphasis`` of rows: none may follow it, or go around it."""
    replicable = True
    """Whether copies of a model with it can train at once."""

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with ``corrupted`` (and ``masked``) changed."""
        raise NotImplementedError


def per_sample(elementwise: Tensor) -> Tensor:
    """Sum everything but the rows."""
    return torch.flatten(elementwise, 1).sum(1)


def per_code(z: Tensor) -> Tensor:
    """Return codes of shape (batch, *positions, d) as one row for each position: (batch x positions, d)."""
    return z.flatten(0, -2)


def sites(z: Tensor) -> int:
    """Return the number of positions of codes of shape (batch, *positions, d)."""
    return prod(z.shape[1:-1])
