"""Runs one benchmark and keeps what it measured."""

from __future__ import annotations

import inspect
import json
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.support.figures import Result
from benchmarks.support.machine import machine
from benchmarks.support.page import figure_row, page
from benchmarks.support.sources import commit, sources
from benchmarks.support.timing import say, timed


def measure(name: str, quick: bool) -> dict[str, Any]:
    """Run a benchmark and return its record."""
    seconds, result = timed(lambda: module(name).run(quick))
    return record(name, seconds, result)


def module(name: str) -> Any:
    return import_module(f"benchmarks.{name}")


def record(name: str, seconds: float, result: Result) -> dict[str, Any]:
    return {
        "name": name,
        "about": inspect.getdoc(module(name)),
        "date": date.today().isoformat(),
        "seconds": round(seconds, 1),
        "commit": commit(),
        "sources": sources(),
        "machine": machine(),
        "figures": [figure.record() for figure in result.figures],
        "table": result.table,
        "details": result.details,
    }


def is_measured(name: str, folder: Path) -> bool:
    """Tell whether the result that is kept was measured with these very sources."""
    path = folder / f"{name}.json"
    return path.exists() and json.loads(path.read_text(encoding="utf-8")).get("sources") == sources()


def keep(result: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (folder / f"{result['name']}.json").write_text(f"{text}\n", encoding="utf-8")


def write_page(order: tuple[str, ...], folder: Path, path: Path) -> None:
    """Write the page from all results there are."""
    files = {name: folder / f"{name}.json" for name in order}
    results = [json.loads(file.read_text(encoding="utf-8")) for file in files.values() if file.exists()]
    missing = [name for name, file in files.items() if not file.exists()]
    compared = [json.loads(file.read_text(encoding="utf-8")) for file in sorted((folder / "pairs").glob("*.json"))]
    path.write_text(page(results, missing, compared), encoding="utf-8")


def tell(result: dict[str, Any]) -> None:
    """Print the figures."""
    for figure in result["figures"]:
        what, value, limit, met = figure_row(figure)
        say(f"{what}: {value}" + (f"   bar {limit}: {met.strip('*')}" if limit else ""))
