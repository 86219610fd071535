"""The catalogue: imports every module of parts/ so that all its parts are registered, and those of core."""

import functools
import importlib
import pkgutil

import isthmus.core.objective
import isthmus.parts


@functools.cache
def load_all() -> None:
    """Import every module under parts/ once."""
    for module in pkgutil.walk_packages(isthmus.parts.__path__, "isthmus.parts."):
        importlib.import_module(module.name)
