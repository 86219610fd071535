"""The cost of importing, and of `--help`.

Medians over processes, taken in turn. The time of an import is that of the process minus that of one that does nothing;
the time of `--help` is that of the whole process, including Python's own start, for `isthmus` and each of its commands.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from benchmarks.support.figures import Figure, Result
from benchmarks.support.timing import in_turn, spreads, timed
from isthmus.apps.cli.main import MODULES

HEAVY = ("torch", "numpy", "sklearn", "pandas")
LIBRARIES = "import torch, sklearn"


def run(quick: bool) -> Result:
    helps = {f"isthmus {command} --help".replace("  ", " "): help_code(command) for command in ("", *MODULES)}
    codes = {
        "nothing": "pass",
        "import isthmus": "import isthmus",
        LIBRARIES: LIBRARIES,
        "from isthmus import Autoencoder": "from isthmus import Autoencoder",
        **helps,
    }
    measured = in_turn(1 if quick else 7, {name: lambda code=code: process(code) for name, code in codes.items()})
    seconds = {name: median(values) for name, values in measured.items()}
    slowest = max(helps, key=lambda name: seconds[name])
    bare, libraries = seconds["nothing"], seconds[LIBRARIES]
    figures = [
        Figure("`import isthmus`", seconds["import isthmus"] - bare, "s", most=0.05),
        Figure(f"slowest help, `{slowest}`", seconds[slowest], "s", most=0.3),
        Figure(f"helps that import any of {', '.join(HEAVY)}", sum(map(heavy, helps.values())), most=0),
        Figure(
            f"`from isthmus import Autoencoder` less `{LIBRARIES}`",
            seconds["from isthmus import Autoencoder"] - libraries,
            "s",
            most=0.5,
        ),
        Figure(f"`{LIBRARIES}`", libraries - bare, "s"),
        Figure("Python's own start", bare, "s"),
    ]
    return Result(figures, details=spreads(measured))


def help_code(command: str) -> str:
    arguments = [*command.split(), "--help"]
    return f"from isthmus.apps.cli.main import main; main({arguments}, standalone_mode=False)"


def process(code: str) -> float:
    return timed(lambda: python(code))[0]


def heavy(code: str) -> bool:
    """Tell whether code imports a library that takes long."""
    loaded = python(f"{code}\nimport sys\nprint('loaded', *sys.modules)").splitlines()[-1].split()
    return not set(HEAVY).isdisjoint(loaded)


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
