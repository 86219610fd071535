"""Penalties and scores: the parts that see a whole model and its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from isthmus.core.part import kind_and_name
from isthmus.core.records import Output
from isthmus.support.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from isthmus.core.model import Model


class Penalty:
    """A further term of the loss."""

    any_size = True
    """Whether the axes of x behind the channels may be free."""
    replicable = True
    """Whether copies of a model with it can train at once."""

    @property
    def mixes_rows(self) -> bool:
        """Whether rows of a training batch depend on each other, which members of an ensemble must not."""
        return False

    def __call__(self, output: Output, model: Model) -> Tensor:
        """Return the term of each sample, of shape (batch,)."""
        raise NotImplementedError


class Score(nn.Module):
    """One number for each row, higher is more abnormal. `fit` returns a fitted copy, whose arguments fix its sizes."""

    any_size = False
    """Whether the axes of x behind the channels may be free."""
    has_map = False
    """Whether the score is `pool` of a `map` whose elements depend on x nearby only; so do its contributions."""
    peaks = False
    """Whether the score is the maximum of its `heat`, so that one pass gives both."""
    margin: int | None = 0
    """How many elements away those are that an element of the map depends on, beside what the model does; None: all."""
    grid = 1
    """A part of a row gives the same map as the whole if it starts at a multiple of this."""
    at_once = 2**30
    """Elements of a row along its axes of space whose map is computed at once."""
    smallest = 1
    """The shortest side that an image may have, in pixels."""
    keeps_rows = False
    """Whether a fitted score holds training rows."""
    images_only = False
    """Whether rows must be images: two axes behind the channels."""
    needs_model = True
    """Whether it depends on what the model makes of rows; contributions may, whatever this says."""
    needs_known = False
    """Whether it can be fitted with known anomalies only."""
    elements = 1
    """Numbers that scoring a row holds at a time, beside the row itself."""
    elements_of_contributions = 1
    """The same, of what a row's elements add to the score."""
    kept_rows = 0
    """Training rows that stand in its buffers, and so in the file."""
    kept_as = ("training row", "as the model sees them")
    """What these are, and of what."""

    @property
    def has_heat(self) -> bool:
        """Whether `heat` says of an image how abnormal each pixel is: here, where there is a map."""
        return self.has_map

    def reach_with(self, model: int | None) -> int | None:
        """Return how many elements away those are that an element of the map depends on; None: all of a row.

        Parameters
        ----------
        model : int or None
            The same of the model's output.
        """
        if not self.needs_model:
            return self.margin
        return None if model is None or self.margin is None else model + self.margin

    def for_contaminated(self, fraction: float) -> Score:
        """Return an unfitted copy for training data with a fraction of abnormal rows: here, the score itself."""
        return self

    def for_evened(self) -> Score:
        """Return an unfitted copy for images that were brought to even light: here, the score itself."""
        return self

    def without_rows(self) -> Score | None:
        """Return the score without what holds training rows: here, itself, or None if it holds them."""
        return None if self.keeps_rows else self

    def initialize(self) -> None:
        """Fetch what it looks through, such as the weights of a network; before anything is trained."""

    def fit(self, outputs: Iterable[Output], model: Model) -> Score:
        """Return a copy fitted to a frozen model's output for normal rows."""
        raise NotImplementedError

    def fit_known(self, outputs: Iterable[Output], known: Sequence[Output], model: Model) -> Score:
        """Return a copy fitted to output for normal rows and for known anomalies: here, these are not looked at."""
        return self.fit(outputs, model)

    def images_of(self, outputs: Iterable[Output]) -> list[Output]:
        """Return outputs for images, as a list.

        Raises
        ------
        InputError
            The rows are no images.
        """
        outputs = list(outputs)
        for output in outputs:
            if output.batch.x.ndim != 4:
                raise InputError(
                    f"the score {kind_and_name(self)[1]!r} is one of images, but rows have the shape "
                    f"{tuple(output.batch.x.shape[1:])}: choose another, such as 'error'"
                )
        return outputs

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the score of each row, of shape (batch,)."""
        raise NotImplementedError

    def of_known(self, output: Output, model: Model) -> Tensor:
        """Return the score of known anomalies as if each of them were not known."""
        scores: Tensor = self(output, model)
        return scores

    def map(self, output: Output, model: Model) -> Tensor:
        """Return the score of each element, of the shape of x."""
        raise NotImplementedError(f"{type(self).__name__} has no map")

    def pool(self, map: Tensor) -> Tensor:
        """Return the score of each row, of shape (batch,), from its map: here, the mean."""
        return map.flatten(1).mean(1)

    def heat(self, output: Output, model: Model) -> Tensor:
        """Return how abnormal each pixel of images is, of shape (batch, height, width): here, the mean of the channels.

        It is in the units of the score, so that its threshold divides it.
        """
        return self.map(output, model).mean(1)

    def placed(self, heat: Tensor) -> Tensor:
        """Return the heat of whole images, of which parts may have been computed apart: here, as it is.

        Parameters
        ----------
        heat : Tensor of shape (batch, height, width)
        """
        return heat

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return the contribution of each element to the score, of the shape of x; none is negative."""
        raise NotImplementedError
