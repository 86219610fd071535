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
    "house",
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
    "feature_map",
    "large_image",
    "streaming",
    "photo_folder",
    "restoration_nets",
    "restoration",
    "restoration_large",
    "restoration_phone",
    "restoration_noisy",
    "restoration_medical",
    "inpainting",
    "scans",
    "speech",
    "compression",
    "compression_own",
    "compression_large",
    "compression_bounds",
    "compression_tables",
    "compression_lengths",
    "compression_damage",
    "csv_reading",
    "scoring_stream",
    "online",
    "serving",
    "gpu",
    "explorer",
    "explorer_page",
    "adbench",
    "adbench_six",
    "detector_rule",
    "known",
    "contaminated",
    "embeddings",
    "whole_images",
    "nslkdd",
    "fraud",
    "false_alarms",
    "few_rows",
    "synthetic",
    "image_anomalies",
    "image_false_alarms",
    "image_anomaly_times",
    "imputation",
    "skab",
    "nab",
    "ecg",
    "machine_temperature",
)


class Harness(click.Group):
    """Names of benchmarks are run; `pair` is a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` before what names no command."""
        return super().parse_args(ctx, args if args[:1] == ["pair"] else ["run", *args])


@click.group(cls=Harness, add_help_option=False)
def main() -> None:
    """Run benchmarks, or compare two commits."""


@main.command("run")
@click.argument("names", nargs=-1, type=click.Choice(ORDER), metavar="[NAME]...")
@click.option("--list", "listed", is_flag=True, help="Say what there is.")
@click.option("--quick", is_flag=True, help="A few rows and epochs, to see that all runs; nothing is kept.")
@click.option("--resume", is_flag=True, help="Leave out benchmarks that were measured with these very sources.")
def run_named(names: tuple[str, ...], listed: bool, quick: bool, resume: bool) -> None:
    """Run benchmarks, or all of them without a NAME; each keeps its rows and writes its result as soon as it has them.

    A row that was measured with the same sources on this machine is not measured again, nor one of a peer whose input,
    settings and version are the same. `pair REVISION NAME` runs a benchmark on two commits in turn.
    """
    if listed:
        say_all()
    elif len(names) == 1:
        run(names[0], quick)
    else:
        run_each(left(names or ORDER) if resume else names or ORDER, quick)


@main.command("pair")
@click.argument("revision")
@click.argument("name", type=click.Choice(ORDER), metavar="NAME")
@click.option("--turns", type=click.IntRange(min=1), default=5, show_default=True, help="Runs of each commit.")
@click.option("--quick", is_flag=True, help="A few rows and epochs, to see that it runs.")
def pair_named(revision: str, name: str, turns: int, quick: bool) -> None:
    """Run the benchmark NAME with the sources of REVISION and with those here, in turn, and compare the figures.

    A figure is called worse or better only where all pairs agree in sign and the median ratio is above 3 %.
    """
    from benchmarks.support.pairs import compared, report
    from benchmarks.support.running import keep

    record = compared(revision, name, turns, quick)
    report(record)
    if not quick:
        keep(record, ROOT / "benchmarks" / "results" / "pairs")


def say_all() -> None:
    from benchmarks.support.running import module

    for name in ORDER:
        click.echo(f"{name:14} {module(name).__doc__.splitlines()[0]}")


def left(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the benchmarks that were not measured with these sources."""
    from benchmarks.support.running import is_measured

    return tuple(name for name in names if not is_measured(name, ROOT / "benchmarks" / "results"))


def run(name: str, quick: bool) -> None:
    """Run one benchmark in this process."""
    from benchmarks.support.machine import in_words, machine
    from benchmarks.support.rows import keeping
    from benchmarks.support.running import keep, measure, tell, write_page

    click.echo(f"{name} … {in_words(machine())}")
    home = Path(tempfile.gettempdir(), "isthmus-benchmarks-quick") if quick else ROOT
    try:
        with keeping(None if quick else home / "benchmarks" / "results" / "rows" / f"{name}.jsonl"):
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
