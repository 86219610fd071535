"""What is typed as ``--over``: the values of each parameter that is tuned."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.knobs import knobs
from isthmus.apps.cli.settings import settings
from isthmus.support.errors import unknown

if TYPE_CHECKING:
    from isthmus.tasks.tuning.space import Space

NEXT = re.compile(r",(?=\s*[A-Za-z][\w-]*\s*=)")
"""The comma before the next parameter: others stand inside of values."""
ENDS = re.compile(r"(?P<low>.+?)\.\.(?P<high>.+)")

Typed = dict[str, str]


class Over(click.ParamType):
    """``NAME=LOW..HIGH,NAME=A|B|C``: a range or choices for each parameter."""

    name = "NAME=VALUES,..."

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what stands for the value in the help."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Typed:
        """Return the text of each parameter's values."""
        if isinstance(value, dict):
            return value
        pairs = [pair.partition("=") for pair in NEXT.split(str(value))]
        for name, equals, values in pairs:
            if not (name.strip() and equals and values.strip()):
                self.fail(f"{value!r}: expected {self.name}, such as latent_dim=2..64,variant=plain|denoising", param)
        return {name.strip().lstrip("-").replace("-", "_"): values.strip() for name, _, values in pairs}


def spaces(typed: Typed, params: dict[str, click.Parameter]) -> dict[str, Space]:
    """Return the space of each parameter, under the name that `set_params` has for it.

    Parameters
    ----------
    typed : dict of str
    params : dict of click.Parameter
        The options, by name: they say how values are read.

    Raises
    ------
    click.UsageError
        There is no such parameter, or it has no such values.
    """
    return {_parameter(name): _space(name, text, params) for name, text in typed.items()}


def _parameter(name: str) -> str:
    """Return the name that `set_params` has for an option."""
    if name == "scale":
        return "data__scale"
    if name in knobs():
        return f"variant__{name}"
    known = ["variant", *settings(), *knobs(), "scale"]
    if name not in known:
        raise click.UsageError(f"--over: {unknown('parameter', name, known)}")
    return name


def _space(name: str, text: str, params: dict[str, click.Parameter]) -> Space:
    from isthmus.tasks.tuning.space import Choices, Range

    ends = ENDS.fullmatch(text)
    if ends is None:
        labels = [part.strip() for part in text.split("|")]
        return Choices([_value(name, label, params) for label in labels], labels)
    low, high = (_value(name, ends[end].strip(), params) for end in ("low", "high"))
    if not all(isinstance(end, (int, float)) for end in (low, high)):
        raise click.UsageError(f"--over {name}={text}: a range is one of numbers; choices are written {name}=A|B")
    return Range(low, high)


def _value(name: str, text: str, params: dict[str, click.Parameter]) -> Any:
    try:
        return params[name].type.convert(text, params[name], None)
    except click.BadParameter as error:
        raise click.UsageError(f"--over {name}={text}: {error.message}") from error
