"""Model: a net, a bottleneck and a likelihood, built for rows of one shape."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Bottleneck, Likelihood, Net, Sizes, UserNet
from isthmus.core.part import part, unbuilt_copy
from isthmus.core.records import Batch, Code, Output
from isthmus.support.errors import InputError

PIECE = 2048


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
        Knobs only; fresh copies of them are built here.
    x_shape : tuple of int
        Shape of one row of ``Batch.x``.
    latent_dim : int
        Numbers in a code.
    condition_dim : int, default 0
        Numbers given beside x.
    """

    def __init__(
        self,
        net: Net,
        bottleneck: Bottleneck,
        likelihood: Likelihood,
        x_shape: tuple[int, ...],
        latent_dim: int,
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        self.net: Net = unbuilt_copy(net) if isinstance(net, Net) else UserNet(unbuilt_copy(net))
        self.bottleneck, self.likelihood = unbuilt_copy(bottleneck), unbuilt_copy(likelihood)
        x_shape = tuple(x_shape)
        h, y = self.bottleneck.width(latent_dim), self.likelihood.shape(x_shape)
        self.sizes = Sizes(x_shape, h, latent_dim, y, condition_dim)
        self.bottleneck.build(latent_dim)
        self.likelihood.build(x_shape)
        self.net.build(self.sizes)

    @property
    def elements(self) -> int:
        """Numbers in one row of x."""
        return prod(self.sizes.x)

    @property
    def has_posterior(self) -> bool:
        """Whether the bottleneck has a q(z|x)."""
        return self.bottleneck.has_posterior

    def _encode(self, batch: Batch) -> tuple[Tensor, tuple[Tensor, ...]]:
        h, *skips = encoded if isinstance(encoded := self.net.encode(batch), tuple) else (encoded,)
        return h.float(), tuple(skips)

    def encode(self, batch: Batch) -> Tensor:
        """Return h of shape (batch, sizes.h)."""
        return self._encode(batch)[0]

    def code(self, batch: Batch, draw: bool | None = None) -> Code:
        """Return the code of a batch."""
        return self.bottleneck(self.encode(batch), draw)

    def decode(self, z: Tensor, batch: Batch | None = None) -> Tensor:
        """Return y for codes alone.

        Raises
        ------
        InputError
            The net has skip connections: it can only reconstruct.
        """
        if self.net.reconstructs_only:
            raise InputError(
                f"the net {type(self.net).__name__} has skip connections, so a code alone cannot be decoded: "
                "use reconstruct, or a net without them"
            )
        return self.net.decode(z, batch).float()

    def forward(self, batch: Batch, draw: bool | None = None) -> Output:
        """Pass a batch through; the terms are ``error`` and those of the bottleneck."""
        h, skips = self._encode(batch)
        code = self.bottleneck(h, draw)
        y = self.net.decode(code.z, batch, *skips)
        error = self.likelihood.total(y, batch.x, batch.observed)
        return Output(batch, h, code, y, {"error": error, **code.terms})

    def error(self, batch: Batch, y: Tensor) -> Tensor:
        """Return the elementwise error; missing cells count nothing."""
        error = self.likelihood.error(y, batch.x)
        return error if batch.observed is None else error * batch.observed

    @torch.no_grad()
    def initialize(self, batch: Batch) -> None:
        """Give every part its start that knows the data: encoder, bottleneck, then decoder."""
        self.check_shapes(batch[:2])
        noise = self.net.initialize_encoder(batch)
        h = torch.cat([self.encode(piece) for piece in pieces(batch)])
        self.bottleneck.initialize(h, noise)
        z = self.bottleneck(h).z
        self.net.initialize_decoder(z, self.likelihood.link(batch.x), batch)
        if not self.net.reconstructs_only:
            first = batch[:PIECE]
            self.likelihood.initialize(self.decode(z[:PIECE], first), first.x)

    @torch.no_grad()
    def check_shapes(self, batch: Batch) -> None:
        """Pass some rows through the net.

        Raises
        ------
        InputError
            The net gives another shape than the bottleneck or the likelihood expect, or cannot take the rows.
        """
        name = type(self.net.module if isinstance(self.net, UserNet) else self.net).__name__
        n, sizes = len(batch), self.sizes
        try:
            h, skips = self._encode(batch)
            self._expect(f"{name}.encode", h, (n, sizes.h))
            self._expect(f"{name}.decode", self.net.decode(h[:, : sizes.z], batch, *skips), (n, *sizes.y))
        except RuntimeError as error:
            raise InputError(f"the net {name} cannot take rows of shape {tuple(batch.x.shape)}: {error}") from error

    @staticmethod
    def _expect(what: str, got: Tensor, shape: tuple[int, ...]) -> None:
        if tuple(got.shape) != shape:
            raise InputError(f"{what} returned the shape {tuple(got.shape)}, expected {shape}")

    def codes(self, batch: Batch, draw: bool = False) -> Tensor:
        """Return the codes of a large batch, or draws of them, without the memory of all its activations."""
        return torch.cat([self.code(piece, draw).z for piece in pieces(batch)])


def pieces(batch: Batch) -> Iterator[Batch]:
    """Yield a batch piece by piece."""
    return (batch[at : at + PIECE] for at in range(0, len(batch), PIECE))
