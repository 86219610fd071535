"""Models: what a loaded estimator offers to those who ask over the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np

import isthmus
from isthmus import AnomalyDetector, Imputer, InputError, variants
from isthmus.apps.server.layouts import Grid, Table, Values, layout_of, repeated
from isthmus.apps.web.errors import Refused
from isthmus.tasks.verdicts import verdicts

Found = dict[str, Any]
"""What an operation finds, each with the rows first: an array, or ``{column: list}``."""
CONDITION = "condition"
"""What labels are called that are given beside the rows."""
DRAWN = {"n": 1, "temperature": 1.0, "seed": None, "condition": None}


class Model:
    """An estimator under a name.

    Parameters
    ----------
    name : str
    estimator : Autoencoder, AnomalyDetector or Imputer
        Fitted.
    """

    def __init__(self, name: str, estimator: Any) -> None:
        if isinstance(estimator, Imputer):
            estimator.set_params(draws=1)
        self.name, self.estimator = name, estimator
        self.autoencoder = getattr(estimator, "autoencoder_", estimator)
        self.data = self.autoencoder.data_
        condition = self.autoencoder.condition_
        self.labelled = condition is not None and condition.names == "y"
        given = [] if condition is None else condition.table.fields()
        self.given = [replace(field, name=CONDITION) for field in given] if self.labelled else given
        self.fields = [*self.data.fields(), *([] if self.labelled else given)]
        self.named = hasattr(self.autoencoder, "feature_names_in_")
        self.layout = layout_of(self.data, self.fields, self.named)
        self.condition = Table(self.given, named=not self.labelled)
        self.codes = Grid("z", (len(self.autoencoder.get_feature_names_out()),))
        self.graphs = sorted(estimator.graphs())
        self.framed = len(self.fields) > len(self.data.fields()) or getattr(estimator, "groups", None) is not None
        self.operations = self._operations()

    def _operations(self) -> dict[str, Callable[..., Found]]:
        """Return what there is, by name: from rows, and what is given, to what is found."""
        ae = self.autoencoder
        more: dict[str, Callable[..., Found]] = {}
        if "decode" in self.graphs:
            more = {"decode": self._decode, "sample": self._sample}
        if isinstance(ae.variant_, variants.Denoising):
            more["denoise"] = self._reconstruct
        if isinstance(self.estimator, Imputer):
            more["impute"] = lambda X, given: {"rows": self._columns(self.estimator.transform(X))}
        detects = isinstance(self.estimator, AnomalyDetector)
        return {
            "encode": lambda X, given: {"codes": ae.transform(X, given)},
            "reconstruct": self._reconstruct,
            "score": self._verdict if detects else self._error,
            **more,
        }

    def _reconstruct(self, X: Any, given: Any) -> Found:
        return {"rows": self._columns(self.autoencoder.reconstruct(X, given))}

    def _decode(self, Z: Any, given: Any) -> Found:
        return {"rows": self._columns(self.autoencoder.inverse_transform(Z, given))}

    def _sample(self, n: int, temperature: float, seed: int | None, given: Any) -> Found:
        condition = self.join_conditions([given])
        drawn = self.autoencoder.sample(n, temperature=temperature, condition=condition, random_state=seed)
        return {"rows": self._columns(drawn)}

    def _error(self, X: Any, given: Any, explain: bool = False) -> Found:
        found = {"score": self.autoencoder.reconstruction_error(X, condition=given)}
        if explain:
            found["contributions"] = self.autoencoder.reconstruction_error(X, "element", given)
        return found

    def _verdict(self, X: Any, given: Any, explain: bool = False) -> Found:
        found: Found = dict(verdicts(self.estimator, X))
        if explain:
            found["contributions"] = np.asarray(self.estimator.explain(X))
        return found

    def _columns(self, found: Any) -> Any:
        """Return rows as they are where they are arrays, those of a table as a list for each column."""
        if hasattr(found, "columns"):
            return {str(c.name): c.to_list() for c in nw.from_native(found, eager_only=True).iter_columns()}
        array = np.asarray(found)
        if array.ndim == 2 and self.data.fields()[0].kind not in ("pixels", "signal"):
            return dict(zip(self.data.feature_names(), array.T.tolist(), strict=True))
        return array

    @property
    def threshold(self) -> float | None:
        """The score above which rows are flagged; None where nothing is."""
        return getattr(self.estimator, "threshold_", None)

    def layout_for(self, operation: str) -> Any:
        """Return what the rows of an operation are."""
        return self.codes if operation == "decode" else self.layout

    def takes_condition(self, operation: str) -> bool:
        """Tell whether an operation wants a condition beside the rows: labels, or columns that its rows lack."""
        return self.labelled or (bool(self.given) and operation in ("decode", "sample"))

    def read_condition(self, operation: str, given: Any, count: int) -> Values | None:
        """Return what is given for `count` rows: a label or one for each, or an object of columns.

        Raises
        ------
        Refused
            The operation takes none, takes another, or has another number of rows.
        """
        names = [field.name for field in self.given]
        if not self.takes_condition(operation):
            if given is not None:
                why = f"{names}: the condition stands in the rows" if names else "the model was trained without one"
                raise Refused(422, why, CONDITION)
            return None
        columns = {CONDITION: given} if self.labelled else given
        if given is None or not isinstance(columns, dict):
            wanted = "a label, or a list with one for each row" if self.labelled else f"an object with {names}"
            raise Refused(422, f"the model {self.name!r} wants a condition: {wanted}", CONDITION)
        lists = {name: cells if isinstance(cells, list | np.ndarray) else [cells] for name, cells in columns.items()}
        if self.labelled and None in lists[CONDITION]:
            raise Refused(422, "null is no label", CONDITION)
        read = self.condition.read("columns", lists)
        if not self.layout_for(operation).batched:  # only the model knows how many windows a signal has
            return read.values
        if read.count not in (1, count):
            message = f"{read.count} given, but there are {count} rows: one for each, or one for all"
            raise Refused(422, message, CONDITION)
        return repeated(read.values, count // read.count)

    def join_conditions(self, parts: Sequence[Values | None]) -> Any:
        """Return the conditions of several requests as an estimator takes them."""
        return None if parts[0] is None else self.condition.join(parts, True)

    def about(self) -> dict[str, Any]:
        """Return what a client may want to know."""
        info, estimator = self.autoencoder.info_, self.estimator
        decided = {"threshold": self.threshold, "thresholds": getattr(estimator, "thresholds_", {})}
        return {
            "name": self.name,
            "estimator": type(estimator).__name__,
            "variant": variants.variant_name(self.autoencoder.variant_),
            "data": self.data.summary,
            "latent_dim": self.codes.shape[0],
            "condition": self.autoencoder.condition,
            "fields": [asdict(field) for field in self.fields],
            "given": [asdict(field) for field in self.given],
            "operations": list(self.operations),
            "graphs": self.graphs,
            "parameters": info["parameters"],
            "rows_trained_on": info["rows"],
            **(decided if self.threshold is not None else {}),
        }


def part_of(found: Any, span: slice) -> Any:
    """Return some rows of what was found."""
    return {name: part_of(held, span) for name, held in found.items()} if isinstance(found, dict) else found[span]


def load_models(paths: Sequence[str], names: Sequence[str] = ()) -> dict[str, Model]:
    """Load model files under names: those of the files, without the ending, where none are given.

    Raises
    ------
    FileNotFoundError, FileFormatError
        A file is missing, broken, or not isthmus's.
    InputError
        There are not as many names as files, or two are the same.
    """
    if names and len(names) != len(paths):
        raise InputError(f"{len(names)} names for {len(paths)} files: give one --name for each, or none")
    names = list(names) or [Path(path).stem for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two models would be called {name!r}: give each a --name of its own")
        if not name or "/" in name:
            raise InputError(f"{name!r} cannot be part of an address: give the model another --name")
    return {name: Model(name, isthmus.load(path)) for name, path in zip(names, paths, strict=True)}
