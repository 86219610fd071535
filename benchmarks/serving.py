"""`isthmus serve`: throughput and latency with 64 connections, beside a FastAPI endpoint that does nothing.

A detector of nine columns (shuttle, normal rows, its defaults) scores one row a request, sent as JSON by wrk over
loopback, one thread, 64 connections that are kept open. The empty endpoint is `async def empty() -> dict: return {}`
under the same uvicorn, asked with GET. Both run in processes of their own, and are measured in turns.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.timing import in_turn, ratios, spreads

CONNECTIONS, SECONDS, TURNS = 64, 5, 3

EMPTY = """
from fastapi import FastAPI
from isthmus.apps.http.running import run
app = FastAPI()

@app.get("/")
async def empty() -> dict:
    return {}

run(app, port=0, tell=lambda url: print(url, flush=True))
"""

REPORT = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "errors": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def run(quick: bool) -> Result:
    if shutil.which("wrk") is None:
        raise Skip("wrk is not installed")
    seconds = 1 if quick else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        row = train(Path(folder, "shuttle.safetensors"))
        score = script(Path(folder, "score.lua"), {"rows": [row]})
        ask = script(Path(folder, "ask.lua"), None)
        serve = ["-m", "isthmus", "serve", str(Path(folder, "shuttle.safetensors")), "--port", "0"]
        with process(*serve) as served, process("-c", EMPTY) as empty:
            answered: dict[str, list[dict[str, float]]] = {"score": [], "empty": []}
            runs = {
                "score": lambda: rate(answered["score"], f"{served}/v1/models/shuttle/score", score, seconds),
                "empty": lambda: rate(answered["empty"], f"{empty}/", ask, seconds),
            }
            rates = in_turn(1 if quick else TURNS, runs)
    fraction, least = ratios(rates["score"], rates["empty"])
    slowest = {name: median(one["p99"] for one in kept[1:]) / 1e3 for name, kept in answered.items()}
    figures = [
        Figure("scores a second", median(rates["score"]), least=2000),
        Figure("99 of 100 answered within", slowest["score"], "ms", most=60),
        Figure("errors", sum(one["errors"] for kept in answered.values() for one in kept), most=0),
        Figure("fraction of the rate of an empty endpoint", fraction, least=0.6),
        Figure("the same, in the worst turn", least),
        Figure("empty endpoint, requests a second", median(rates["empty"])),
        Figure("empty endpoint, 99 of 100 answered within", slowest["empty"], "ms"),
    ]
    return Result(figures, details={"rates": spreads(rates), "runs": answered})


def train(path: Path) -> list[float]:
    """Write a detector; return a row that it scores."""
    from isthmus import AnomalyDetector

    with np.load(found("adbench/32_shuttle.npz")) as archive:
        X, y = archive["X"].astype(np.float32), archive["y"]
    AnomalyDetector(random_state=0).fit(X[y == 0][:20_000]).save(path)
    return X[0].tolist()


def script(path: Path, body: Any) -> str:
    """Write what tells wrk what to send, and how to report; return its path."""
    head = ""
    if body is not None:
        head = (
            f"wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = '{json.dumps(body)}'\n"
        )
    path.write_text(head + REPORT)
    return str(path)


@contextmanager
def process(*arguments: str) -> Iterator[str]:
    """Start Python with arguments; yield the URL that it tells."""
    command, environment = [sys.executable, *arguments], {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as started:
        try:
            said = ""
            while not (url := re.search(r"http://\S+:\d+", said)):
                line = started.stdout.readline() if started.stdout else ""
                if not line:
                    raise RuntimeError(f"the server ended: {said}")
                said += line
            time.sleep(1)
            yield url[0]
        finally:
            started.terminate()


def rate(answered: list[dict[str, float]], url: str, script: str, seconds: int) -> float:
    """Return the requests a second that wrk counts, and keep all that it tells."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", script, url]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    answered.append(json.loads(next(line for line in lines if line.startswith("{"))))
    return answered[-1]["requests"] / answered[-1]["microseconds"] * 1e6
