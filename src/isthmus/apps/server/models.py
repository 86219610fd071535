"""Models: what a loaded estimator offers to those who ask over the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np

import isthmus
from isthmus import AnomalyDetector, Imputer, InputError, variants
from isthmus.apps.server.given import Given
from isthmus.apps.server.kinds import Grid, layout_of

Found = dict[str, Any]
"""What an operation finds, each with the rows first: an array, or ``{column: list}``."""
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
        self.given = Given(self.autoencoder.condition_)
        self.fields = [*self.data.fields(), *self.given.columns]
        self.named = hasattr(self.autoencoder, "feature_names_in_")
        self.layout = layout_of(self.data, self.fields, self.named)
        self.codes = Grid("z", (len(self.autoencoder.get_feature_names_out()),))
        self.graphs = sorted(estimator.graphs())
        self.framed = bool(self.given.columns) or getattr(estimator, "groups", None) is not None
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
            "score": self._scores if detects else self._error,
            **more,
        }

    def _reconstruct(self, X: Any, given: Any) -> Found:
        return {"rows": self._columns(self.autoencoder.reconstruct(X, given))}

    def _decode(self, Z: Any, given: Any) -> Found:
        return {"rows": self._columns(self.autoencoder.inverse_transform(Z, given))}

    def _sample(self, n: int, temperature: float, seed: int | None, given: Any) -> Found:
        drawn = self.autoencoder.sample(n, temperature=temperature, condition=given, random_state=seed)
        return {"rows": self._columns(drawn)}

    def _error(self, X: Any, given: Any, explain: bool = False) -> Found:
        found = {"score": self.autoencoder.reconstruction_error(X, condition=given)}
        if explain:
            found["contributions"] = self.autoencoder.reconstruction_error(X, "element", given)
        return found

    def _scores(self, X: Any, given: Any, explain: bool = False) -> Found:
        found: Found = self.estimator.score_rows(X)
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
            "given": [asdict(field) for field in self.given.fields],
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
