"""Graphs: columns in, columns out, in eval mode. Estimators compute with the same graphs that are exported."""

from __future__ import annotations

from collections.abc import Callable
from math import lcm, prod
from typing import TypeVar

import torch
from torch import Tensor, nn

from isthmus.core.data import Columns, Data, join, rows, take
from isthmus.core.interfaces import fixed, per_sample
from isthmus.core.model import Model, check_any_size
from isthmus.core.records import Batch, Output
from isthmus.core.terms import Score

G = TypeVar("G", bound="Graph")


class Graph(nn.Module):
    """Data and model together (abstract).

    Parameters
    ----------
    data : Data
        Fitted.
    model : Model
    """

    axis: int | None = None
    """The first axis of space in what `local` gives; None: the graph gives no map, and needs the whole of a row."""
    reads_rows = True
    """Whether what goes in are rows, and not codes."""
    by_position = False
    """Whether that map is of the positions of the code, and not of the elements of x."""

    def __init__(self, data: Data, model: Model) -> None:
        super().__init__()
        self.data, self.model = data, model

    @property
    def elements(self) -> int:
        """Numbers in memory per row: the larger of x and y."""
        return max(self.model.elements, prod(fixed(self.model.likelihood.shape(self.model.typical_shape))))

    @property
    def multiplications(self) -> int:
        """Approximate multiply-adds per row."""
        return self.model.multiplications

    @property
    def reach(self) -> int | None:
        """How many elements away those are that an element of the map depends on; None: all of a row."""
        reach: int | None = self.model.net.reach
        return reach

    @property
    def grid(self) -> int:
        """A part of a row gives the same map as the whole if it starts at a multiple of this."""
        return lcm(self.model.net.stride, self.model.net.grid)

    @property
    def at_once(self) -> int:
        """Elements of a row along its axes of space that are computed at once; larger rows go in tiles."""
        return int(self.model.net.at_once // self.model.typical_shape[0])

    @property
    def smallest(self) -> int:
        """The shortest side that an image may have, in pixels."""
        return 1

    def local(self, columns: Columns) -> Columns:
        """Return a map of which each element depends only on x within the reach of the graph."""
        local: Columns = self(columns)
        return local

    def finish(self, columns: Columns) -> Columns:
        """Return the result of `forward`, computed from that of `local` for whole rows."""
        return columns

    def reconstruction(self, columns: Columns) -> tuple[Batch, Tensor]:
        """Return the batch and y."""
        batch = self.data.batch(columns)
        return batch, self.model(batch, False).y

    def errors(self, columns: Columns) -> Columns:
        """Return the error of each element of x."""
        return {"error": self.model.error(*self.reconstruction(columns))}


class Encode(Graph):
    """Columns to codes: (batch, positions x latent_dim), or (batch, *positions, latent_dim) of rows of any size."""

    axis, by_position = 1, True

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"z": …}``."""
        z = self.model.vectors(self.model.code(self.data.batch(columns), False).z)
        return {"z": z if self.model.any_size else z.flatten(1)}


class Posterior(Graph):
    """Columns to mean and variance of q(z|x), of shape (batch, *positions, latent_dim)."""

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"mean": …, "variance": …}``."""
        q = self.model.bottleneck.posterior(self.model.encode(self.data.batch(columns)))
        return {"mean": self.model.vectors(q.mean), "variance": self.model.vectors(q.variance)}


class Decode(Graph):
    """Codes, and conditions, to columns."""

    reads_rows = False

    def forward(self, columns: Columns) -> Columns:
        """Return the user's columns."""
        return self.data.invert(self.model.likelihood.mean(self.decoded(columns)))

    def decoded(self, columns: Columns) -> Tensor:
        """Return y."""
        columns = dict(columns)
        z = columns.pop("z")
        condition = {name.partition(":")[2]: tensor for name, tensor in columns.items()}
        nothing = z.flatten(1)[:, :0]
        return self.model.decode(self.model.shaped(z), Batch(nothing, nothing, condition=condition))


class Draw(Decode):
    """Codes, and conditions, to columns of new rows; the only graph that samples, and not for export."""

    def forward(self, columns: Columns) -> Columns:
        """Return the user's columns."""
        return self.data.draw(self.decoded(columns), self.model.likelihood)


class Reconstruct(Graph):
    """Columns to columns."""

    axis = 2

    def forward(self, columns: Columns) -> Columns:
        """Return the user's columns, reconstructed."""
        return self.data.invert(self.model.likelihood.mean(self.reconstruction(columns)[1]))


class ErrorMap(Graph):
    """Columns to the error of each of the user's elements."""

    axis = 2

    def local(self, columns: Columns) -> Columns:
        """Return the error of each element of x."""
        return self.errors(columns)

    def finish(self, columns: Columns) -> Columns:
        """Return it in the user's coordinates."""
        return {"error": self.data.per_feature(columns["error"])}

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"error": (batch, ...)}``."""
        return self.finish(self.local(columns))


class Error(Graph):
    """Columns to the mean error over the elements of each row."""

    axis = 2

    def local(self, columns: Columns) -> Columns:
        """Return the error of each element of x."""
        return self.errors(columns)

    def finish(self, columns: Columns) -> Columns:
        """Return its mean over each row; large rows have no missing elements."""
        return {"error": columns["error"].flatten(1).mean(1)}

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"error": (batch,)}``."""
        batch, y = self.reconstruction(columns)
        total = self.model.likelihood.total(y, batch.x, batch.observed)
        return {"error": total / observed_elements(batch)}


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
        if model.any_size:
            check_any_size([score])
        self.score, self.axis = score, 2 if score.has_map else None

    @property
    def elements(self) -> int:
        """Numbers in memory per row."""
        return max(self.model.elements, self.score.elements)

    @property
    def reach(self) -> int | None:
        """That of the score."""
        return self.score.reach_with(self.model.net.reach)

    @property
    def grid(self) -> int:
        """That of the model and of the score."""
        return lcm(super().grid, self.score.grid)

    @property
    def at_once(self) -> int:
        """That of the model, or of the score where it is known how far that looks."""
        return super().at_once if self.reach is None else min(super().at_once, self.score.at_once)

    @property
    def smallest(self) -> int:
        """That of the score."""
        return self.score.smallest

    def output(self, columns: Columns) -> Output:
        """Return the output of a pass through the model."""
        output: Output = self.model(self.data.batch(columns), False)
        return output

    def local(self, columns: Columns) -> Columns:
        """Return the score of each element of x."""
        return {"score": self.score.map(self.output(columns), self.model)}

    def finish(self, columns: Columns) -> Columns:
        """Return the score of each row."""
        return {"score": self.score.pool(columns["score"])}

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"score": (batch,)}``."""
        return {"score": self.score(self.output(columns), self.model)}


class Contributions(Scored):
    """Columns to the contribution of each of the user's elements to the score."""

    @property
    def elements(self) -> int:
        """Numbers in memory per row."""
        return max(self.model.elements, self.score.elements_of_contributions)

    def local(self, columns: Columns) -> Columns:
        """Return the contribution of each element of x."""
        return {"contributions": self.score.contributions(self.output(columns), self.model)}

    def finish(self, columns: Columns) -> Columns:
        """Return them in the user's coordinates."""
        return {"contributions": self.data.per_feature(columns["contributions"])}

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"contributions": (batch, ...)}``."""
        return self.finish(self.local(columns))


class HeatMap(Scored):
    """Columns to how abnormal each pixel of images is, divided by the threshold where a column ``threshold`` has one.

    Parameters
    ----------
    data : Data
        Fitted, of images.
    model : Model
    score : Score
        Fitted; one with `Score.heat`.
    """

    def __init__(self, data: Data, model: Model, score: Score) -> None:
        super().__init__(data, model, score)
        self.axis = 1 if score.has_map else None

    @property
    def elements(self) -> int:
        """Numbers in memory per row."""
        return max(self.model.elements, self.score.elements_of_contributions)

    def local(self, columns: Columns) -> Columns:
        """Return the heat of each pixel, before its position counts, and the threshold."""
        columns = dict(columns)
        threshold = {name: columns.pop(name) for name in ("threshold",) if name in columns}
        return {"heat": self.score.heat(self.output(columns), self.model), **threshold}

    def finish(self, columns: Columns) -> Columns:
        """Return the heat of whole images, relative to a threshold if there is one, and peaks that are scores."""
        heat, threshold = self.score.placed(columns["heat"]), columns.get("threshold")
        score = {"score": heat.flatten(1).amax(1)} if self.score.peaks else {}
        return {"heat": heat if threshold is None else relative(heat, threshold.reshape(-1, 1, 1)), **score}

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"heat": (batch, height, width)}``, and the ``"score"``, (batch,), where it is the peak of that."""
        return self.finish(self.local(columns))


def relative(heat: Tensor, threshold: Tensor) -> Tensor:
    """Return heat as a multiple of a threshold: above 1 exactly where it is above the threshold, however it is rounded.

    Examples
    --------
    >>> above = torch.tensor([1.9999999, 2.0, 2.0000002])
    >>> (relative(above, torch.tensor(1.9999999)) > 1).tolist(), (relative(above, torch.tensor(2.0)) > 1).tolist()
    ([False, True, True], [False, False, True])
    """
    ratio = heat / threshold
    return torch.where(heat > threshold, ratio.clamp_min(BARELY_ABOVE), ratio.clamp_max(1.0))


BARELY_ABOVE = 1.0 + 2.0**-23
"""The smallest number of single precision that is larger than 1."""


def evaluating(graph: G) -> G:
    """Return the graph in eval mode; parts that are in it are not walked through, which takes as long as a few rows."""
    graph.training = False
    for part in graph.children():
        if part.training:
            part.eval()
    return graph


def observed_elements(batch: Batch) -> Tensor | int:
    """Return the number of observed elements of each row."""
    return prod(batch.x.shape[1:]) if batch.observed is None else per_sample(batch.observed.float()).clamp_min(1)


PIECE_ELEMENTS = 2**22
"""Maximum numbers in the rows per call of a graph."""

PIECE_ROWS = 4096
"""Maximum rows per call of a graph, so that intermediate results stay in the processor's cache."""


@torch.no_grad()
def in_pieces(
    function: Callable[[Columns], Columns], columns: Columns, elements: int, limit: int = PIECE_ELEMENTS
) -> Columns:
    """Call a function on pieces of the rows, and join the results.

    Parameters
    ----------
    function : callable
        From columns to columns, such as a graph.
    columns : Columns
    elements : int
        Numbers in a row.
    limit : int, default PIECE_ELEMENTS
        Numbers in the rows of a piece, at most.
    """
    step = min(PIECE_ROWS, max(1, min(PIECE_ELEMENTS, limit) // elements))
    return join([function(take(columns, slice(at, at + step))) for at in range(0, max(rows(columns), 1), step)])
