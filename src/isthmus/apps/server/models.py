"""Models: what a loaded estimator offers to those who ask over the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import isthmus
from isthmus import InputError
from isthmus.apps.capabilities import code_shape, detects, imputes
from isthmus.apps.server.given import Given
from isthmus.apps.server.kinds.base import Codes, Requests, requests_of

Found = dict[str, Any]
"""The results of an operation, each with the rows first: an array, a list of them, or ``{column: list}``."""
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
        self.graphs = sorted(estimator.graphs())
        self.detects, self.imputes = detects(estimator), imputes(estimator)
        if self.imputes:
            estimator.set_params(draws=1)
        self.name, self.estimator = name, estimator
        self.autoencoder = estimator.autoencoder_
        self.data = self.autoencoder.data_
        self.given = Given(self.autoencoder.condition_)
        self.fields = [*self.data.fields(), *self.given.columns]
        self.named = hasattr(self.autoencoder, "feature_names_in_")
        self.layout = requests_of(self.data, self.fields, self.named)
        self.codes = Codes(code_shape(self.autoencoder))
        self.framed = bool(self.given.columns) or (self.detects and estimator.groups is not None)
        self.operations = self._operations()

    def _operations(self) -> dict[str, Callable[..., Found]]:
        """Return what there is, by name: from rows, and what is given, to what is found."""
        more: dict[str, Callable[..., Found]] = {}
        if "decode" in self.graphs:
            more = {"decode": self._decode, "sample": self._sample}
        if self.autoencoder.variant_.denoises:
            more["denoise"] = self._reconstruct
        if self.imputes:
            more["impute"] = lambda X, given: {"rows": self.layout.answer(self.estimator.transform(X))}
        return {
            "encode": self._encode,
            "reconstruct": self._reconstruct,
            "score": self._scores if self.detects else self._error,
            **more,
        }

    def _encode(self, X: Any, given: Any, pool: Literal["mean"] | None = None) -> Found:
        codes = self.autoencoder.transform(X, given, pool=pool)
        return {"codes": self.codes.answer(codes) if pool is None else codes}

    def _reconstruct(self, X: Any, given: Any) -> Found:
        return {"rows": self.layout.answer(self.autoencoder.reconstruct(X, given))}

    def _decode(self, Z: Any, given: Any) -> Found:
        return {"rows": self.layout.answer(self.autoencoder.inverse_transform(Z, given))}

    def _sample(self, n: int, temperature: float, seed: int | None, given: Any) -> Found:
        drawn = self.autoencoder.sample(n, temperature=temperature, condition=given, random_state=seed)
        return {"rows": self.layout.answer(drawn)}

    def _error(self, X: Any, given: Any, explain: bool = False) -> Found:
        found = {"score": self.autoencoder.reconstruction_error(X, condition=given)}
        if explain:
            found["contributions"] = self.layout.mapped(self.autoencoder.reconstruction_error(X, "element", given))
        return found

    def _scores(self, X: Any, given: Any, explain: bool = False) -> Found:
        found: Found = self.estimator.score_rows(X)
        if explain:
            found["contributions"] = self.layout.mapped(self.estimator.explain(X))
        return found

    @property
    def threshold(self) -> float | None:
        """The score above which rows are flagged; None where nothing is."""
        return self.estimator.threshold_ if self.detects else None

    def layout_for(self, operation: str) -> Requests:
        """Return what the rows of an operation are."""
        return self.codes if operation == "decode" else self.layout

    def about(self) -> dict[str, Any]:
        """Return what a client may want to know."""
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
            "given": [asdict(field) for field in self.given.fields],
            "operations": list(self.operations),
            "graphs": self.graphs,
            "parameters": card.parameters,
            "rows_trained_on": card.rows,
            **(decided if card.threshold is not None else {}),
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
