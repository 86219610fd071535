"""CSV files of 150 MB: seconds and peak memory of reading one, beside pandas.

Two files of the same rows: numbers, whole numbers, text, ISO dates and `dd.mm.yyyy hh:mm`; one with commas and decimal
points, one with semicolons and decimal commas. pandas gets the separator and the decimal mark, and leaves dates as
text; isthmus recognises all of it, checks that no line is short or long, and converts the dates. `pandas, dates too`
makes the same frame: it gets the formats of the dates as well. Each reads in processes of its own, in turn, each
time with another one first. Memory is the highest mark that the system kept for a process, less that of one which only
imports the libraries.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.streaming import field
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.rows import turns
from benchmarks.support.timing import say

BYTES = 150 * 2**20
ROWS = 20_000
"""Rows that are made at a time; the file repeats them with other numbers in front."""

FORMS = {"points": (",", "."), "commas": (";", ",")}
READERS = ("isthmus", "pandas", "pandas, dates too")
DATES = {"day": "%Y-%m-%d %H:%M:%S", "seen": "%d.%m.%Y %H:%M"}

Measured = dict[str, float]


def run(quick: bool) -> Result:
    if not Path("/proc/self/status").exists():
        raise Skip("memory is read from /proc, which is not here")
    found = {form: read_in_turn(form, *((BYTES // 15, 1) if quick else (BYTES, 5))) for form in FORMS}
    figures = [figure for form, measured in found.items() for figure in compared(form, measured)]
    return Result(figures, details={"turns": found})


def read_in_turn(form: str, size: int, repeats: int) -> dict[str, list[Measured]]:
    """Return what each turn measured on one file, each with another reader first."""
    names = ("nothing", *READERS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{form}.csv")

        def turn(at: int) -> dict[str, Measured]:
            return {name: apart(name, path, form) for name in names[at % 4 :] + names[: at % 4]}

        return turns(form, repeats, turn, version("pandas"), before=partial(write, path, size, *FORMS[form]))


def compared(form: str, measured: dict[str, list[Measured]]) -> list[Figure]:
    ratios = {
        name: median(a["seconds"] / b["seconds"] for a, b in zip(measured["isthmus"], measured[name], strict=True))
        for name in READERS[1:]
    }
    empty = median(one["highest"] for one in measured["nothing"])
    taken = {name: median(one["highest"] for one in measured[name]) - empty for name in READERS}
    return [
        Figure(f"{form}: seconds, times those of pandas (median)", ratios["pandas"], most=1.5),
        Figure(f"{form}: seconds, times those of pandas, dates too", ratios["pandas, dates too"]),
        Figure(f"{form}: memory, times that of pandas", taken["isthmus"] / taken["pandas"], most=2.0),
        *(Figure(f"{form}: {name}", median(one["seconds"] for one in measured[name]), "s") for name in READERS),
        *(Figure(f"{form}: memory of {name}", taken[name] / 1e9, "GB") for name in READERS),
    ]


def write(path: Path, size: int, separator: str, decimal: str) -> None:
    """Write a table of mixed columns until the file has so many bytes."""
    lines = list(rows(separator, decimal))
    names = ["id", *(f"number_{i}" for i in range(6)), "count", "kind", "city", "day", "seen"]
    with path.open("w") as stream:
        stream.write(separator.join(names) + "\n")
        block = 0
        while stream.tell() < size:
            stream.writelines(f"{block * ROWS + i}{separator}{line}\n" for i, line in enumerate(lines))
            block += 1


def rows(separator: str, decimal: str) -> list[str]:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(ROWS, 6)) * 10.0 ** np.arange(-2, 4)
    minutes = np.datetime64("2001-01-01T00:00") + np.sort(rng.integers(0, 10_000_000, ROWS))
    kinds = rng.choice(["normal", "late", "broken", "sent back"], ROWS)
    cities = rng.choice([f"City {i}" for i in range(500)], ROWS)
    lines = []
    for i, minute in enumerate(minutes.astype(object)):
        cells = [f"{number:.6g}".replace(".", decimal) for number in numbers[i]]
        dates = [f"{minute:%Y-%m-%d %H:%M:%S}", f"{minute:%d.%m.%Y %H:%M}"]
        lines.append(separator.join([*cells, str(rng.integers(0, 1000)), kinds[i], cities[i], *dates]))
    return lines


def apart(name: str, path: Path, form: str) -> Measured:
    """Return what a process of its own measured."""
    command = [sys.executable, "-m", "benchmarks.csv_reading", name, str(path), form]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: Measured = json.loads(done.stdout.splitlines()[-1])
    say(f"{form}, {name}: {measured['seconds']:.2f} s, {measured['highest'] / 1e9:.2f} GB")
    return measured


def read(name: str, path: str, form: str) -> float:
    """Return the seconds that a library takes to read a file."""
    import pandas
    import pyarrow.compute  # noqa: F401

    from isthmus.data.io import files

    separator, decimal = FORMS[form]
    began = time.perf_counter()
    if name == "isthmus":
        frame = files.read(path).X
        assert [frame[column].dtype.kind for column in ("number_0", "count", "day", "seen")] == ["f", "i", "M", "M"]
    elif name in READERS:
        frame = pandas.read_csv(path, sep=separator, decimal=decimal)
        for column, written in DATES.items() if name != "pandas" else ():
            frame[column] = pandas.to_datetime(frame[column], format=written)
    return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps({"seconds": read(*sys.argv[1:]), "highest": field("self", "VmHWM")}))
