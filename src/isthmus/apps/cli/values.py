"""What the values of options are: click's types made from the type hints of fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin

import click
from click.shell_completion import CompletionItem

from isthmus import variants
from isthmus.support.errors import hint

Reader = Callable[[str], Any]
Number = TypeVar("Number", int, float)

_, SCHEDULE = get_args(variants.Weight)
"""What a weight may be beside a number."""


def number(text: str) -> int | float:
    """Read a number, whole where it has no point.

    Examples
    --------
    >>> number("3"), number("3.0")
    (3, 3.0)
    """
    return int(text) if text.strip("+-").isdigit() else float(text)


def whole(text: str) -> int:
    """Read a whole number.

    Raises
    ------
    ValueError
        It is none.
    """
    return _read(int, text, "a whole number")


def decimal(text: str) -> float:
    """Read a number.

    Raises
    ------
    ValueError
        It is none.
    """
    return _read(float, text, "a number, such as 0.1")


def _read(kind: Callable[[str], Number], text: str, what: str) -> Number:
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError(f"give {what}") from error


def pair(text: str) -> tuple[float, float]:
    """Read ``low,high``.

    Examples
    --------
    >>> pair("0.1,0.6")
    (0.1, 0.6)
    """
    low, high = (float(part) for part in text.split(","))
    return low, high


def schedule(text: str) -> Any:
    """Read a schedule and what it is called with, such as ``warmup:1.0,0.3``.

    Examples
    --------
    >>> schedule("warmup:2.0,0.5")(0.25)
    1.0
    """
    name, _, arguments = text.partition(":")
    return variants.schedule(name)(*(number(part) for part in arguments.split(",") if part))


def widths(text: str) -> tuple[int, ...]:
    """Read widths of layers.

    Examples
    --------
    >>> widths("512,256")
    (512, 256)
    """
    return tuple(int(part) for part in text.split(","))


def size(text: str) -> tuple[int, int]:
    """Read a size, one number or width x height, as (height, width).

    Examples
    --------
    >>> size("128"), size("128x96")
    ((128, 128), (96, 128))
    """
    width, cross, height = text.lower().partition("x")
    return int(height if cross else width), int(width)


READERS: dict[Any, tuple[str, Reader]] = {
    int: ("INTEGER", whole),
    float: ("NUMBER", decimal),
    str: ("TEXT", str),
    tuple: ("LOW,HIGH", pair),
    SCHEDULE: ("SCHEDULE", schedule),
}
"""What is written in the help for a type, and how it is read."""


class Named(click.Choice):
    """A choice of names; the error for an unknown one suggests the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name."""
        if value not in self.choices:
            said = hint(str(param.name) if param else "", value, self.choices)
            self.fail(f"there is no {value!r}{said} Known: {', '.join(self.choices)}", param, ctx)
        return super().convert(value, param, ctx)


class Read(click.ParamType):
    """Text that one of several readers understands; `known` are values that a shell completes."""

    def __init__(self, names: Sequence[str], readers: Sequence[Reader], known: Sequence[str] = ()) -> None:
        self.name, self.readers, self.known = "|".join(names), readers, known

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        """Return the known values that begin as what is typed."""
        return [CompletionItem(value) for value in self.known if value.startswith(incomplete)]

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what stands for the value in the help."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the value; where no reader understands it, say what the last one said."""
        reason: Exception | None = None
        for reader in self.readers if isinstance(value, str) else ():
            try:
                return reader(value)
            except (ValueError, TypeError) as error:
                reason = error
        return self.fail(f"{value!r} is no {self.name.replace('|', ' or ')}: {reason}", param, ctx) if reason else value


def type_of(hint: Any) -> click.ParamType | type[bool]:
    """Return click's type for a type hint.

    Examples
    --------
    >>> type_of(float | None).name, list(type_of(Literal["l1", "kl"] | Any).choices)
    ('NUMBER', ['l1', 'kl'])
    """
    members = [hint, *get_args(hint)]
    for member in members:
        if get_origin(member) is Literal:
            return Named([str(choice) for choice in get_args(member)])
    if bool in members:
        return bool
    readers = [READERS[key] for key in (get_origin(member) or member for member in members) if key in READERS]
    return Read(*zip(*readers, strict=True))
