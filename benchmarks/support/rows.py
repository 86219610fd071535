"""Rows of a benchmark, kept as they are measured: a run that was ended goes on where it was.

A row is one line of JSON: its name, its key, its value, and the commit and machine that it was measured with. Ours has
a key of the sources and of this machine; a peer's has one of its input, its settings and its version, so that it is
measured once. A benchmark of more than a minute goes row by row.

Times that are compared come from one machine: what takes turns is measured in one go and is one row, `turns`; a peer
that has a row of its own, with seconds that are compared, has `speed()` among its inputs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.support.machine import in_words, machine, speed
from benchmarks.support.sources import commit, sources
from benchmarks.support.timing import say

T = TypeVar("T")


@dataclass
class Ledger:
    """The rows in one file; without a file, nothing is kept."""

    path: Path | None = None
    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path and self.path.exists():
            text = self.path.read_text(encoding="utf-8")
            whole = text[: text.rfind("\n") + 1]
            if whole != text:  # the run was ended while it wrote its last line
                self.path.write_text(whole, encoding="utf-8")
            for row in map(json.loads, whole.splitlines()):
                self.rows[row["row"], row["key"]] = row

    def row(self, name: str, key: str, measure: Callable[[], Any]) -> Any:
        """Return the value of a row: the one that is kept, else what `measure` returns."""
        kept = self.rows.get((name, key))
        if kept is None:
            kept = {"row": name, "key": key, "value": measure(), "date": date.today().isoformat()}
            self.keep(kept | {"commit": commit(), "machine": machine()})
        elif kept["machine"]["cpu"] != machine()["cpu"]:
            say(f"{name}: kept from {in_words(kept['machine'])}")
        return kept["value"]

    def keep(self, row: dict[str, Any]) -> None:
        """Add a row to the file, at once."""
        self.rows[row["row"], row["key"]] = row
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


CURRENT: ContextVar[Ledger] = ContextVar("ledger")


@contextmanager
def keeping(path: Path | None) -> Iterator[None]:
    """Keep the rows that are measured inside in a file; None: keep none."""
    token = CURRENT.set(Ledger(path))
    try:
        yield
    finally:
        CURRENT.reset(token)


def ours(name: str, measure: Callable[[], Any], *inputs: Any) -> Any:
    """Return a row of isthmus, measured on this machine with these sources and inputs."""
    return ledger().row(name, digest("isthmus", sources(), speed(), *inputs), measure)


def turns(
    what: str,
    repeats: int,
    measure: Callable[[int], dict[str, T]],
    *inputs: Any,
    before: Callable[[], object] = lambda: None,
) -> dict[str, list[T]]:
    """Return what each turn measured of all that is compared; a turn is one row.

    `before` is called once, if any turn is measured.
    """
    ready = cache(before)

    def measured(turn: int) -> dict[str, T]:
        ready()
        return measure(turn)

    found = [ours(f"{what}, turn {turn + 1}", partial(measured, turn), *inputs) for turn in range(repeats)]
    return {name: [one[name] for one in found] for name in found[0]}


def theirs(name: str, measure: Callable[[], Any], library: str, *inputs: Any) -> Any:
    """Return a row of a peer, measured by this version of its library with these inputs and settings."""
    from importlib.metadata import version

    return ledger().row(name, digest(library, version(library), *inputs), measure)


def ledger() -> Ledger:
    """Return the rows that are kept now: none outside `keeping`."""
    return CURRENT.get(Ledger())


def digest(*inputs: Any) -> str:
    """Return a hash of arrays, tables and plain values.

    Examples
    --------
    >>> digest([1.0, 2.0], "a") == digest([1.0, 2.0], "a") != digest([1.0, 2.5], "a")
    True
    """
    total = hashlib.sha256()
    for value in inputs:
        total.update(as_bytes(value) + b"\0")
    return total.hexdigest()[:16]


def as_bytes(value: Any) -> bytes:
    if hasattr(value, "to_csv"):
        return str(value.to_csv()).encode()
    if isinstance(value, np.ndarray) and value.dtype != object:
        return f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes()
    return repr(value.tolist() if isinstance(value, np.ndarray) else value).encode()
