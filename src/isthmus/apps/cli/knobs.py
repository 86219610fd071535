"""The options of ``train`` that are knobs of the variants, made from the fields of the variants themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, fields
from functools import cache
from inspect import signature
from typing import Any, get_args, get_type_hints

import click

from isthmus import variants
from isthmus.apps.cli.command import option
from isthmus.apps.cli.values import SCHEDULE, type_of

SECTION = "Knobs of the variants"


@cache
def knobs() -> dict[str, dict[str, Field[Any]]]:
    """Return the field of each variant that has it, by the name of the field."""
    knob_fields: dict[str, dict[str, Field[Any]]] = {}
    for variant, cls in variants.variants().items():
        for field in fields(cls):
            knob_fields.setdefault(field.name, {})[variant] = field
    return dict(sorted(knob_fields.items(), key=lambda item: -len(item[1])))


def hint_of(knob: str) -> Any:
    """Return the type hint of a knob; variants that share a knob share its type."""
    first = next(iter(knobs()[knob]))
    return get_type_hints(variants.variants()[first])[knob]


def flag(knob: str) -> str:
    """Return how a knob is typed."""
    return "--" + knob.replace("_", "-")


def knob_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each knob; what is not typed is None."""
    for knob in reversed(knobs()):
        kind = type_of(hint_of(knob))
        name = f"{flag(knob)}/--no-{flag(knob)[2:]}" if kind is bool else flag(knob)
        function = option(name, knob, type=kind, default=None, help=_help(knob), section=SECTION)(function)
    return function


def _help(knob: str) -> str:
    """Return the help of a knob: what it does in each variant that has it, and its default."""
    holders = knobs()[knob]
    if len(holders) == len(variants.variants()):
        return f"every variant: {_says(next(iter(holders.values())))}"
    example = "; a schedule is typed as in warmup:1.0,0.3" if SCHEDULE in get_args(hint_of(knob)) else ""
    return "; ".join(f"{name}: {_says(field)}" for name, field in holders.items()) + example


def _says(field: Field[Any]) -> str:
    help: str = field.metadata["help"]
    return help if field.default is None or isinstance(field.default, bool) else f"{help} [{_typed(field.default)}]"


def _typed(value: object) -> str:
    """Return a value as it is typed.

    Examples
    --------
    >>> _typed((0.05, 0.8))
    '0.05,0.8'
    """
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def schedules() -> str:
    """Return how each schedule is typed."""
    known = variants.schedules().items()
    return "  ".join(f"{name}:{','.join(signature(cls).parameters).upper()}" for name, cls in known)


def chosen(variant: str, values: dict[str, Any]) -> Any:
    """Return the variant with the knobs that were typed.

    Raises
    ------
    click.UsageError
        The variant has no such knob.
    """
    cls = variants.variant(variant)
    own = [knob for knob, holders in knobs().items() if variant in holders]
    for knob in values:
        if knob not in own:
            raise click.UsageError(
                f"the variant {variant!r} has no {flag(knob)} (that is of: {', '.join(knobs()[knob])}); "
                f"it has {', '.join(map(flag, own))}"
            )
    return cls(**values)
