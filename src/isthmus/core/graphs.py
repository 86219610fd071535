"""Graphs: columns in, columns out, in eval mode. What estimators compute with is what is exported."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from isthmus.core.data import Columns, Data, join, rows, take
from isthmus.core.interfaces import per_sample
from isthmus.core.model import Model
from isthmus.core.records import Batch, Output
from isthmus.core.terms import Score


class Graph(nn.Module):
    """Data and model side by side; abstract.

    Parameters
    ----------
    data : Data
        Fitted.
    model : Model
    """

    def __init__(self, data: Data, model: Model) -> None:
        super().__init__()
        self.data, self.model = data, model

    def reconstruction(self, columns: Columns) -> tuple[Batch, Tensor]:
        """Return the batch and y."""
        batch = self.data.batch(columns)
        return batch, self.model(batch, False).y


class Encode(Graph):
    """Columns to codes of shape (batch, latent_dim)."""

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"z": …}``."""
        return {"z": self.model.code(self.data.batch(columns), False).z.flatten(1)}


class Posterior(Graph):
    """Columns to mean and variance of q(z|x)."""

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"mean": …, "variance": …}``."""
        q = self.model.bottleneck.posterior(self.model.encode(self.data.batch(columns)))
        return {"mean": q.mean, "variance": q.variance}


class Decode(Graph):
    """Codes, and what is given, to columns."""

    def forward(self, columns: Columns) -> Columns:
        """Return the user's columns."""
        return self.data.invert(self.model.likelihood.mean(self.decoded(columns)))

    def decoded(self, columns: Columns) -> Tensor:
        """Return y."""
        columns = dict(columns)
        z = columns.pop("z")
        given = {name.partition(":")[2]: tensor for name, tensor in columns.items()}
        nothing = z[:, :0]
        return self.model.decode(z, Batch(nothing, nothing, condition=given))


class Draw(Decode):
    """Codes, and what is given, to columns of new rows; the one graph that draws, and not for export."""

    def forward(self, columns: Columns) -> Columns:
        """Return the user's columns."""
        return self.data.draw(self.decoded(columns), self.model.likelihood)


class Reconstruct(Graph):
    """Columns to columns."""

    def forward(self, columns: Columns) -> Columns:
        """Return the user's columns, rebuilt."""
        return self.data.invert(self.model.likelihood.mean(self.reconstruction(columns)[1]))


class Error(Graph):
    """Columns to the mean error over the elements of each row."""

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"error": (batch,)}``."""
        batch, y = self.reconstruction(columns)
        total = self.model.likelihood.total(y, batch.x, batch.observed)
        return {"error": total / observed_elements(batch)}


class ErrorMap(Graph):
    """Columns to the error of each of the user's elements."""

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"error": (batch, ...)}``."""
        batch, y = self.reconstruction(columns)
        return {"error": self.data.per_feature(self.model.error(batch, y))}


class Scored(Graph):
    """Columns to the score of each row.

    Parameters
    ----------
    data : Data
        Fitted.
    model : Model
    score : Score
        Fitted.
    """

    def __init__(self, data: Data, model: Model, score: Score) -> None:
        super().__init__(data, model)
        self.score = score

    @property
    def elements(self) -> int:
        """Numbers that a row takes at a time."""
        return max(self.model.elements, self.score.elements)

    def output(self, columns: Columns) -> Output:
        """Return all that a pass through the model gives."""
        output: Output = self.model(self.data.batch(columns), False)
        return output

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"score": (batch,)}``."""
        return {"score": self.score(self.output(columns), self.model)}


class Contributions(Scored):
    """Columns to how much each of the user's elements contributes to the score."""

    @property
    def elements(self) -> int:
        """Numbers that a row takes at a time."""
        return max(self.model.elements, self.score.elements_of_contributions)

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"contributions": (batch, ...)}``."""
        return {"contributions": self.data.per_feature(self.score.contributions(self.output(columns), self.model))}


def observed_elements(batch: Batch) -> Tensor | int:
    """Return how many elements of each row are there."""
    return batch.x[0].numel() if batch.observed is None else per_sample(batch.observed.float()).clamp_min(1)


PIECE_ELEMENTS = 2**22
"""Numbers in the rows that a graph sees at a time."""

PIECE_ROWS = 4096
"""Rows that a graph sees at a time, so that what lies between its layers stays near the processor."""


@torch.no_grad()
def in_pieces(function: Callable[[Columns], Columns], columns: Columns, elements: int) -> Columns:
    """Call a function on pieces of the rows, and join what it returns.

    Parameters
    ----------
    function : callable
        From columns to columns, such as a graph.
    columns : Columns
    elements : int
        Numbers in a row.
    """
    step = min(PIECE_ROWS, max(1, PIECE_ELEMENTS // elements))
    return join([function(take(columns, slice(at, at + step))) for at in range(0, max(rows(columns), 1), step)])
