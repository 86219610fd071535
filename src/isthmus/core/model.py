"""Model: a net, a bottleneck and a likelihood, built for rows of one shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import gcd, prod
from typing import Protocol

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Bottleneck, Likelihood, Net, Shape, Sizes, UserNet, fixed
from isthmus.core.part import kind_and_name, lookup, names, part, unbuilt_copy
from isthmus.core.records import Batch, Code, Output
from isthmus.support.errors import InputError

PIECE = 2048
"""Rows that pass through the model at a time where there are many, and of large rows fewer:"""
PIECE_ELEMENTS = 2**22
"""numbers in them."""


class Sized(Protocol):
    """A part that says whether the axes of x after the channels may be free."""

    @property
    def any_size(self) -> bool: ...


class Mixing(Protocol):
    """A part that says whether the rows of a training batch depend on each other."""

    @property
    def mixes_rows(self) -> bool: ...


@part("model/autoencoder")
class Model(nn.Module):
    """Net + bottleneck + likelihood.

    ::

        batch ── net.encode ── h ── bottleneck ── z ── net.decode ── y ── likelihood.mean ── x̂
                                       │                              └── likelihood.error(y, x) ── terms["error"]
                                       └── its own terms ("kl" …)

    Parameters
    ----------
    net, bottleneck, likelihood : parts
        With knobs only; copies of them are built here.
    x_shape : tuple of int or None
        Shape of one row of ``Batch.x``; None for free axes.
    latent_dim : int
        Numbers in a code, per position; for an ensemble, in the codes of all members together.
    condition_dim : int, default 0
        Width of the condition.
    typical_shape : tuple of int or None, default None
        Typical shape of a training row, if axes of x are free; None: `x_shape`.

    Raises
    ------
    InputError
        An axis is free, but a part needs a fixed size; or rows of a batch depend on each other in an ensemble's
        bottleneck.
    """

    def __init__(
        self,
        net: Net,
        bottleneck: Bottleneck,
        likelihood: Likelihood,
        x_shape: Shape,
        latent_dim: int,
        condition_dim: int = 0,
        typical_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.net: Net = unbuilt_copy(net) if isinstance(net, Net) else UserNet(unbuilt_copy(net))
        self.bottleneck, self.likelihood = unbuilt_copy(bottleneck), unbuilt_copy(likelihood)
        x_shape = tuple(x_shape)
        self.typical_shape = fixed(x_shape if typical_shape is None else typical_shape)
        self.any_size = None in x_shape
        members = gcd(self.net.members, latent_dim)
        self._check_parts(members)
        z = latent_dim // members
        h, y = self.bottleneck.width(z), self.likelihood.shape(x_shape)
        self.sizes = Sizes(x_shape, h, z, y, condition_dim, members)
        self.bottleneck.build(z)
        self.likelihood.build(x_shape)
        self.net.build(self.sizes)

    def _check_parts(self, members: int) -> None:
        parts = (self.net, self.bottleneck, self.likelihood)
        if self.any_size:
            check_any_size(parts)
        if members > 1:
            check_members(members, [self.bottleneck])

    @property
    def replicable(self) -> bool:
        """Whether copies of it can train at once."""
        return self.net.replicable and self.bottleneck.replicable

    @property
    def elements(self) -> int:
        """Numbers in one row of x, or in a typical row if axes are free."""
        return prod(self.typical_shape)

    @property
    def multiplications(self) -> int:
        """Approximate multiply-adds per row: each weight is used at every position of the code."""
        return sum(weight.numel() for weight in self.parameters()) * prod(self.positions())

    @property
    def latent_dim(self) -> int:
        """Numbers in a code per position; for an ensemble, those of all members together."""
        return self.sizes.members * self.sizes.z

    def positions(self, x_shape: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """Return the axes of one row's code before the code axis; () for a vector code.

        Parameters
        ----------
        x_shape : tuple of int, optional
            Shape of the row; default: a typical one.
        """
        return self.net.positions(x_shape or self.typical_shape)

    @property
    def code_size(self) -> int:
        """Numbers in the whole code of one (typical) row: positions x latent_dim."""
        return prod(self.positions()) * self.latent_dim

    def vectors(self, z: Tensor) -> Tensor:
        """Return codes in the user's form, (batch, *positions, latent_dim), those of all members together."""
        return z if self.sizes.members == 1 else z.movedim(1, -2).flatten(-2)

    def shaped(self, z: Tensor) -> Tensor:
        """Return codes in the net's form in eval mode; the inverse of `vectors`, for flat codes too."""
        positions, members = self.positions(), self.sizes.members
        z = torch.unflatten(z, 1, (*positions, self.latent_dim)) if z.ndim == 2 and positions else z
        return z if members == 1 else torch.unflatten(z, -1, (members, self.sizes.z)).movedim(-2, 1)

    @property
    def has_posterior(self) -> bool:
        """Whether the bottleneck has a q(z|x)."""
        return self.bottleneck.has_posterior

    def _encode(self, batch: Batch) -> tuple[Tensor, tuple[Tensor, ...]]:
        h, *skips = encoded if isinstance(encoded := self.net.encode(batch), tuple) else (encoded,)
        return h.float(), tuple(skips)

    def encode(self, batch: Batch) -> Tensor:
        """Return h of shape (batch, *positions, sizes.h)."""
        return self._encode(batch)[0]

    def code(self, batch: Batch, draw: bool | None = None) -> Code:
        """Return the code of a batch."""
        return self._coded(self.encode(batch), batch, draw)

    def _coded(self, h: Tensor, batch: Batch, draw: bool | None = None) -> Code:
        code: Code = self.bottleneck(h, draw, step=batch.step) if self.bottleneck.rounds else self.bottleneck(h, draw)
        return code

    def decode(self, z: Tensor, batch: Batch | None = None) -> Tensor:
        """Return y for codes alone, of shape (batch, *positions, latent_dim).

        Raises
        ------
        InputError
            The net has skip connections: it can only reconstruct.
        """
        self.check_decodes()
        return self.net.decode(z, batch).float()

    def check_decodes(self) -> None:
        """Raise an error for a net with skip connections: it can only reconstruct."""
        if self.net.reconstructs_only:
            raise InputError(
                f"the net {type(self.net).__name__} has skip connections, so a code alone cannot be decoded: "
                "use reconstruct, or a net without them"
            )

    def forward(self, batch: Batch, draw: bool | None = None) -> Output:
        """Pass a batch through; the terms are ``error`` and those of the bottleneck."""
        h, skips = self._encode(batch)
        code = self._coded(h, batch, draw)
        y = self.net.decode(code.z, batch, *skips)
        error = self.likelihood.total(y, batch.x, batch.observed)
        return Output(batch, h, code, y, {"error": error, **code.terms})

    def error(self, batch: Batch, y: Tensor) -> Tensor:
        """Return the elementwise error; 0 for missing cells."""
        error = self.likelihood.error(y, batch.x)
        return error if batch.observed is None else error * batch.observed

    @torch.no_grad()
    def initialize(self, batch: Batch) -> None:
        """Initialise every part from the data: encoder, bottleneck, then decoder."""
        self.check_shapes(batch[:2])
        noise = self.net.initialize_encoder(batch)
        h = torch.cat([self.encode(piece) for piece in pieces(batch)])
        self.bottleneck.initialize(h, noise)
        z = self._coded(h, batch).z
        self.net.initialize_decoder(z, self.likelihood.link(batch.x), batch)
        if not self.net.reconstructs_only:
            first = next(pieces(batch))
            self.likelihood.initialize(self.decode(z[: len(first)], first), first.x)

    @torch.no_grad()
    def check_shapes(self, batch: Batch) -> None:
        """Pass some rows through the net.

        Raises
        ------
        InputError
            The net returns another shape than the bottleneck or the likelihood expects, or cannot process the rows.
        """
        name = type(self.net.module if isinstance(self.net, UserNet) else self.net).__name__
        n, sizes, x_shape = len(batch), self.sizes, tuple(batch.x.shape[1:])
        apart = () if self.training or sizes.members == 1 else (sizes.members,)
        positions = (*apart, *self.positions(x_shape))
        try:
            h, skips = self._encode(batch)
            self._expect(f"{name}.encode", h, (n, *positions, sizes.h))
            y = self.net.decode(h[..., : sizes.z], batch, *skips)
            self._expect(f"{name}.decode", y, (n, *self.likelihood.shape(x_shape)))
        except RuntimeError as error:
            raise InputError(f"the net {name} cannot take rows of shape {tuple(batch.x.shape)}: {error}") from error

    @staticmethod
    def _expect(what: str, got: Tensor, shape: Shape) -> None:
        if tuple(got.shape) != shape:
            raise InputError(f"{what} returned the shape {tuple(got.shape)}, expected {shape}")

    def codes(self, batch: Batch, draw: bool = False) -> Tensor:
        """Return the codes of a large batch in the user's form, or samples of them, in eval mode and bounded memory."""
        return torch.cat([self.vectors(self.code(piece, draw).z) for piece in pieces(batch)])


def pieces(batch: Batch) -> Iterator[Batch]:
    """Yield a batch piece by piece."""
    step = max(1, min(PIECE, PIECE_ELEMENTS // max(1, prod(batch.corrupted.shape[1:]))))
    return (batch[at : at + step] for at in range(0, len(batch), step))


def check_any_size(parts: Iterable[Sized]) -> None:
    """Raise an error for parts that need rows of one size.

    Raises
    ------
    InputError
        The message names the part, and those of its kind that accept rows of any size.
    """
    for one in parts:
        if not one.any_size:
            kind, name = kind_and_name(one)
            able = sorted(n for n in names(kind) if getattr(lookup(f"{kind}/{n}"), "any_size", False) is True)
            raise InputError(
                f"the {kind} {name!r} needs rows of one size, but these have many; {kind}s for any size: "
                f"{', '.join(able) or 'none'}; or bring images to one size: Images(resize=(height, width))"
            )


def check_members(members: int, parts: Iterable[Mixing]) -> None:
    """Raise an error for parts of an ensemble in which the rows of a batch depend on each other.

    Raises
    ------
    InputError
        The message names the part.
    """
    for one in parts:
        if one.mixes_rows:
            kind, name = kind_and_name(one)
            raise InputError(
                f"the {kind} {name!r} looks at all rows of a batch, but each row belongs to one of the {members} "
                f"members of an ensemble: give a net that is none (members=1), or another {kind}"
            )
