"""Models of a table, of images and of a signal, and the API of the explorer on them."""

import io
from base64 import b64decode

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from isthmus import AnomalyDetector, Autoencoder, Signals
from isthmus.apps.explorer.api.app import explorer_app
from isthmus.apps.explorer.session import open_session
from isthmus.data.io import files

QUICK = {"net": "linear", "epochs": 1, "random_state": 0, "verbose": False}


def table(town="=1+1", n=300):
    """Return rows of every kind of column, with gaps, and one town of a name that is no name."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"size": draw.normal(10, 2, n), "count": draw.integers(0, 9, n)})
    frame["town"] = draw.choice(["Ulm", "Bonn", town], n)
    frame["open"] = frame["size"] > 10
    frame["since"] = pd.date_range("2020-01-01", periods=n, freq="D")
    frame.loc[3:9, ["size", "town"]] = [np.nan, None]
    return frame


@pytest.fixture(scope="session")
def rows():
    return table()


@pytest.fixture(scope="session")
def detector(rows):
    return AnomalyDetector(Autoencoder("denoising", 4, **QUICK), random_state=0).fit(rows)


@pytest.fixture(scope="module")
def of_table(asgi, rows, detector):
    labels = np.where(rows["size"] > 11, "large", "small")
    return asgi(explorer_app(open_session({"detector": detector}, rows, labels)))


@pytest.fixture(scope="session")
def digits():
    return files.read("digits")


@pytest.fixture(scope="session")
def models(digits):
    X = digits.X[:400]
    return {name: Autoencoder(name, 6, **QUICK).fit(X) for name in ("variational", "plain")}


@pytest.fixture(scope="module")
def of_digits(asgi, digits, models):
    return asgi(explorer_app(open_session(models, digits.X[:400], digits.y[:400])))


@pytest.fixture(scope="session")
def signal():
    moments = np.arange(400)
    return np.stack([np.sin(moments / 9), np.cos(moments / 7)], 1)


@pytest.fixture(scope="module")
def of_signal(asgi, signal):
    ae = Autoencoder("plain", 3, data=Signals(window=16, stride=2), **QUICK).fit(signal)
    return asgi(explorer_app(open_session({"waves": ae}, signal, np.arange(400) // 200)))


def ok(response):
    assert response.status_code == 200, response.text
    return response.json() if "json" in response.headers["content-type"] else response


def picture(value):
    head, _, data = value["png"].partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(b64decode(data))))


def points(response):
    assert response.headers["content-type"] == "application/octet-stream"
    return np.frombuffer(response.content, "<f4").reshape(-1, 2)
