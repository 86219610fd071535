"""Models of each kind, and the server that offers them."""

import os
import re
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from isthmus import AnomalyDetector, Autoencoder, Denoiser, Images, Imputer, Signals
from isthmus.apps.server.app import build
from isthmus.apps.server.models import load_models

COLUMNS = [f"c{i}" for i in range(9)]


def quick(variant="plain", latent_dim=3, **settings):
    return Autoencoder(variant, latent_dim, epochs=1, random_state=0, verbose=False, **settings)


def numbers(n=300):
    draw = np.random.default_rng(0)
    return pd.DataFrame(draw.normal(size=(n, 3)) @ draw.normal(size=(3, 9)), columns=COLUMNS)


def people(n=200):
    draw = np.random.default_rng(1)
    frame = pd.DataFrame({"height": draw.normal(170, 10, n), "children": draw.integers(0, 5, n)})
    frame["member"] = draw.random(n) > 0.5
    frame["city"] = draw.choice(["Bonn", "Köln", "Ulm"], n)
    frame["joined"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(draw.integers(0, 900, n), unit="D")
    frame["stay"] = pd.to_timedelta(draw.integers(1, 90, n), unit="min")
    return frame


def trained():
    """Yield each model with its name."""
    yield "machine", AnomalyDetector(quick("denoising"), random_state=0).fit(numbers())
    yield "people", quick("variational").fit(people())
    yield "plain", quick(latent_dim=2).fit(numbers(100).to_numpy())
    yield "region", quick(condition=("city", "member")).fit(people())
    pictures = load_digits().images[:200]
    yield "digits", quick("denoising", net="linear").fit((pictures * 15.9).astype(np.uint8))
    yield "labelled", quick(condition="y", net="linear").fit(pictures / 16, load_digits().target[:200])
    colour = np.random.default_rng(3).random((40, 3, 6, 5)).astype(np.float32)
    yield "colour", quick(net="linear", data=Images(channels_first=True)).fit(colour)
    wave = np.sin(np.arange(400)[:, None] / [3, 5])
    yield (
        "waves",
        AnomalyDetector(quick(data=Signals(window=16)), random_state=0).fit(pd.DataFrame(wave, columns=["a", "b"])),
    )
    yield "restored", Denoiser(quick("denoising", net="linear")).fit(pictures / 16)
    gaps = people().drop(columns=["joined", "stay"])
    gaps.loc[3:30, "height"] = np.nan
    yield "gaps", Imputer(quick("masked"), random_state=0).fit(gaps)


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Model files by name."""
    folder = tmp_path_factory.mktemp("served")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, model in trained():
            model.save(folder / f"{name}.safetensors")
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="session")
def models(files):
    return load_models([str(path) for path in files.values()])


@pytest.fixture(scope="module")
def client(asgi, models):
    """A client of all models."""
    return asgi(build(models, max_rows=200, max_body=2**18, timeout=20))


class Process:
    """``isthmus serve`` in a process of its own."""

    def __init__(self, *arguments, **environment):
        command = [sys.executable, "-m", "isthmus", "serve", *map(str, arguments)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self.said = ""
        while not (found := re.search(r"http://\S+:\d+", self.said)):
            line = self.process.stderr.readline()
            if not line:
                self.end()
                pytest.fail(f"the server ended: {self.said}")
            self.said += line
        self.url = found[0]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


@pytest.fixture(scope="session")
def served(files):
    """A server of its own with all models."""
    process = Process(*files.values(), "--port", 0)
    yield process
    process.end()


@pytest.fixture(scope="session")
def server_process():
    return Process
