"""The options of ``train`` that are parameters of Autoencoder, Images and Audio, read from their source.

To import them would take seconds.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import Any

import click

from isthmus.apps.cli.command import option
from isthmus.apps.cli.values import READERS, Named, Read, size, widths

HANDLED = ("variant", "data", "callbacks", "warm_start", "verbose")
"""Parameters that other options stand for."""

OF_ARRAYS = ("channels_first", "image_shape", "dtype", "kind")
"""Parameters of Images that are about arrays, or learnt."""

OF_TRAINING = (
    *("latent_dim", "epochs", "batch_size", "learning_rate", "schedule", "validation_fraction", "patience"),
    *("weight_decay", "average", "precision", "device"),
)
"""Parameters of Autoencoder that commands with a model of their own let choose; defaults are those of that model."""

LEARNT = ("learnt",)
"""The parameter of Audio that is learnt."""

SECTIONS = {"latent_dim": "Model", "net": "Model", "condition": "Model"}
IMAGES, SOUNDS = "Images", "Sounds"

NETS = (
    *("mlp", "conv", "feature-map", "lapped", "lapped-transform", "unet", "spectral"),
    *("linear", "ensemble", "masked-ensemble"),
)

WORDS = {
    "net": f"{', '.join(NETS)}, or the widths of an mlp's layers such as 512,256,128; default: by the data",
    "condition": "What encoder and decoder get beside the row, without reconstructing it: y (the labels), or columns "
    "of the table, a,b …",
    "precision": "In which matrix products are computed; auto: chosen from the processor and the sizes",
    "random_state": "The same seed gives the same model",
    "resize": "Bring every image to this size in pixels: 128, or width x height as in 128x96",
}
"""Help that differs from what the docstring says to users of Python."""

FLAGS = {"random_state": "--seed"}

DEFAULTS = {"random_state": 0}


@dataclass(frozen=True)
class Setting:
    """A parameter of Autoencoder: its name, its type hint as text, its default, and what the docstring says."""

    name: str
    hint: str
    default: Any
    type: str
    help: str


@cache
def settings() -> dict[str, Setting]:
    """Return the parameters of Autoencoder that options stand for, by name."""
    return _parameters("isthmus.estimators.autoencoder", "Autoencoder", HANDLED)


@cache
def image_settings() -> dict[str, Setting]:
    """Return the parameters of Images that options stand for, by name."""
    return _parameters("isthmus.data.images.images", "Images", OF_ARRAYS)


@cache
def audio_settings() -> dict[str, Setting]:
    """Return the parameters of Audio that options stand for, by name."""
    return _parameters("isthmus.data.audio.audio", "Audio", LEARNT)


def _parameters(module: str, name: str, handled: Sequence[str]) -> dict[str, Setting]:
    """Return the parameters of a class, but for those that are handled elsewhere."""
    tree = ast.parse(_head(_source(module), name))
    cls = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    init = next(node for node in cls.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    documented = _documented(ast.get_docstring(cls) or "")
    own = [(name, hint, default) for name, hint, default in _signature(init) if name not in handled]
    return {name: Setting(name, hint, default, *documented[name]) for name, hint, default in own}


def _head(source: str, name: str) -> str:
    """Return a class up to the signature of its constructor; to parse the whole file would take 20 ms."""
    head = re.search(rf"^class {name}\b.*?^    def __init__\(.*?-> None:\n", source, re.M | re.S)
    assert head is not None
    return f"{head[0]}        pass\n"


def _source(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    with open(spec.origin, encoding="utf-8") as file:
        return file.read()


def _signature(function: ast.FunctionDef) -> list[tuple[str, str, Any]]:
    """Return name, type hint and default of each parameter that has a default."""
    spec = function.args
    placed = spec.args[len(spec.args) - len(spec.defaults) :]
    pairs = [*zip(placed, spec.defaults, strict=True), *zip(spec.kwonlyargs, spec.kw_defaults, strict=True)]
    return [(a.arg, ast.unparse(a.annotation), ast.literal_eval(d)) for a, d in pairs if a.annotation and d]


def _documented(docstring: str) -> dict[str, tuple[str, str]]:
    """Return type and description of each parameter in the section Parameters of a numpydoc docstring."""
    section = docstring.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    entries = re.findall(r"^(\w+) : (.*)\n((?:    .*\n?)+)", section, re.M)
    return {name: (kind, " ".join(text.split())) for name, kind, text in entries}


def setting_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each parameter of Autoencoder, Images and Audio; what is not typed is None."""
    for setting in reversed(audio_settings().values()):
        function = _option(setting, SOUNDS)(function)
    function = image_options(function)
    for setting in reversed(settings().values()):
        function = _option(setting, SECTIONS.get(setting.name, "Training"))(function)
    return function


def training_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that trains a model of its own an option for each of `OF_TRAINING`; what is not typed is None."""
    for name in reversed(OF_TRAINING):
        known = settings()[name]
        setting = replace(known, default=None, help=re.sub(r"; None:.*", "", known.help))
        function = _option(setting, "Training")(function)
    return function


def image_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each parameter of Images; what is not typed is None."""
    for setting in reversed(image_settings().values()):
        function = _option(setting, IMAGES)(function)
    return function


def _option(setting: Setting, section: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    flag = FLAGS.get(setting.name, "--" + setting.name.replace("_", "-"))
    about: dict[str, Any] = {"default": None, "help": _help(setting), "section": section}
    if setting.hint == "bool":
        return option(flag, setting.name, is_flag=True, flag_value=True, type=bool, **about)
    return option(flag, setting.name, type=_type(setting), **about)


def _type(setting: Setting) -> click.ParamType:
    if setting.name == "net":
        return Read(["NET"], [widths, str], NETS)
    if setting.name == "resize":
        return Read(["SIZE"], [size])
    if setting.type.startswith("{"):
        return Named(re.findall(r'"(.*?)"', setting.type.partition("}")[0]))
    kind = {"random_state": "int"}.get(setting.name, setting.hint.removesuffix(" | None"))
    name, reader = {"int": READERS[int], "float": READERS[float]}.get(kind, READERS[str])
    return Read([name], [reader])


def _help(setting: Setting) -> str:
    """Return the docstring's words, as the command line would say them."""
    default = DEFAULTS.get(setting.name, setting.default)
    said = WORDS.get(setting.name) or re.sub(r"[`\"]", "", setting.help).replace("None:", "default:").rstrip(".")
    return said if default is None or default is False else f"{said} [{default}]"
