"""Names of other libraries' detectors that would mislead here: using one raises an error that names ours."""

from __future__ import annotations

from typing import Any


class Elsewhere:
    """An attribute that other libraries have, and that this one has not.

    ``hasattr`` is False, as scikit-learn expects of a missing method.

    Parameters
    ----------
    remedy : str
        What to use instead, and why.
    """

    def __init__(self, remedy: str) -> None:
        self.remedy = remedy

    def __set_name__(self, owner: type, name: str) -> None:
        self.__doc__ = f"Not here: {self.remedy}."
        self.name = name

    def __get__(self, instance: object, owner: type) -> Any:
        """Raise an error that names the remedy.

        Raises
        ------
        AttributeError
            Always, of an instance.
        """
        if instance is None:
            return self
        raise AttributeError(f"{owner.__name__} has no {self.name}: {self.remedy}", name=self.name, obj=instance)
