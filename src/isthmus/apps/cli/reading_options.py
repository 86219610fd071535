"""The options that say how a table in a file is to be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.command import option

if TYPE_CHECKING:
    from isthmus import Autoencoder
    from isthmus.data.io.reading import Reading

Typed = Mapping[str, Any]
"""What was typed of these options, by the names of the fields of `Reading`."""

SECTION = "Tables"


class Names(click.ParamType):
    """Names of columns, separated by commas."""

    name = "A,B,…"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what stands for the value in the help."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _is_format(form: str) -> bool:
    from isthmus.data.tables.dates import EPOCHS, ISO

    return "%" in form or form in (ISO, *EPOCHS)


@dataclass(frozen=True)
class OfColumn(click.ParamType):
    """``COLUMN=VALUE``.

    Attributes
    ----------
    name : str
        What stands for the value in the help.
    examples : str
    fits : callable
        Tells whether a value can be right.
    """

    name: str
    examples: str
    fits: Callable[[str], bool] = bool

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what stands for the value in the help."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return the column and its value."""
        column, sign, one = value.rpartition("=") if isinstance(value, str) else (value[0], "=", value[1])
        if not (sign and column and one and self.fits(one)):
            self.fail(f"{value!r} is no {self.name}, such as {self.examples}", param, ctx)
        return column, one


DATE_FORMAT = OfColumn("COLUMN=FORMAT", "day=%d.%m.%Y or day=ISO8601", _is_format)
UNIT = OfColumn("COLUMN=UNIT", "rate=% or price=$ or amount=none")

OPTIONS: tuple[tuple[str, Any], ...] = (
    ("--drop", {"type": Names(), "help": "Columns to leave out, such as numbers of rows and free text"}),
    ("--only", {"type": Names(), "help": "Leave out all columns but these, --label and --keep"}),
    (
        "--dates",
        {
            "type": DATE_FORMAT,
            "multiple": True,
            "help": "The format of a column of dates, as strptime has it: day=%d/%m/%Y; or ISO8601, epoch "
            "(seconds since 1970), epoch-ms; may be repeated [recognised]",
        },
    ),
    (
        "--units",
        {
            "type": UNIT,
            "multiple": True,
            "help": "The unit of a column of numbers, %, $, € … or none, whatever its cells show; may be repeated "
            "[recognised]",
        },
    ),
    (
        "--missing",
        {
            "metavar": "TEXT",
            "multiple": True,
            "help": "Cells to take for gaps, such as -999, beside -, n/a, ? and the like; may be repeated",
        },
    ),
    ("--text", {"type": Names(), "help": "Columns to read as text even if they look like numbers or dates"}),
    ("--decimal", {"type": click.Choice([".", ","]), "help": "The decimal mark of a file of text [recognised]"}),
    ("--encoding", {"metavar": "NAME", "help": "The encoding of a file of text, such as cp1252 [recognised]"}),
    (
        "--skip-rows",
        {"type": click.IntRange(min=0), "metavar": "N", "help": "Lines above the table to leave out [lines with #]"},
    ),
    (
        "--header/--no-header",
        {
            "default": None,
            "help": "Whether the first line names the columns, else column_0, column_1 … are their names [recognised]",
        },
    ),
)
"""The flags, and what click is to know of them."""

PREFIX = "table_"
"""What the names of these parameters begin with, since commands have others of such names."""
FIELDS = tuple(flag.partition("/")[0].lstrip("-").replace("-", "_") for flag, _ in OPTIONS)


def reading_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options on reading tables; what was typed arrives as ``reading``."""

    @wraps(function)
    def wrapped(**typed: Any) -> Any:
        asked = {name: typed.pop(PREFIX + name) for name in FIELDS}
        return function(reading={name: value for name, value in asked.items() if value or value is False}, **typed)

    decorated: Callable[..., Any] = wrapped
    for (flag, about), name in zip(reversed(OPTIONS), reversed(FIELDS), strict=True):
        decorated = option(flag, PREFIX + name, section=SECTION, **about)(decorated)
    return decorated


def after(model: Autoencoder | None, typed: Typed, *unchanged: str | None) -> Reading:
    """Return how to read a table, for a model if there is one.

    Parameters
    ----------
    model : Autoencoder or None
        Fitted.
    typed : mapping
        What `reading_options` gave.
    *unchanged : str or None
        Columns whose cells are not converted.
    """
    from isthmus.data.io.reading import Reading

    lists = ("drop", "only", "missing", "text")
    fields: dict[str, Any] = {name: tuple(value) if name in lists else value for name, value in typed.items()}
    maps = {name: dict(typed.get(name, ())) for name in ("dates", "units")}
    reading = Reading(**{**fields, **maps}).also(unchanged)
    return reading if model is None else reading.after(model.data_, model.info_.get("reading", {}))


def reading_of(model: Autoencoder) -> Reading:
    """Return how the rows were read that a model was trained on."""
    from isthmus.data.io.reading import Reading

    return Reading.of(model.info_.get("reading", {}))


def remember(model: Autoencoder, reading: Reading | None) -> None:
    """Keep with a model how the rows were read that it was trained on."""
    if reading is not None and (kept := reading.merged().kept()):
        model.info_ = {**model.info_, "reading": kept}
