"""`isthmus explore`: what the page waits for, with 100,000 examples, over loopback.

Rows of nine numbers and a category with a detector (codes of at most 16 numbers), and images of 28 x 28 with codes of
32 numbers; generated, so that there are enough of them. Each request is a new one on a connection that is kept open, as
the page does. The first request for a map or a colour computes it.
"""

from __future__ import annotations

import json
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from benchmarks.serving import process
from benchmarks.support.figures import Figure, Result

EXAMPLES, ASKED = 100_000, 200
READY = (
    "/",
    "/static/explorer.js",
    "/static/explorer.css",
    "/api/state",
    "/api/models/0/map/pca",
    "/api/colours/label",
)
"""What the page asks for before it is ready."""


def run(quick: bool) -> Result:
    examples, asked = (5_000, 20) if quick else (EXAMPLES, ASKED)
    figures, details = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for what, arguments in (("rows", rows(Path(folder), examples)), ("images", images(Path(folder), examples))):
            began = time.perf_counter()
            with process("-m", "isthmus", "explore", *arguments, "--port", "0", "--no-browser") as url:
                opened = time.perf_counter() - began - 1  # the second that `process` waits
                took = measured(url, asked)
            details[what] = took
            figures += [
                Figure(f"{what}: the command, until it can be asked", opened, "s"),
                Figure(f"{what}: what the page needs to be ready", took["ready"], "s", most=3.0),
                *(Figure(f"{what}: {name}, 95 of 100 within", took[name], "ms", most=50) for name in BODIES),
                Figure(f"{what}: an example and its neighbours, 95 of 100 within", took["example"], "ms", most=50),
                Figure(f"{what}: the scores of all, once", took["scores"], "s"),
            ]
    return Result(figures, details=details)


BODIES: dict[str, dict[str, Any]] = {
    "a position decoded": {"path": "walk", "map": "pca", "points": [[0.1, 0.2]]},
    "a grid decoded": {"path": "grid", "map": "pca", "bounds": [-1, -1, 1, 1]},
}


def measured(url: str, asked: int) -> dict[str, float]:
    """Return seconds until the page is ready, and milliseconds that answers take (the 95 % quantile)."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=600)

    def ask(path: str, body: Any = None) -> float:
        began = time.perf_counter()
        sent = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, sent, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)
        return time.perf_counter() - began

    def slow(path: str, body: Any = None) -> float:
        return 1e3 * float(np.quantile([ask(path, body) for _ in range(asked)], 0.95))

    took = {"ready": sum(ask(path) for path in READY)}
    for name, body in BODIES.items():
        plain = dict(body)
        took[name] = slow(f"/api/models/0/{plain.pop('path')}", plain)
    took["example"] = slow("/api/models/0/examples/77?map=pca")
    took["scores"] = ask("/api/models/0/scores")
    connection.close()
    return took


def rows(folder: Path, examples: int) -> list[str]:
    """Write a table and a detector of it; return the arguments of the command."""
    import pandas as pd

    from isthmus import AnomalyDetector, Autoencoder
    from isthmus.data.io import files

    draw = np.random.default_rng(0)
    numbers = draw.normal(size=(examples, 4)) @ draw.normal(size=(4, 9)) + 0.1 * draw.normal(size=(examples, 9))
    frame = pd.DataFrame(numbers, columns=[f"c{index}" for index in range(9)])
    frame["town"] = draw.choice(list("abcdef"), examples)
    model, data = folder / "rows.safetensors", folder / "rows.parquet"
    detector = AnomalyDetector(Autoencoder("plain", None, epochs=1, verbose=False), random_state=0)
    detector.fit(frame[:5_000]).save(model)
    files.write(data, frame.assign(kind=draw.integers(0, 7, examples)))
    return [str(model), str(data), "--label", "kind"]


def images(folder: Path, examples: int) -> list[str]:
    """Write images and a model of them; return the arguments of the command."""
    from isthmus import Autoencoder

    draw = np.random.default_rng(0)
    X = draw.integers(0, 256, (examples, 28, 28), dtype=np.uint8)
    model, data = folder / "images.safetensors", folder / "images.npz"
    Autoencoder("plain", 32, epochs=1, random_state=0, verbose=False).fit(X[:2_000]).save(model)
    np.savez(data, X=X, y=draw.integers(0, 10, examples))
    return [str(model), str(data)]
