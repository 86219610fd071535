"""Session: the examples and the models of one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from isthmus import InputError
from isthmus.apps.capabilities import autoencoder_of
from isthmus.apps.explorer.abnormality import detected, simple
from isthmus.apps.explorer.examples import Examples
from isthmus.apps.explorer.lazy_rows import read_rows
from isthmus.apps.explorer.view import View
from isthmus.apps.report.kinds.base import drawn
from isthmus.apps.report.labels import labels_of
from isthmus.data.inputs import labelled
from isthmus.data.sources.in_memory import is_stream

STREAMED = 100_000
"""Rows that are drawn from data that do not fit into memory, unless a limit is given."""


@dataclass(frozen=True)
class Session:
    """What one page shows.

    Attributes
    ----------
    title : str
    examples : Examples
    views : list of View
    total : int
        Rows of the data; more than there are examples where these are limited.
    demo : bool
    """

    title: str
    examples: Examples
    views: list[View]
    total: int
    demo: bool = False

    def state(self) -> dict[str, Any]:
        """Return the state that the page loads first."""
        examples = self.examples
        fields = [asdict(field) for field in examples.data.fields()]
        if not examples.visible:
            fields = [{**field, "low": None, "high": None} for field in fields]
        return {
            "title": self.title,
            "n": len(examples),
            "limited": self.total if self.total > len(examples) else None,
            "demo": self.demo,
            "fields": fields,
            "kind": examples.kind.name,
            **examples.kind.about(examples.read.columns if examples.visible else None),
            "models": [view.about(id) for id, view in enumerate(self.views)],
            "colours": [*(colour.about(id) for id, colour in examples.colours.items()), *self._of_models()],
            "examples": examples.visible,
        }

    def _of_models(self) -> list[dict[str, Any]]:
        """Describe the colours that models give, which are computed when they are asked for."""
        colours = []
        for id, view in enumerate(self.views):
            for what, name in view.abnormality.names.items():
                title = f"{name} of {view.name}"
                colours.append({"id": f"{what}:{id}", "title": title, "kind": "number", "low": None, "high": None})
            names: Any = [f"cluster {number + 1}" for number in range(view.groups)]
            title = f"clusters of {view.name}"
            colours.append({"id": f"cluster:{id}", "title": title, "kind": "category", "names": names})
        return colours


def open_session(
    models: Mapping[str, Any],
    X: Any,
    y: Any = None,
    *,
    limit: int | None = None,
    visible: bool = True,
    title: str | None = None,
    demo: bool = False,
) -> Session:
    """Return models by name on rows.

    Parameters
    ----------
    models : mapping of str to estimator
        Fitted; an Autoencoder, or what holds one.
    X : rows, windows, a signal, or a stream of rows
    y : array of shape (n,), optional
        Labels: of rows, or of the time steps of a signal.
    limit : int or None
        Maximum number of examples, chosen at random; None: all, or 100,000 of a stream.
    visible : bool, default True
        Whether real rows may be shown.

    Raises
    ------
    InputError
        X does not fit a model, or the models cut it into different examples.
    """
    X, y = labelled(X, y)
    streamed = is_stream(X)
    total = len(X)
    labels = None if y is None else labels_of(y, total)
    row_index = None
    if streamed:
        row_index = _chosen(total, limit or STREAMED)
        X, labels = drawn(X, row_index), None if labels is None else labels[row_index]
    read = {name: read_rows(autoencoder_of(model), X, labels) for name, model in models.items()}
    counts = {name: len(rows) for name, rows in read.items()}
    if len(set(counts.values())) > 1:
        raise InputError(f"the models cut the data into different numbers of examples: {counts}")
    data = autoencoder_of(next(iter(models.values()))).data_
    last = np.arange(len(X)) if data.windowed is None else data.windowed.last_row_index(X).numpy()
    labels = None if labels is None else labels[last]
    count = total if streamed else len(last)
    kept = np.arange(len(last))
    if limit is not None and limit < len(last):
        kept = _chosen(len(last), limit)
        read = {name: rows.some(kept) for name, rows in read.items()}
        last, labels = last[kept], None if labels is None else labels[kept]
    row_index = last if row_index is None else row_index[last]
    examples = Examples(data, next(iter(read.values())), labels, row_index, visible)
    views = [
        View(model, name, read[name], None if simple(model) else partial(detected, model, X, kept))
        for name, model in models.items()
    ]
    return Session(title or " and ".join(models), examples, views, count, demo)


def _chosen(rows: int, limit: int) -> np.ndarray:
    """Return at most so many row numbers, rising, each as likely as any other."""
    return np.sort(np.random.default_rng(0).permutation(rows)[:limit])
