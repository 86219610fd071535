"""An ensemble of several small nets that see which elements are missing, trained at once as one."""

from __future__ import annotations

from math import prod, sqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.core.interfaces import Net, Sizes, fixed
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.layers import regress
from isthmus.parts.nets.linear_skip import condition
from isthmus.support.errors import InputError

FARTHEST = 4.0
"""Numbers are cut here, in units of x: an outlier does not move what is reconstructed beside it without limit."""

RIDGE = 1.0
"""Of the start, as a fraction of the mean variance of a hidden unit."""


class Linears(nn.Module):
    """A linear layer for each member: (members, batch, a) to (members, batch, b)."""

    def __init__(self, members: int, a: int, b: int) -> None:
        super().__init__()
        bound = 1 / sqrt(max(a, 1))
        self.weight = nn.Parameter(torch.empty(members, a, b).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, 1, b).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Return each member's product."""
        return torch.baddbmm(self.bias, x, self.weight)


@part("net/masked-ensemble", was=["net/committee"])
class MaskedEnsemble(Net):
    """Members with a hidden layer and a residual one on each side; each has a code of its own, y is their mean.

    ::

        x ── numbers, their bins, what is seen, categories ── gelu ── + gelu ── code ── gelu ── + gelu ── y

    A row of a training batch goes to one member only, so that each sees other rows and other gaps than its fellows and
    all of them together cost as much as one. Numbers are shown as they are and by how far they reach into each of some
    bins of about equal counts (piecewise linear encoding: Gorishniy 2022); an element that is masked or was never
    observed is shown as nothing.

    Parameters
    ----------
    width : int, default 128
        Of the hidden layers of a member.
    members : int, default 8
        At most so many; as many as divide `latent_dim`, which they divide among them.
    bins : int, default 48
        Of each number.
    numbers : int or None, default None
        How many elements of x, the first ones, are numbers and not parts of a category; None: all.
    dropout : float, default 0.2
        Fraction of the hidden units that is left out in training, in the residual layers and before the last one.

    Raises
    ------
    InputError
        One of them is out of its range.
    """

    edges: Tensor

    def __init__(
        self, width: int = 128, members: int = 8, bins: int = 48, numbers: int | None = None, dropout: float = 0.2
    ) -> None:
        super().__init__()
        if min(width, members, bins) < 1 or not 0 <= dropout < 1:
            raise InputError(
                f"width={width}, members={members}, bins={bins} of the masked ensemble must be at least 1, and "
                f"dropout={dropout} in [0, 1)"
            )
        self.width, self.members, self.bins, self.numbers, self.dropout = width, members, bins, numbers, dropout

    def build(self, sizes: Sizes) -> None:
        """Make the layers of all members."""
        self.sizes, elements = sizes, prod(fixed(sizes.x))
        self.m, self.p = sizes.members, elements if self.numbers is None else self.numbers
        edges = [4 * i / self.bins - 2 for i in range(self.bins + 1)]  # linspace on the meta device imports a compiler
        self.register_buffer("edges", torch.tensor(edges).repeat(self.p, 1))
        seen = elements + self.p * (1 + self.bins) + sizes.condition
        m, width = self.m, self.width
        self.into, self.encoder, self.code = (
            Linears(m, seen, width),
            Linears(m, width, width),
            Linears(m, width, sizes.h),
        )
        self.out_of, self.decoder = (
            Linears(m, sizes.z + sizes.condition, width),
            Linears(m, width, width),
        )
        self.last = Linears(m, width, prod(fixed(sizes.y)))

    # -- encoder -------------------------------------------------------------------------------------------------

    def encode(self, batch: Batch) -> Tensor:
        """Return h of shape (batch, members, sizes.h); in training that of the row's member alone."""
        hidden = F.gelu(self.into(self._dealt(self._visible(batch))))
        code: Tensor = self.code(hidden + F.gelu(self.encoder(self._dropped(hidden))))
        if self.training:
            return code.transpose(0, 1).flatten(0, 1)[: len(batch)]
        return code.transpose(0, 1) if self.m > 1 else code[0]

    def _visible(self, batch: Batch) -> Tensor:
        """Return what the members see of each row."""
        x = batch.corrupted.flatten(1)
        there = torch.ones_like(x)
        for hidden in (batch.masked, None if batch.observed is None else ~batch.observed):
            there = there if hidden is None else there * ~hidden.flatten(1)
        numbers, there_too = x[:, : self.p], there[:, : self.p]
        low, width = self.edges[:, :-1], self.edges.diff(dim=1)
        reach = ((numbers[:, :, None] - low) / width.clamp_min(1e-6)).clamp(0, 1) - 0.5
        reach = reach * (width > 1e-6) * there_too[:, :, None]
        pieces = [numbers.clamp(-FARTHEST, FARTHEST) * there_too, reach.flatten(1), there_too - 0.5]
        conditions = [condition(batch)] if self.sizes.condition else []
        return torch.cat([*pieces, x[:, self.p :] * there[:, self.p :], *conditions], 1)

    # -- decoder -------------------------------------------------------------------------------------------------

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return y of shape (batch, *sizes.y): the mean of the members', in training that of the row's member."""
        rows = z.shape[0]
        z = self._dealt(z) if self.training else self._apart(z)
        y: Tensor = self.last(self._dropped(self._decoded(self._with_condition(z, batch))))
        y = y.transpose(0, 1).flatten(0, 1)[:rows] if self.training else y.mean(0)
        return torch.unflatten(y, 1, fixed(self.sizes.y))

    def _decoded(self, z: Tensor) -> Tensor:
        hidden = F.gelu(self.out_of(z))
        return hidden + F.gelu(self.decoder(self._dropped(hidden)))

    def _with_condition(self, z: Tensor, batch: Batch | None) -> Tensor:
        return torch.cat([z, self._dealt(condition(batch))], 2) if self.sizes.condition else z

    # -- rows and members ----------------------------------------------------------------------------------------

    def _dealt(self, rows: Tensor) -> Tensor:
        """Return rows for each member, (members, rows, width): in training dealt out like cards, else all for each."""
        if not self.training:
            return rows.expand(self.m, -1, -1)
        return torch.unflatten(self._padded(rows), 0, (-1, self.m)).transpose(0, 1)

    def _apart(self, z: Tensor) -> Tensor:
        """Return (rows, members, d) as (members, rows, d); transposed, no rows at all would end an onnxruntime."""
        return torch.stack(z.unbind(1)) if self.m > 1 else z[None]

    def _padded(self, rows: Tensor) -> Tensor:
        """Return rows, and zeros where the last members would have none."""
        lacking = -len(rows) % self.m
        return torch.cat([rows, rows.new_zeros(lacking, *rows.shape[1:])]) if lacking else rows

    def _dropped(self, hidden: Tensor) -> Tensor:
        return F.dropout(hidden, self.dropout, self.training)

    # -- start ---------------------------------------------------------------------------------------------------

    def initialize_encoder(self, batch: Batch) -> None:
        """Let the bins hold about equal counts of what was observed."""
        x = batch.x.flatten(1)[:, : self.p]
        there = torch.ones_like(x, dtype=torch.bool) if batch.observed is None else batch.observed.flatten(1)
        fractions = torch.linspace(0, 1, self.bins + 1, device=x.device)
        for index in range(self.p):
            observed = x[there[:, index], index]
            if len(observed):
                self.edges[index] = torch.quantile(observed[:: -(-len(observed) // 2**20)], fractions)

    def initialize_decoder(self, z: Tensor, y: Tensor, batch: Batch) -> None:
        """Let each member start as the ridge regression from its last hidden layer to y."""
        training = self.training
        self.eval()
        h = self.encode(batch)
        codes = (h if self.m > 1 else h[:, None])[..., : self.sizes.z].transpose(0, 1)
        hidden = self._decoded(self._with_condition(codes, batch))
        for member, (weight, bias) in enumerate(zip(self.last.weight, self.last.bias, strict=True)):
            layer = nn.Linear(weight.shape[0], weight.shape[1], device=weight.device)
            regress(layer, hidden[member], y.flatten(1), RIDGE)
            weight.copy_(layer.weight.T)
            bias.copy_(layer.bias)
        self.train(training)
