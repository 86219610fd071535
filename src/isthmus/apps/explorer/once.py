"""Once: properties that one thread computes on first use."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):
    """A property that is computed once for each object; other threads wait for it.

    Examples
    --------
    >>> class Answer:
    ...     @once
    ...     def value(self):
    ...         print("computed")
    ...         return 42
    >>> answer = Answer()
    >>> answer.value + answer.value
    computed
    84
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute, self.name, self.lock = compute, compute.__name__, RLock()
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, kind: Any) -> once[T]: ...
    @overload
    def __get__(self, owner: Any, kind: Any) -> T: ...
    def __get__(self, owner: Any, kind: Any = None) -> once[T] | T:
        """Return the value."""
        if owner is None:
            return self
        entry = owner.__dict__
        if self.name not in entry:
            with self.lock:
                if self.name not in entry:
                    entry[self.name] = self.compute(owner)
        value: T = entry[self.name]
        return value
