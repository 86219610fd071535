"""The command, run in this process or in one of its own, and some models to run it on."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from isthmus.apps.cli.main import main


class Done:
    """What a command left: its exit code, what it printed, and that as JSON."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(scope="session")
def isthmus():
    """Give ``isthmus("evaluate", MODEL, …) -> Done``; the exit code must be `code`."""

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="isthmus")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, f"{result.stdout}\n{result.stderr}"
        return Done(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def spawn():
    """Give ``spawn("train", …) -> Popen``: the command in a process of its own, which does not outlive the test."""
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "isthmus", *map(str, arguments)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def wine(folder):
    """A small table of numbers, words, truths and gaps, with labels."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"acid": draw.normal(3, 1, 120), "sugar": draw.normal(100, 20, 120)})
    frame["alcohol"] = 0.1 * frame.sugar + frame.acid
    frame["region"] = draw.choice(["north", "south"], 120)
    frame["organic"] = frame.acid > 3
    frame["kind"] = draw.integers(0, 3, 120)
    frame.loc[5:9, "acid"] = np.nan
    frame.to_csv(folder / "wine.csv", index=False)
    return folder / "wine.csv"


@pytest.fixture(scope="session")
def models(isthmus, folder, wine):
    """Models by name: three of digits, one of a table, two with a condition."""
    quick = ["--epochs", 2, "--latent-dim", 4, "--batch-size", 64, "--net", "linear", "-q"]
    digits = ["train", "digits", "--rows", "0:400"]
    made = {
        "plain": [*digits],
        "variational": [*digits, "--variant", "variational"],
        "denoising": [*digits, "--variant", "denoising", "--corruption", "masking", "--level", "0.1,0.6"],
        "labelled": [*digits, "--condition", "y"],
        "table": ["train", wine, "--label", "kind"],
        "region": ["train", wine, "--label", "kind", "--condition", "region,organic"],
    }
    for name, arguments in made.items():
        isthmus(*arguments, "-o", folder / f"{name}.safetensors", *quick)
    return {name: folder / f"{name}.safetensors" for name in made}
