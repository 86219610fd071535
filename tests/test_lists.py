"""Sentences that list what there is name all of it: variants, nets, kinds of data, scales, scores."""

import inspect
import re
import tomllib
from pathlib import Path

import pytest

import isthmus
from isthmus.apps.cli.main import main
from isthmus.apps.cli.settings import WORDS
from isthmus.core.part import lookup, names
from isthmus.data.infer import KINDS
from isthmus.data.tables.scale_names import SCALES
from isthmus.parts.catalogue import load_all
from isthmus.variants import variants

load_all()

ROOT = Path(__file__).parents[1]
DATA = list(KINDS)
PLURALS = [{"audio": "sounds"}.get(name, name if name.endswith("s") else f"{name}s") for name in DATA]


def entry(cls, parameter):
    """Return what a numpydoc docstring says of one parameter."""
    return re.search(rf"^{parameter} : .*\n(?:    .*\n)+", inspect.getdoc(cls) + "\n", re.M)[0]


def listed(text):
    """Return the names in double quotes."""
    return set(re.findall(r'"([\w-]+)"', text))


@pytest.mark.parametrize(
    ("cls", "parameter", "known"),
    [
        (isthmus.Autoencoder, "variant", variants()),
        (isthmus.Autoencoder, "net", names("net")),
        (isthmus.Autoencoder, "data", DATA),
        (isthmus.AnomalyDetector, "scorer", names("score")),
        (isthmus.Table, "scale", SCALES),
    ],
)
def test_a_docstring_lists_all_names(cls, parameter, known):
    assert set(known) <= listed(entry(cls, parameter))


def option(command, name):
    return next(param for param in main.get_command(None, command).params if param.name == name)


def test_help_lists_all_names():
    assert option("train", "variant").type.choices == tuple(variants())
    assert option("train", "scale").type.choices == tuple(SCALES)
    assert set(names("net")) <= set(re.findall(r"[\w-]+", WORDS["net"]))
    without_labels = {name for name in names("score") if not lookup(f"score/{name}").needs_known}
    assert without_labels <= set(re.findall(r"[\w-]+", option("detect", "scorer").help))


@pytest.mark.parametrize(
    "text",
    [
        main.help,
        isthmus.__doc__,
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["description"],
        (ROOT / "mkdocs.yml").read_text(),
        (ROOT / "README.md").read_text(),
        (ROOT / "docs" / "index.md").read_text(),
    ],
    ids=["help", "package", "pyproject", "mkdocs", "README", "home page"],
)
def test_the_first_sentence_names_every_kind_of_data(text):
    sentence = next(line for line in re.split(r"\.\s", text.replace("\n", " ")) if "utoencoders" in line)
    assert [name for name in PLURALS if name not in sentence] == []
