"""Models: the operations that a loaded estimator offers over the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

import isthmus
from isthmus import InputError
from isthmus.apps.capabilities import code_shape, compresses, denoiser_of, denoises, detects, imputes
from isthmus.apps.figures.scanned import scanned
from isthmus.apps.server.conditions import ConditionRequests
from isthmus.apps.server.conversions import Conversion, conversions_of
from isthmus.apps.server.kinds.base import Codes, Requests, requests_of
from isthmus.data.audio.recorded import in_form
from isthmus.support.errors import counted
from isthmus.tasks.anomaly.heat import Region
from isthmus.tasks.anomaly.heat import regions as regions_of

Results = dict[str, Any]
"""The results of an operation by name, rows first: arrays, lists of them, or ``{column: list}``."""
DRAWN = {"n": 1, "temperature": 1.0, "seed": None, "condition": None}


class Model:
    """An estimator under a name.

    Parameters
    ----------
    name : str
    estimator : Autoencoder, AnomalyDetector, Imputer, Denoiser or Compressor
        Fitted.
    """

    def __init__(self, name: str, estimator: Any) -> None:
        self.graphs = sorted(estimator.graphs())
        self.detects, self.imputes = detects(estimator), imputes(estimator)
        self.maps = "heat_map" in self.graphs
        if self.imputes:
            estimator.set_params(draws=1)
        self.name, self.estimator = name, estimator
        self.autoencoder = estimator.autoencoder_
        self.data = self.autoencoder.data_
        self.conditions = ConditionRequests(self.autoencoder.condition_)
        self.fields = [*self.data.fields(), *self.conditions.columns]
        self.named = bool(self.autoencoder.column_names)
        self.layout = requests_of(self.data, self.fields, self.named)
        self.codes = Codes(code_shape(self.autoencoder))
        self.framed = bool(self.conditions.columns) or (self.detects and estimator.groups is not None)
        self.conversions: dict[str, Conversion] = conversions_of(estimator) if compresses(estimator) else {}
        self.operations: dict[str, Callable[..., Any]] = {**self._operations(), **self.conversions}

    def _operations(self) -> dict[str, Callable[..., Results]]:
        """Return the operations on rows by name: functions of rows and their condition that return results."""
        more: dict[str, Callable[..., Results]] = {}
        if "decode" in self.graphs:
            more = {"decode": self._decode, "sample": self._sample}
        if denoises(self.estimator):
            cleaner = partial(self._cleaned, denoiser_of(self.estimator)) if self.data.audible else self._reconstruct
            more["denoise"] = cleaner
        if self.maps:
            more["heat_map"] = self._heat_map
        if self.imputes:
            more["impute"] = lambda X, condition: {"rows": self.layout.answer(self.estimator.transform(X))}
        return {
            "encode": self._encode,
            "reconstruct": self._reconstruct,
            "score": self._scores if self.detects else self._error,
            **more,
        }

    def _encode(self, X: Any, condition: object, pool: Literal["mean"] | None = None) -> Results:
        codes = self.autoencoder.transform(X, condition, pool=pool)
        return {"codes": self.codes.answer(codes) if pool is None else codes}

    def _reconstruct(self, X: Any, condition: object) -> Results:
        return {"rows": self.layout.answer(self.autoencoder.reconstruct(X, condition))}

    def _cleaned(self, denoiser: Any, X: Any, condition: object) -> Results:
        """Return recordings as a denoiser cleans them, each channel by itself; arrays have the rate of the model."""
        heard = self.data.sequence(X)
        cleaned = denoiser.transform([heard.at(number) for number in range(len(X))])
        rows = [in_form(one.samples.reshape(len(one.samples), -1), like) for one, like in zip(cleaned, X, strict=True)]
        return {"rows": self.layout.answer(np.stack(rows) if isinstance(X, np.ndarray) else rows)}

    def _decode(self, Z: object, condition: object) -> Results:
        return {"rows": self.layout.answer(self.autoencoder.inverse_transform(Z, condition))}

    def _sample(self, n: int, temperature: float, seed: int | None, condition: object) -> Results:
        drawn = self.autoencoder.sample(n, temperature=temperature, condition=condition, random_state=seed)
        return {"rows": self.layout.answer(drawn)}

    def _error(self, X: Any, condition: object, explain: bool = False) -> Results:
        results = {"score": self.autoencoder.reconstruction_error(X, condition=condition)}
        if explain:
            results["contributions"] = self.layout.mapped(
                self.autoencoder.reconstruction_error(X, "element", condition)
            )
        return results

    def _scores(self, X: Any, condition: object, explain: bool = False, regions: bool = False) -> Results:
        results: Results = self.estimator.score_images(X) if regions else self.estimator.score_rows(X)
        if regions:
            results["regions"] = [[_about(one) for one in regions_of([heat])] for heat in results.pop("heat")]
        if explain:
            results["contributions"] = self.layout.mapped(self.estimator.explain(X))
        return results

    def _heat_map(self, X: Any, condition: object, drawn: bool = False) -> Results:
        """Return the heat maps of images, or overlays."""
        if drawn:
            return {"overlay": [one.overlay() for one in scanned(self.estimator, X)]}
        return {"heat": self.layout.mapped(self.estimator.heat_map(X))}

    @property
    def threshold(self) -> float | None:
        """The score above which rows are flagged; None if rows are not flagged."""
        return self.estimator.threshold_ if self.detects else None

    def layout_for(self, operation: str) -> Requests:
        """Return the requests that an operation accepts: rows, or codes."""
        return self.codes if operation == "decode" else self.layout

    def about(self) -> dict[str, Any]:
        """Return a description of the model for clients."""
        card = self.estimator.card()
        decided = {"threshold": card.threshold, "thresholds": card.thresholds}
        return {
            "name": self.name,
            "estimator": card.estimator,
            "variant": card.variant,
            "data": card.data,
            "latent_dim": self.codes.shape[-1],
            "positions": list(self.codes.shape[:-1]),
            "condition": self.autoencoder.condition,
            "fields": [asdict(field) for field in self.fields],
            "condition_fields": [asdict(field) for field in self.conditions.fields],
            "operations": list(self.operations),
            "graphs": self.graphs,
            "parameters": card.parameters,
            "rows_trained_on": card.rows,
            **(decided if card.threshold is not None else {}),
        }


def part_of(results: Any, span: slice) -> Any:
    """Return some rows of results."""
    if isinstance(results, dict):
        return {name: part_of(values, span) for name, values in results.items()}
    return results[span]


def load_models(paths: Sequence[str], names: Sequence[str] = ()) -> dict[str, Model]:
    """Load model files under names; by default, under the file names without suffix.

    Raises
    ------
    FileNotFoundError, FileFormatError
        A file is missing, broken, or not a model file of isthmus.
    InputError
        The number of names differs from that of files, or two names are the same.
    """
    if names and len(names) != len(paths):
        raise InputError(
            f"{counted(len(names), 'name')} for {counted(len(paths), 'file')}: give one --name for each file, or none"
        )
    names = list(names) or [Path(path).stem for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two models would be called {name!r}: give each a --name of its own")
        if not name or "/" in name:
            raise InputError(f"{name!r} cannot be part of an address: give the model another --name")
    return {name: Model(name, isthmus.load(path)) for name, path in zip(names, paths, strict=True)}


def _about(region: Region) -> dict[str, Any]:
    """Return what is said of a region of one image."""
    about = asdict(region)
    del about["image"]
    return about
