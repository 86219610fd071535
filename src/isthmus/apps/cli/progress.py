"""Progress of a command: a bar on a terminal, a line now and then elsewhere, nothing with ``-q``."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from isthmus.apps.cli.command import quiet, tell
from isthmus.apps.cli.output import figure
from isthmus.support.errors import counted

SECONDS = 10.0
"""Between two lines."""
MANY = 10_000
"""Rows that are counted in thousands."""
LARGE = 50 * 2**20
"""Bytes of a file that takes so long to read that it is said."""


def watched() -> bool:
    """Tell whether stderr is a terminal, and the command is not quiet."""
    return sys.stderr.isatty() and not quiet()


def time_left(seconds: float) -> str:
    """Return the remaining time as text.

    Examples
    --------
    >>> time_left(4.2), time_left(95), time_left(7300)
    ('4 s', '2 min', '2 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


@contextmanager
def rows_done(total: int, verb: str, noun: str = "row") -> Iterator[Callable[[int], object]]:
    """Yield a function that is called with the number of rows of each piece that is done.

    Parameters
    ----------
    total : int
        Rows.
    verb : str
        What is done to them, such as ``"scored"``.
    noun : str, default "row"
        What is counted.
    """
    if not watched():
        yield _Lines(total, verb, noun)
        return
    from tqdm.auto import tqdm

    with tqdm(total=total, unit=f" {noun}s", unit_scale=total >= MANY, desc=verb, dynamic_ncols=True) as bar:
        yield bar.update


class _Lines:
    """A line for every `SECONDS` that pass."""

    def __init__(self, total: int, verb: str, noun: str) -> None:
        self.total, self.verb, self.noun, self.done = total, verb, noun, 0
        self.began = self.last = time.monotonic()

    def __call__(self, rows: int) -> None:
        self.done += rows
        now = time.monotonic()
        if now - self.last < SECONDS or self.done >= self.total:
            return
        self.last = now
        left = (now - self.began) / self.done * (self.total - self.done)
        tell(f"{self.verb} {self.done:,} of {counted(self.total, self.noun)}, {time_left(left)} left")


def training_progress(trainings: int = 1) -> tuple[Callable[[Any], None], ...]:
    """Return the callback that shows the progress of a training; none if the command is quiet.

    Parameters
    ----------
    trainings : int, default 1
        How many models are trained one after the other.
    """
    if quiet():
        return ()
    count, last, bar = 0, 0.0, None
    on_terminal = watched()

    def show(event: Any) -> None:  # a function, which is not copied with its estimator
        nonlocal count, last, bar
        if event.kind == "begin":
            count, last = count + 1, time.monotonic()
            bar = _bar(event) if on_terminal else None
        where = f"model {count} of {trainings}, " if trainings > 1 else ""
        where += f"epoch {event.epoch}/{event.epochs}"
        if bar is not None:
            _move(bar, event, where)
        elif event.kind == "epoch" and (event.epoch == event.epochs or time.monotonic() - last > SECONDS):
            last = time.monotonic()
            tell(f"{where}  {_losses(event.record)}")

    return (show,)


def _bar(event: Any) -> Any:
    from tqdm.auto import tqdm

    return tqdm(total=event.epochs * event.steps, unit=" steps", dynamic_ncols=True, leave=False, mininterval=0.25)


def _move(bar: Any, event: Any, where: str) -> None:
    if event.kind == "step":
        bar.update()
        bar.set_description_str(where, refresh=False)
    elif event.kind == "epoch":
        bar.set_postfix_str(_losses(event.record))
    elif event.kind == "end":
        bar.close()


def _losses(record: dict[str, Any]) -> str:
    return "  ".join(f"{name} {figure(float(value))}" for name, value in record.items() if name.endswith("loss"))


@contextmanager
def while_reading(path: str) -> Iterator[None]:
    """Say that a large file is being read, and for how long: parsers do not tell how far they are."""
    file = Path(path)
    size = file.stat().st_size if file.is_file() else 0
    if size <= LARGE or quiet():
        yield
        return
    said, done = f"reading {path} ({size / 2**20:,.0f} MB)", threading.Event()
    if not watched():
        tell(f"{said} …")
    thread = threading.Thread(target=_ticking if watched() else _lines, args=(said, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _ticking(said: str, done: threading.Event) -> None:
    """Show on a terminal how long it has taken, until it is done."""
    from tqdm.auto import tqdm

    with tqdm(desc=said, bar_format="{desc} … {elapsed}", leave=False) as bar:
        while not done.wait(1.0):
            bar.refresh()


def _lines(said: str, done: threading.Event) -> None:
    """Write a line for every `SECONDS` that pass, until it is done."""
    began = time.monotonic()
    while not done.wait(SECONDS):
        click.echo(f"{said}: {time.monotonic() - began:.0f} s so far", err=True)
