"""Sampling missing cells from a model's distribution instead of the mean, for multiple imputation."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.data import Columns, Fillable, take
from isthmus.core.model import Model
from isthmus.core.objective import Reconstruction
from isthmus.core.records import Batch
from isthmus.tasks.imputation.graph import observed

ROUNDS, DONORS, NEAREST = 4, 512, 5
"""How often gaps are made in the rows held out, the most donors of a column, and from how many one is drawn."""

Donors = dict[str, Tensor]
"""``predicted`` and ``actual`` of shape (numbers, DONORS): pairs from rows held out, by prediction; inf fills up."""


@torch.no_grad()
def find_donors(data: Fillable, objective: Reconstruction, columns: Columns, held_out: Tensor, seed: int) -> Donors:
    """Return predicted and actual values of cells that are masked in held-out rows.

    Parameters
    ----------
    data : Fillable
    objective : Reconstruction
        With a corruption that masks.
    columns : Columns
        Columns of all rows.
    held_out : int64 Tensor
        Indices of the rows held out from training.
    seed : int
    """
    batch, numbers = data.batch(take(columns, held_out)), data.layout.numbers
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rounds = [_round(objective, batch, numbers) for _ in range(ROUNDS)]
    predicted, actual, gaps = (torch.cat(side) for side in zip(*rounds, strict=True))
    count = predicted.shape[1]
    table = torch.full((2, count, DONORS), torch.inf)
    for index in range(count):
        pairs = torch.stack([predicted[gaps[:, index], index], actual[gaps[:, index], index]])[:, :DONORS]
        table[:, index, : pairs.shape[1]] = pairs[:, pairs[0].argsort()]
    return {"predicted": table[0].contiguous(), "actual": table[1].contiguous()}


def _round(objective: Reconstruction, batch: Batch, numbers: slice) -> tuple[Tensor, Tensor, Tensor]:
    """Return the predicted and actual numbers of rows, and which observed cells were masked."""
    corrupted = objective.corrupt(batch)
    masked = torch.zeros_like(batch.x, dtype=torch.bool) if corrupted.masked is None else corrupted.masked
    mean = objective.model.likelihood.mean(objective.model(corrupted, False).y)
    return mean[:, numbers], batch.x[:, numbers], (masked & observed(batch))[:, numbers]


def from_donors(mean: Tensor, donors: Donors) -> Tensor:
    """Return actual values of donors with about the same prediction (predictive mean matching, Little 1988).

    Parameters
    ----------
    mean : Tensor of shape (n, numbers)
    donors : Donors
    """
    distance = (mean[:, :, None] - donors["predicted"]).abs()
    near = distance.topk(NEAREST, dim=2, largest=False).indices
    chosen = near.gather(2, torch.randint(NEAREST, (*mean.shape, 1)))
    drawn = donors["actual"].expand(len(mean), -1, -1).gather(2, chosen)[:, :, 0]
    return torch.where(drawn.isfinite(), drawn, mean)


@torch.no_grad()
def column_by_column(data: Fillable, model: Model, donors: Donors, columns: Columns) -> Columns:
    """Return columns with missing cells sampled column by column, each conditional on those before.

    The order is random too; the model sees sampled cells as if they were observed.
    """
    batch, count = data.batch(columns), data.layout.numbers.stop
    x, seen = batch.x, observed(batch)
    for column in torch.randperm(len(data.order)).tolist():
        y = model(batch.with_(x=x, corrupted=x, observed=seen), False).y
        mean, drawn = model.likelihood.mean(y), model.likelihood.sample(y)
        drawn = torch.cat([from_donors(mean[:, :count], donors), drawn[:, count:]], 1)
        here = (batch.feature == column).expand_as(x)
        x, seen = torch.where(here & ~observed(batch), drawn, x), seen | here
    return data.invert(data.known(x, model.likelihood.mean(y)))


@torch.no_grad()
def in_turns(data: Fillable, model: Model, passes: int, columns: Columns) -> Columns:
    """Return columns with missing cells sampled by a Markov chain (Rezende 2014).

    It alternates between sampling a code for the current row, and the missing cells of the row for the code.
    """
    batch = data.batch(columns)
    drawn = x = data.filled(batch.x)
    for _ in range(passes):
        y = model(batch.with_(corrupted=x), True).y
        drawn = model.likelihood.sample(y)
        x = data.filled(torch.where(observed(batch), batch.x, drawn))
    return data.invert(data.known(drawn, model.likelihood.mean(y)))
