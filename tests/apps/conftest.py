"""The command, run in this process or in one of its own, and some models to run it on."""

import asyncio
import json
import os
import subprocess
import sys

import httpx
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


class Asgi:
    """An HTTP client of an app in this process: ``.get``, ``.post`` … of httpx, and ``.together`` for many at once."""

    def __init__(self, app, base="http://127.0.0.1:8000"):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.loop, self.http = asyncio.Runner(), httpx.AsyncClient(transport=transport, base_url=base)
        self.lifespan = app.router.lifespan_context(app)
        self.loop.run(self.lifespan.__aenter__())

    def __getattr__(self, method):
        return lambda *path, **options: self.loop.run(getattr(self.http, method)(*path, **options))

    def together(self, *requests):
        async def send():
            return await asyncio.gather(*(self.http.request(*path, **options) for path, options in requests))

        return self.loop.run(send())

    def end(self):
        self.loop.run(self.http.aclose())
        self.loop.run(self.lifespan.__aexit__(None, None, None))
        self.loop.close()


@pytest.fixture(scope="module")
def asgi():
    """Give ``asgi(app) -> Asgi``."""
    clients = []

    def start(app, **options):
        clients.append(Asgi(app, **options))
        return clients[-1]

    yield start
    for client in clients:
        client.end()


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
