"""Ensemble: copies of a net, trained at once as one; their reconstructions are averaged."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Net, Sizes
from isthmus.core.part import is_part, lookup, part, unbuilt_copy
from isthmus.core.records import Batch
from isthmus.support.errors import InputError


@part("net/ensemble", was=["net/members"])
class Ensemble(Net):
    """Several nets of one kind; each has a code of its own, and y is the mean of theirs.

    A training step shows them as many copies of the batch, and each learns from its own, with noise of its own: they
    err differently, and their mean errs less (Hansen & Salamon 1990). No part between may look at several rows at once.

    Parameters
    ----------
    net : Net or None, default None
        What a member is: a net of isthmus without skip connections; None: the mlp.
    members : int, default 4
        At most so many; as many as divide `latent_dim`, which they divide among them.

    Raises
    ------
    InputError
        `members` is no whole number of at least 1, or `net` cannot be copied or has skip connections.
    """

    def __init__(self, net: Net | None = None, members: int = 4) -> None:
        super().__init__()
        if type(members) is not int or members < 1:
            raise InputError(f"members={members!r}: expected a whole number of at least 1")
        if net is not None and (not is_part(net) or net.reconstructs_only):
            raise InputError(f"{type(net).__name__} cannot be a member: expected a net of isthmus without skips")
        self.members = members
        self._recipe = (net,)  # in a tuple, it is none of the modules
        self.any_size = net is not None and net.any_size
        self.rate_scale = 1.0 if net is None else net.rate_scale
        if net is not None:
            self.stride, self.reach, self.at_once = net.stride, net.reach, net.at_once

    def build(self, sizes: Sizes) -> None:
        """Make as many members as the sizes say."""
        self.sizes, self.copies = sizes, sizes.members
        recipe: Net = self._recipe[0] or lookup("net/mlp")()
        nets = [unbuilt_copy(recipe) for _ in range(self.copies)]
        for net in nets:
            net.build(sizes._replace(members=1))
        self.nets: Any = nn.ModuleList(nets)

    def positions(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return those of each member's code."""
        return () if self._recipe[0] is None else self._recipe[0].positions(x_shape)

    def encode(self, batch: Batch) -> Tensor:
        """Return h of shape (batch, members, *positions, sizes.h); in training that of the row's member alone."""
        if self.training or self.copies == 1:
            return torch.cat([net.encode(batch[own]) for net, own in self._dealt(len(batch))])
        return torch.stack([net.encode(batch) for net in self.nets], 1)

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return y of shape (batch, *sizes.y): the mean of the members', in training that of the row's member."""
        if self.training or self.copies == 1:
            dealt = self._dealt(len(z))
            return torch.cat([net.decode(z[own], None if batch is None else batch[own]) for net, own in dealt])
        codes = zip(self.nets, z.unbind(1), strict=True)
        return torch.stack([net.decode(code, batch) for net, code in codes]).mean(0)

    def _dealt(self, rows: int) -> list[tuple[Net, slice]]:
        """Return each member with its rows: its copy of the batch."""
        ends = [rows * i // self.copies for i in range(self.copies + 1)]
        return [(net, slice(a, b)) for net, (a, b) in zip(self.nets, pairwise(ends), strict=True)]

    def initialize_encoder(self, batch: Batch) -> None:
        """Let each member choose its start."""
        for net in self.nets:
            net.initialize_encoder(batch)

    def initialize_decoder(self, z: Tensor, y: Tensor, batch: Batch) -> None:
        """Let each member choose its start, with its code of all rows."""
        for net in self.nets:
            net.initialize_decoder(net.encode(batch)[..., : self.sizes.z], y, batch)
