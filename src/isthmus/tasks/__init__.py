"""Tasks: what users want to do with an autoencoder. `load` returns the class that was saved."""

from __future__ import annotations

import importlib
import os
import pkgutil
from typing import Any


def load_all() -> None:
    """Import every task once, so that its estimator is registered."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)


def load(path: str | os.PathLike[str]) -> Any:
    """Read a model file: an Autoencoder, or the task saved in it.

    Parameters
    ----------
    path : str or PathLike
        A ``.safetensors`` file that ``save`` wrote. No code from it is run.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is broken, not from isthmus, or needs something that is not installed.
    """
    load_all()
    from isthmus.core import store
    from isthmus.core.part import lookup
    from isthmus.support.errors import FileFormatError, InputError

    root, _ = store.read(path)
    name = root.get("part")
    if not isinstance(name, str) or not name.startswith("estimator/"):
        raise FileFormatError(
            f"{str(path)!r} is a {name or root.get('kind', 'file')!r}, not a model: it cannot be loaded as one"
        )
    try:
        cls: Any = lookup(name)
        return cls.load(path)
    except InputError as error:
        raise FileFormatError(f"{str(path)!r} cannot be loaded: {error}") from error
