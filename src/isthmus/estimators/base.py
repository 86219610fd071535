"""The base of all estimators: parameters nested in parts and variants, and saving."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection
from typing import Any, ClassVar, Self

from isthmus.core import part as parts
from isthmus.core import store
from isthmus.estimators.card import Card
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import FileFormatError, InputError, unknown


class Persistent:
    """Mixin for scikit-learn estimators: nested parameters of parts, and one safe file.

    ``PART_KINDS`` of a subclass maps each parameter that may be a name to its kind of part.
    """

    PART_KINDS: ClassVar[dict[str, str]] = {}
    UNSAVED: ClassVar[tuple[str, ...]] = ("callbacks", "random_state", "device")
    """Parameters that are not written: they are code, a stream of numbers, or belong to a machine."""
    compresses: ClassVar[bool] = False
    """Whether ``compress`` writes a row as a small file of any quality, which ``decompress`` reads."""
    part_name: ClassVar[str]

    # -- parameters ----------------------------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; deep: those of parts and nested estimators too, as ``variant__beta``."""
        params = {name: getattr(self, name) for name in self._names()}
        if not deep:
            return params
        nested = {}
        for name, value in params.items():
            for key, inner in _inner(self._resolved(name, value)).items():
                nested[f"{name}__{key}"] = inner
        return {**params, **nested}

    def set_params(self, **params: Any) -> Self:
        """Set parameters; a nested one replaces its part by a new one: ``set_params(variant__beta=4)``."""
        own, nested = _sorted_out(params, self._names(), type(self).__name__)
        for name, value in own.items():
            setattr(self, name, value)
        for name, changes in nested.items():
            setattr(self, name, _changed(self._resolved(name, getattr(self, name)), changes, name))
        return self

    @classmethod
    def _names(cls) -> list[str]:
        """Return the names of the constructor's arguments, as scikit-learn finds them."""
        names: list[str] = cls._get_param_names()  # type: ignore[attr-defined]  # of BaseEstimator, beside this mixin
        return names

    def _resolved(self, name: str, value: object) -> Any:
        kind = self.PART_KINDS.get(name, "")
        return parts.resolve(kind, value) if parts.stands_for_a_part(kind, value) else value

    # -- what it is ----------------------------------------------------------------------------------------------

    def card(self) -> Card:
        """Return a description of the fitted estimator."""
        raise NotImplementedError

    # -- the file ------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the fitted state: a flat dict of tensors and JSON."""
        raise NotImplementedError

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a result of `state`."""
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str], half: bool = False) -> None:
        """Write the fitted estimator to one .safetensors file; an existing file is replaced only once it is complete.

        Parameters
        ----------
        path : path
        half : bool, default False
            Write weights of layers as float16: half the size, and results that differ in about the fourth digit.

        Raises
        ------
        InputError
            The path cannot be written, or a parameter cannot be described.
        sklearn.exceptions.NotFittedError
            The estimator is not fitted.
        """
        root, tensors = packed(self)
        store.write(path, root, store.halved(tensors) if half else tensors)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read an estimator that `save` wrote, without running any code from the file.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        FileFormatError
            The file is broken, not from isthmus, or holds another estimator.
        """
        root, tensors = store.read(path)
        if root.get("part") != cls.part_name:
            content = root.get("part", root.get("kind"))
            raise FileFormatError(f"{str(path)!r} holds {content!r}, not {cls.part_name!r}: use isthmus.load")
        load_all()  # an error in there is none of the file's
        with store.refused_if_broken(path):
            estimator: Self = unpacked(root, tensors)
        return estimator


def packed(estimator: Persistent) -> tuple[dict[str, Any], store.Tensors]:
    """Return a fitted estimator as plain JSON and tensors, for `unpacked`."""
    from torch import Tensor

    state = estimator.state()
    tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    plain = {name: value for name, value in state.items() if name not in tensors}
    return {**parts.describe(estimator), "state": plain}, tensors


def unpacked(root: dict[str, Any], tensors: store.Tensors) -> Any:
    """Return the fitted estimator that `packed` described."""
    cls: Any = parts.lookup(root["part"])
    arguments = {name: value for name, value in root["arguments"].items() if name not in cls.UNSAVED}
    estimator = cls(**{name: parts.build(value) for name, value in arguments.items()})
    estimator.restore({**root["state"], **tensors})
    return estimator


def take_names(estimator: Any, known: Any) -> None:
    """Copy the number and the names of the columns from a fitted estimator to the one that contains it."""
    for name in ("n_features_in_", "feature_names_in_"):
        estimator.__dict__.pop(name, None)
        if hasattr(known, name):
            setattr(estimator, name, getattr(known, name))


def any_cells(tags: Any) -> Any:
    """Return scikit-learn's tags with everything allowed in a table: missing cells, categories, text, sparse."""
    tags.input_tags.allow_nan = True
    tags.input_tags.categorical = True
    tags.input_tags.string = True
    tags.input_tags.sparse = True
    return tags


def nested(prefix: str, estimator: Persistent) -> dict[str, Any]:
    """Return the state of an estimator inside another one's, all names under a prefix."""
    root, tensors = packed(estimator)
    return {prefix: root, **{f"{prefix}.{name}": tensor for name, tensor in tensors.items()}}


def unnested(prefix: str, state: dict[str, Any]) -> Any:
    """Return the fitted estimator that `nested` put into a state."""
    return unpacked(state[prefix], under(prefix, state))


def under(prefix: str, state: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of a state under a prefix, without the prefix."""
    start = f"{prefix}."
    return {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}


def _inner(value: object) -> dict[str, Any]:
    """Return the parameters of a part or an estimator, with nested ones."""
    if hasattr(value, "get_params") and not isinstance(value, type):
        return dict(value.get_params(deep=True))
    if not parts.is_part(value):
        return {}
    inner_parameters = dict(parts.arguments(value))
    for name, inner in list(inner_parameters.items()):
        inner_parameters.update({f"{name}__{key}": v for key, v in _inner(inner).items()})
    return inner_parameters


def _changed(value: object, changes: dict[str, Any], where: str) -> Any:
    """Return a part constructed anew with some arguments changed; an estimator is changed in place."""
    if hasattr(value, "set_params"):
        return value.set_params(**changes)
    if not parts.is_part(value):
        raise InputError(f"{where}={value!r} has no parameters, so {where}__{next(iter(changes))} cannot be set")
    arguments = parts.arguments(value)
    own, nested = _sorted_out(changes, arguments, where)
    arguments.update(own)
    for name, further in nested.items():
        arguments[name] = _changed(arguments[name], further, f"{where}__{name}")
    return type(value)(**arguments)


def _sorted_out(
    changes: dict[str, Any], known: Collection[str], where: str
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the changes of the parameters, and of those nested in each; raise an error for an unknown name."""
    own: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = defaultdict(dict)
    for key, value in changes.items():
        name, _, inner = key.partition("__")
        if name not in known:
            raise InputError(unknown(f"parameter of {where}", name, known, "parameter"))
        if inner:
            nested[name][inner] = value
        else:
            own[name] = value
    return own, nested
