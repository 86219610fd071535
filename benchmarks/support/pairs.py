"""Two commits side by side: a benchmark runs with the sources of each in turn; figures are compared in pairs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks.support.machine import in_words, machine
from benchmarks.support.page import PAIR_HEAD, grid, pair_row
from benchmarks.support.sources import ROOT, commit, git
from benchmarks.support.timing import say

APART = 0.03
"""A median ratio that is nearer to 1 says nothing."""
MEASURE = """
import json, sys
from benchmarks.support.running import measure
name, quick, path = sys.argv[1:]
json.dump(measure(name, quick == "True"), open(path, "w"))
"""
"""What runs in the process of either commit: former commits know no more of pairs than this."""

Record = dict[str, Any]


def compared(revision: str, name: str, turns: int, quick: bool) -> Record:
    """Return the figures of a revision ("before") and of the files here ("after"), in pairs.

    Parameters
    ----------
    revision : str
        What git calls the other commit.
    name : str
        Of the benchmark.
    turns : int
        Runs of each.
    quick : bool
    """
    with tempfile.TemporaryDirectory() as folder, worktree(revision, Path(folder, "before")) as before:
        trees = {"before": before, "after": ROOT}
        lend(name, before)
        runs: dict[str, list[Record]] = {"before": [], "after": []}
        for turn in range(turns):
            for side in sorted(trees, reverse=turn % 2 == 0):  # each is the first one in half of the turns
                runs[side].append(measured(trees[side], name, quick, Path(folder, "record.json")))
                say(f"turn {turn + 1} of {turns}, {side}: {runs[side][-1]['seconds']} s")
    return {
        "name": name,
        "before": git("rev-parse", revision),
        "after": commit(),
        "machine": machine(),
        "figures": [figure(*both) for both in in_pairs(runs["before"], runs["after"])],
    }


def lend(name: str, before: Path) -> None:
    """Put a benchmark into the files of a commit that did not have it."""
    there = before / "benchmarks" / f"{name}.py"
    if not there.exists():
        shutil.copy(ROOT / "benchmarks" / f"{name}.py", there)


@contextmanager
def worktree(revision: str, path: Path) -> Iterator[Path]:
    """Check a commit out into a folder of its own, and take it away at the end."""
    git("worktree", "add", "--detach", str(path), revision)
    try:
        yield path
    finally:
        git("worktree", "remove", "--force", str(path))


def measured(tree: Path, name: str, quick: bool, path: Path) -> Record:
    """Return the record of one run with the sources in a folder."""
    paths = {"PYTHONPATH": os.pathsep.join([str(tree / "src"), str(tree)])}
    command = [sys.executable, "-c", MEASURE, name, str(quick), str(path)]
    done = subprocess.run(command, cwd=tree, env={**os.environ, **paths}, capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{name} with the sources in {tree}: {done.stderr.strip().splitlines()[-1]}")
    record: Record = json.loads(path.read_text(encoding="utf-8"))
    return record


def in_pairs(before: list[Record], after: list[Record]) -> Iterator[tuple[Record, list[float], list[float]]]:
    """Yield each figure with its values in the runs of either.

    Figures are paired by their order where all runs have the same units in the same order, since words may have
    changed, else by their words.
    """
    if len({tuple(figure["unit"] for figure in record["figures"]) for record in [*before, *after]}) == 1:
        for index, about in enumerate(after[0]["figures"]):
            yield about, *([record["figures"][index]["value"] for record in runs] for runs in (before, after))
        return
    old, new = ([{f["what"]: f["value"] for f in record["figures"]} for record in runs] for runs in (before, after))
    for about in after[0]["figures"]:
        if all(about["what"] in values for values in [*old, *new]):
            yield about, *([values[about["what"]] for values in runs] for runs in (old, new))


def figure(about: Record, before: list[float], after: list[float]) -> Record:
    """Return the pairs of a figure, how many agree in sign, their median ratio, and what that says."""
    signs = [(b > a) - (b < a) for a, b in zip(before, after, strict=True)]
    agree = max(signs.count(1), signs.count(-1))
    ratio = median(b / a for a, b in zip(before, after, strict=True)) if min(before) > 0 else float("nan")
    return {
        "what": about["what"],
        "unit": about["unit"],
        "before": before,
        "after": after,
        "ratio": ratio,
        "agree": agree,
        "verdict": verdict(ratio, agree == len(signs), better_when_larger(about)),
    }


def better_when_larger(about: Record) -> bool | None:
    """Tell which way a figure gets better: by its bar, else by its unit; None: nobody knows."""
    if about["least"] is not None or about["unit"].endswith("/s"):
        return True
    return False if about["most"] is not None or about["unit"] in ("s", "ms") else None


def verdict(ratio: float, agreed: bool, larger: bool | None) -> str:
    """Return what a median ratio says.

    Examples
    --------
    >>> verdict(1.2, agreed=True, larger=False), verdict(1.02, agreed=True, larger=False), verdict(0.9, True, None)
    ('worse', 'alike', 'differs')
    """
    if not agreed or not abs(ratio - 1) > APART:
        return "alike"
    if larger is None:
        return "differs"
    return "better" if (ratio > 1) == larger else "worse"


def report(record: Record) -> None:
    """Print the figures of both commits."""
    print(f"{record['name']}: {record['before'][:12]} and {record['after'][:12]} on {in_words(record['machine'])}")
    print(grid([PAIR_HEAD, *map(pair_row, record["figures"])]))
