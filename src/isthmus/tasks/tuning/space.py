"""The values that a parameter may take: a range, or some choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Protocol

from isthmus.core.part import is_part, spell
from isthmus.support.errors import InputError

LOGARITHMIC = 100
"""Ratio of the ends of a range from which values are drawn on a logarithmic scale."""
RATES = ("learning_rate", "weight_decay")
"""Parameters whose values are drawn on a logarithmic scale always."""
MAX_GRID = 10_000
"""Combinations beyond which nobody wants all of them."""


class Space(Protocol):
    """The values that a parameter may take."""

    @property
    def numbers(self) -> bool:
        """Whether all are numbers."""
        ...

    def logarithmic(self, name: str) -> bool:
        """Tell whether the values of a parameter are drawn on a logarithmic scale."""
        ...

    def suggest(self, trial: Any, name: str) -> Any:
        """Return a value that a trial of Optuna suggests."""
        ...

    def values(self) -> list[Any] | None:
        """Return all values, as keys for Optuna; None if they cannot be listed."""
        ...

    def value(self, key: Any) -> Any:
        """Return the value of a key of Optuna."""
        ...

    def key(self, value: Any) -> Any:
        """Return the key of a value for Optuna; None if it is outside the space."""
        ...

    def cell(self, value: Any) -> Any:
        """Return a value for a table: numbers and texts unchanged."""
        ...


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; whole ones if both ends are.

    Attributes
    ----------
    low, high : int or float
    log : bool or None, default None
        Whether values are drawn on a logarithmic scale; None: if `high` is at least 100 times `low`, and for rates.
    """

    low: int | float
    high: int | float
    log: bool | None = None

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise InputError(f"the range from {self.low} to {self.high} is empty: the first number must be the smaller")
        if self.log and self.low <= 0:
            raise InputError(f"the range from {self.low} to {self.high} has no logarithmic scale: it begins above 0")

    @property
    def numbers(self) -> bool:
        """Whether all are numbers."""
        return True

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are drawn."""
        return isinstance(self.low, Integral) and isinstance(self.high, Integral)

    def logarithmic(self, name: str) -> bool:
        """Tell whether the values of a parameter are drawn on a logarithmic scale."""
        if self.log is not None or self.low <= 0:
            return bool(self.log)
        return self.high >= LOGARITHMIC * self.low or name.rpartition("__")[2] in RATES

    def suggest(self, trial: Any, name: str) -> int | float:
        """Return a number that a trial suggests."""
        draw = trial.suggest_int if self.whole else trial.suggest_float
        number: int | float = draw(name, self.low, self.high, log=self.logarithmic(name))
        return number

    def values(self) -> list[int] | None:
        """Return the whole numbers, if there are not too many."""
        many = not self.whole or self.high - self.low >= MAX_GRID
        return None if many else list(range(int(self.low), int(self.high) + 1))

    def value(self, key: Any) -> Any:
        """Return the number itself."""
        return key

    def cell(self, value: Any) -> Any:
        """Return the number itself."""
        return value

    def key(self, value: Any) -> Any:
        """Return the number itself, if it is in the range."""
        inside = isinstance(value, (int, float)) and self.low <= value <= self.high
        return value if inside and (isinstance(value, int) or not self.whole) else None


@dataclass(frozen=True)
class Choices:
    """Some values, of any type.

    Attributes
    ----------
    options : sequence
    labels : sequence of str
        What each is called in tables; default: as Python writes it.
    """

    options: Sequence[Any]
    labels: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.options:
            raise InputError("there are no choices: give at least one value")

    @property
    def numbers(self) -> bool:
        """Whether all are numbers."""
        return all(isinstance(option, Real) and not isinstance(option, bool) for option in self.options)

    def logarithmic(self, name: str) -> bool:
        """Choices are drawn on no scale."""
        return False

    @property
    def by_label(self) -> dict[str, Any]:
        """The values by their labels."""
        return dict(zip(self.labels or [label(option) for option in self.options], self.options, strict=True))

    def suggest(self, trial: Any, name: str) -> Any:
        """Return a value that a trial suggests."""
        return self.value(trial.suggest_categorical(name, list(self.by_label)))

    def value(self, key: Any) -> Any:
        """Return the value with a label."""
        return self.by_label[key]

    def cell(self, value: Any) -> Any:
        """Return numbers and texts as they are, and the label of another value."""
        return value if isinstance(value, (int, float, str)) else self.key(value)

    def values(self) -> list[str]:
        """Return the labels."""
        return list(self.by_label)

    def key(self, value: Any) -> str | None:
        """Return the label of a value, if it is among the choices."""
        return next((name for name, option in self.by_label.items() if option == value), None)


def label(value: Any) -> str:
    """Return what a value is called in tables.

    Examples
    --------
    >>> label("plain"), label((64, 32)), label(None)
    ('plain', '64,32', 'None')
    """
    if is_part(value):
        return spell(value)
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def space_of(name: str, values: Any) -> Space:
    """Return the space that a user wrote: (low, high) is a range, a list are choices.

    Raises
    ------
    InputError
        It is neither.

    Examples
    --------
    >>> space_of("latent_dim", (2, 64)), space_of("variant", ["plain", "sparse"]).values()
    (Range(low=2, high=64, log=None), ['plain', 'sparse'])
    """
    if isinstance(values, (Range, Choices)):
        return values
    if isinstance(values, list):
        return Choices(values)
    if isinstance(values, tuple) and len(values) == 2 and all(isinstance(end, Real) for end in values):
        return Range(*values)
    raise InputError(f"over: {name}={values!r}; expected a range (low, high), or a list of choices")


def spaces(over: Mapping[str, Any]) -> dict[str, Space]:
    """Return the space of each parameter.

    Raises
    ------
    InputError
        There are none, or one is no space.
    """
    if not over:
        raise InputError("over is empty: name a parameter to tune, such as over={'latent_dim': (2, 64)}")
    return {name: space_of(name, values) for name, values in over.items()}
