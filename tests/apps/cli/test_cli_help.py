"""What can be typed: options that follow from variants and estimator, and help that is there at once."""

import inspect
import os
import subprocess
import sys
from dataclasses import fields
from typing import get_type_hints

import pytest

from isthmus import Autoencoder
from isthmus.apps.cli.knobs import knobs, schedules
from isthmus.apps.cli.main import MODULES, main
from isthmus.apps.cli.settings import DEFAULTS, HANDLED, settings
from isthmus.apps.cli.train import train
from isthmus.variants import variants

HEAVY = ("torch", "numpy", "scipy", "sklearn", "pandas", "pyarrow", "matplotlib", "narwhals")
OPTIONS = {param.name: param for param in train.params}


@pytest.mark.parametrize("command", ["", *MODULES])
def test_help_imports_nothing_heavy(command):
    code = f"""
import sys
from isthmus.apps.cli.main import main
main({[*command.split(), "--help"]}, standalone_mode=False)
print(*({HEAVY!r} & sys.modules.keys()), file=sys.stderr)
""".replace(repr(HEAVY), repr(set(HEAVY)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0 and "Usage:" in done.stdout
    assert done.stderr.split() == []


@pytest.mark.parametrize("command", MODULES)
def test_the_help_says_of_every_command_what_its_own_help_says(isthmus, command):
    line = next(line for line in isthmus("--help").out.splitlines() if line.startswith(f"  {command} "))
    assert line.split(maxsplit=1)[1] == main.get_command(None, command).get_short_help_str(limit=200)
    assert line.rstrip().endswith(".") and not line.rstrip().endswith("...")


def test_the_help_imports_no_command():
    code = "import sys; from isthmus.apps.cli.main import main; main(['--help'], standalone_mode=False); "
    code += "print('isthmus.apps.cli.train' in sys.modules, file=sys.stderr)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr.split() == ["False"]


@pytest.mark.parametrize("name", variants())
def test_every_field_of_every_variant_is_an_option(name):
    for field in fields(variants()[name]):
        assert field.name in OPTIONS
        assert field.metadata["help"] in OPTIONS[field.name].help
        assert OPTIONS[field.name].default is None


def test_variants_that_share_a_knob_share_its_type():
    for knob, holders in knobs().items():
        assert len({str(get_type_hints(variants()[name])[knob]) for name in holders}) == 1, knob


def test_knobs_and_settings_do_not_share_names():
    assert not knobs().keys() & settings().keys()


def test_every_parameter_of_the_estimator_is_an_option():
    signature = inspect.signature(Autoencoder).parameters
    assert set(settings()) == set(signature) - set(HANDLED)
    for name, setting in settings().items():
        assert setting.default == signature[name].default
        default = DEFAULTS.get(name, setting.default)
        assert default is None or f"[{default}]" in OPTIONS[name].help


def test_help_is_in_sections_and_shows_no_markup(isthmus):
    text = isthmus("train", "--help").out
    for heading in ("In and out:", "Model:", "Training:", "Knobs of the variants:", "Files:", "Options:"):
        assert f"\n{heading}\n" in text
    assert "``" not in text and "None:" not in text
    assert "Python" not in text and "Warmup(" not in text
    assert "[0.05,0.8]" in text and "warmup:1.0,0.3" in OPTIONS["beta"].help
    assert schedules().split()[1] in text


TYPED = {
    "likelihood": ("absolute", "absolute"),
    "block": ("4", 4),
    "corruption": ("patch-masking", "patch-masking"),
    "level": ("0.1,0.6", (0.1, 0.6)),
    "members": ("2", 2),
    "balance": ("1.5", 1.5),
    "category_weight": ("2", 2.0),
    "emphasis": ("3", 3.0),
    "penalty": ("kl", "kl"),
    "weight": ("0.25", 0.25),
    "target": ("0.1", 0.1),
    "k": ("2", 2),
    "exact": (None, True),
    "beta": ("warmup:2,0.5", 1.0),
    "free_bits": ("0.5", 0.5),
    "binarize": (None, True),
    "step": ("0.05,0.3", (0.05, 0.3)),
    "trade": ("0.2", 0.2),
    "entropy": ("factorized", "factorized"),
    "width": ("32", 32),
}


@pytest.mark.parametrize(("variant", "knob"), [(name, knob) for knob, holders in knobs().items() for name in holders])
def test_what_is_typed_reaches_the_variant(variant, knob, isthmus, tmp_path, monkeypatch):
    """Every knob that there is must be tried here: a new one has no entry in TYPED."""
    made = []
    monkeypatch.setattr("isthmus.apps.cli.train._fit", lambda model, *_: made.append(model.variant) or 1 / 0)
    text, expected = TYPED[knob]
    flag = "--" + knob.replace("_", "-")
    typed = [flag] if text is None else [flag, text]
    with pytest.raises(ZeroDivisionError):
        isthmus("train", "digits", "-o", tmp_path / "m", "--variant", variant, *typed)
    value = getattr(made[0], knob)
    assert (value(0.25) if callable(value) else value) == expected
    assert made[0] == type(made[0])(**{knob: value})
