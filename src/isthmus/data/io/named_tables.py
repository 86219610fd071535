"""Named tables: those of scikit-learn, and two made by a formula. Each is a DataFrame beside a column of labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from isthmus.data.io import synthetic
from isthmus.data.io.dataset import Dataset
from isthmus.support.errors import extra


@dataclass(frozen=True)
class NamedTable:
    """How to read a table, and what the column of its labels is called."""

    label: str
    read: Callable[..., tuple[Any, np.ndarray, tuple[str, ...]]]
    arguments: dict[str, Any] = field(default_factory=dict)

    def load(self, name: str) -> Dataset:
        """Return the table and its labels."""
        X, y, classes = self.read(**self.arguments)
        return Dataset(X, y, classes, name, label=self.label)


def from_sklearn(loader: str, **arguments: Any) -> tuple[Any, np.ndarray, tuple[str, ...]]:
    """Return a table of scikit-learn, its labels, and the names of its classes; none where labels are numbers."""
    from sklearn import datasets

    extra("pandas", "tables")
    bunch = getattr(datasets, loader)(as_frame=True, **arguments)
    return bunch.data, bunch.target.to_numpy(), tuple(map(str, bunch.get("target_names", ())))


def made(table: Callable[[], dict[str, np.ndarray]], label: str) -> tuple[Any, np.ndarray, tuple[str, ...]]:
    """Return a table made by a formula, and its labels; the names of the classes too where labels are text."""
    frame = extra("pandas", "tables").DataFrame(table())
    labels = frame.pop(label).to_numpy()
    if labels.dtype.kind in "iu":
        return frame, labels, ()
    classes, y = np.unique(labels.astype(str), return_inverse=True)
    return frame, y.astype(np.int64), tuple(classes.tolist())


TABLES = {
    "iris": NamedTable("species", from_sklearn, {"loader": "load_iris"}),
    "wine": NamedTable("cultivar", from_sklearn, {"loader": "load_wine"}),
    "breast-cancer": NamedTable("diagnosis", from_sklearn, {"loader": "load_breast_cancer"}),
    "diabetes": NamedTable("progression", from_sklearn, {"loader": "load_diabetes", "scaled": False}),
    "pumps": NamedTable("state", made, {"table": synthetic.pumps, "label": "state"}),
    "pump-log": NamedTable("fault", made, {"table": synthetic.pump_log, "label": "fault"}),
}
"""All named tables."""
