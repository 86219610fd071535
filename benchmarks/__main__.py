"""``python -m benchmarks``: run all benchmarks, or those named, and write docs/benchmarks.md."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.support.figures import Skip

ROOT = Path(__file__).parents[1]

ORDER = (
    "defaults",
    "plain",
    "linear",
    "imports",
    "throughput",
    "shuttle",
    "variational",
    "denoising",
    "time_to_error",
    "contractive",
    "topk",
    "probe",
    "streaming",
    "scoring_stream",
    "online",
    "serving",
    "explorer",
    "explorer_page",
    "adbench",
    "contaminated",
    "embeddings",
    "nslkdd",
    "fraud",
    "false_alarms",
    "synthetic",
    "imputation",
    "skab",
    "nab",
    "ecg",
    "machine_temperature",
)


@click.command
@click.argument("names", nargs=-1, type=click.Choice(ORDER))
@click.option("--list", "listed", is_flag=True, help="Say what there is.")
@click.option("--quick", is_flag=True, help="A few rows and epochs, to see that all runs; nothing is kept.")
def main(names: tuple[str, ...], listed: bool, quick: bool) -> None:
    """Run benchmarks, all of them without NAMES; each writes its result as soon as it has it."""
    if listed:
        say_all()
    elif len(names) == 1:
        run(names[0], quick)
    else:
        run_each(names or ORDER, quick)


def say_all() -> None:
    from benchmarks.support.running import module

    for name in ORDER:
        click.echo(f"{name:14} {module(name).__doc__.splitlines()[0]}")


def run(name: str, quick: bool) -> None:
    """Run one benchmark in this process."""
    from benchmarks.support.running import keep, measure, tell, write_page

    click.echo(f"{name} …")
    home = Path(tempfile.gettempdir(), "isthmus-benchmarks-quick") if quick else ROOT
    try:
        result = measure(name, quick)
    except Skip as reason:
        click.echo(f"{name}: skipped: {reason}")
        return
    keep(result, home / "benchmarks" / "results")
    tell(result)
    if not quick:
        write_page(ORDER, home / "benchmarks" / "results", home / "docs" / "benchmarks.md")


def run_each(names: tuple[str, ...], quick: bool) -> None:
    """Run each benchmark in a process of its own, so that none inherits memory, threads or a fault from another."""
    options = ["--quick"] if quick else []
    commands = {name: [sys.executable, "-m", "benchmarks", name, *options] for name in names}
    failed = [name for name, command in commands.items() if subprocess.run(command, cwd=ROOT).returncode]
    if failed:
        raise click.ClickException(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
