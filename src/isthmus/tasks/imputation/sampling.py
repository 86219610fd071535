"""Draws: cells drawn from what a model takes for possible, instead of the mean, for multiple imputation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from isthmus.core.data import Columns, take
from isthmus.data.tables.table import Table
from isthmus.tasks.imputation.graph import observed

LOOKS, DONORS, NEAREST = 4, 512, 5
"""How often gaps are made in the rows kept aside, the most donors of a column, and from how many one is drawn."""

Donors = dict[str, Tensor]
"""``predicted`` and ``actual`` of shape (numbers, DONORS): pairs from rows kept aside, by prediction; inf fills up."""


@torch.no_grad()
def find_donors(data: Table, objective: Any, columns: Columns, aside: Tensor, seed: int) -> Donors:
    """Return what was predicted and what was there, in gaps made in rows that were not trained on.

    Parameters
    ----------
    data : Table
    objective : Reconstruction
        With a corruption that masks.
    columns : Columns
        Of all rows.
    aside : int64 Tensor
        Which rows were kept aside.
    seed : int
    """
    batch, places = data.batch(take(columns, aside)), _numbers(data)
    pairs: list[list[Tensor]] = [[] for _ in range(places)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(LOOKS):
            spoiled = objective.corrupt(batch)
            masked = torch.zeros_like(batch.x, dtype=torch.bool) if spoiled.masked is None else spoiled.masked
            mean = objective.model.likelihood.mean(objective.model(spoiled, False).y)
            for place in range(places):
                told = masked[:, place] & observed(batch)[:, place]
                pairs[place].append(torch.stack([mean[told, place], batch.x[told, place]]))
    table = torch.full((2, places, DONORS), torch.inf)
    for place, found in enumerate(pairs):
        predicted, actual = torch.cat(found, 1)[:, :DONORS]
        order = predicted.argsort()
        table[:, place, : len(order)] = torch.stack([predicted, actual])[:, order]
    return {"predicted": table[0].contiguous(), "actual": table[1].contiguous()}


def _numbers(data: Table) -> int:
    """Return how many elements, the first ones, are numbers and no truth values."""
    return len(data.schema.numbers) - len(data.schema.places("boolean")) if data.schema else 0


def from_donors(mean: Tensor, donors: Donors) -> Tensor:
    """Return what was there where about the same was predicted (predictive mean matching, Little 1988).

    Parameters
    ----------
    mean : Tensor of shape (n, numbers)
    donors : Donors
    """
    distance = (mean[:, :, None] - donors["predicted"]).abs()
    near = distance.topk(NEAREST, dim=2, largest=False).indices
    chosen = near.gather(2, torch.randint(NEAREST, (*mean.shape, 1)))
    found = donors["actual"].expand(len(mean), -1, -1).gather(2, chosen)[:, :, 0]
    return torch.where(found.isfinite(), found, mean)


@torch.no_grad()
def column_by_column(data: Table, model: Any, donors: Donors, columns: Columns) -> Columns:
    """Return columns whose gaps were drawn one column after another, each given what was drawn before.

    The order is drawn too; the model sees cells that were drawn as if they had been there.
    """
    batch, places = data.batch(columns), _numbers(data)
    x, seen = batch.x, observed(batch)
    for column in torch.randperm(len(data.order)).tolist():
        y = model(batch.with_(x=x, corrupted=x, observed=seen), False).y
        mean, drawn = model.likelihood.mean(y), model.likelihood.sample(y)
        drawn = torch.cat([from_donors(mean[:, :places], donors), drawn[:, places:]], 1)
        here = (batch.feature == column).expand_as(x)
        x, seen = torch.where(here & ~observed(batch), drawn, x), seen | here
    return _settled(data, x, model.likelihood.mean(y))


@torch.no_grad()
def in_turns(data: Table, model: Any, passes: int, columns: Columns) -> Columns:
    """Return columns whose gaps were drawn by a Markov chain (Rezende 2014).

    In turns a code is drawn for the row as it stands, and the gaps of the row for the code.
    """
    batch = data.batch(columns)
    drawn = x = data.filled(batch.x)
    for _ in range(passes):
        y = model(batch.with_(corrupted=x), True).y
        drawn = model.likelihood.sample(y)
        x = data.filled(torch.where(observed(batch), batch.x, drawn))
    return _settled(data, drawn, model.likelihood.mean(y))


def _settled(data: Table, x: Tensor, mean: Tensor) -> Columns:
    """Return the user's columns; an unseen category that was drawn gives way to the likeliest known one."""
    places = _numbers(data)
    return data.invert(torch.cat([x[:, :places], x[:, places:] + 1e-6 * mean[:, places:]], 1))
