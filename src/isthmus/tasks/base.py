"""Task: the base of estimators that train an autoencoder and do something with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.base import Persistent, any_cells, nested, take_names, unnested
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

    from isthmus.core.training.callbacks import Callback

Labels = Any
"""The user's y: an array, a Series, a list."""
State = dict[str, Any]
"""The state of a fitted estimator: tensors and JSON by name."""


class Task(Persistent, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """An estimator with an autoencoder, its parameter `autoencoder` (abstract).

    A task implements ``fit``, which calls `_adopt` once, at its end, and the methods that raise NotImplementedError
    here. Graphs, files and tags follow from these.
    """

    autoencoder: Autoencoder | None
    autoencoder_: Autoencoder

    # -- what a task implements ----------------------------------------------------------------------------------

    def _default_autoencoder(self, rows: int) -> Autoencoder:
        """Return the default autoencoder, unfitted, for a number of rows."""
        raise NotImplementedError

    def _task_graphs(self) -> dict[str, nn.Module]:
        """Return the graphs of the task itself, by name."""
        raise NotImplementedError

    def _task_state(self) -> State:
        """Return the fitted state besides the autoencoder."""
        raise NotImplementedError

    def _restore_task(self, state: State) -> None:
        """Restore a result of `_task_state`; the autoencoder is restored already."""
        raise NotImplementedError

    # -- what follows --------------------------------------------------------------------------------------------

    def graphs(self) -> dict[str, nn.Module]:
        """Return the graphs of the fitted task by name: those of its autoencoder, and its own."""
        check_is_fitted(self)
        return {**self.autoencoder_.graphs(), **self._task_graphs()}

    def state(self) -> State:
        """Return the fitted state: tensors and JSON."""
        check_is_fitted(self)
        return {**nested("autoencoder", self.autoencoder_), **self._task_state()}

    def restore(self, state: State) -> None:
        """Restore a result of `state`."""
        load_all()
        self._adopt(unnested("autoencoder", state))
        self._restore_task(state)

    def _check_autoencoder(self) -> None:
        """Raise an error if the parameter `autoencoder` is not an autoencoder."""
        if self.autoencoder is not None and not isinstance(self.autoencoder, Autoencoder):
            raise InputError(f"autoencoder={self.autoencoder!r}: expected an Autoencoder, or None")

    def _untrained(
        self, rows: int, callbacks: Sequence[Callback] = (), default: Callable[[int], Autoencoder] | None = None
    ) -> Autoencoder:
        """Return the autoencoder to train on a number of rows: a clone of the user's, or the default one.

        `callbacks` watch this training, beside its own. `default` returns the default one, where rows decide on it.
        """
        made = default or self._default_autoencoder
        chosen: Autoencoder = made(rows) if self.autoencoder is None else clone(self.autoencoder)
        return chosen.set_params(callbacks=(*chosen.callbacks, *callbacks)) if callbacks else chosen

    def _adopt(self, autoencoder: Autoencoder) -> None:
        """Adopt a fitted autoencoder, with the number and the names of its columns; what watched it is left out."""
        own = () if self.autoencoder is None else self.autoencoder.callbacks
        self.autoencoder_ = autoencoder.set_params(callbacks=own)
        take_names(self, autoencoder)

    def __sklearn_is_fitted__(self) -> bool:
        return "autoencoder_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        return any_cells(super().__sklearn_tags__())


def tensors(state: State) -> dict[str, Tensor]:
    """Return those entries of a state that are tensors."""
    from torch import is_tensor

    return {name: value for name, value in state.items() if is_tensor(value)}


def which_rows(start: int, count: int, names: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Return the first column of a table of rows, which says which they are: their numbers, or their files.

    Parameters
    ----------
    start, count : int
        The index of the first row, and how many there are.
    names : sequence of str, default ()
        The files of all rows, where each is one.

    Examples
    --------
    >>> which_rows(2, 2), which_rows(1, 1, ["a.png", "b.png"])
    ({'row': array([2, 3])}, {'file': array(['b.png'], dtype=object)})
    """
    if names:
        return {"file": np.array(names[start : start + count], dtype=object)}
    return {"row": np.arange(start, start + count)}
