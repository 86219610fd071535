"""docs/benchmarks.md, made from the JSON of the results."""

from __future__ import annotations

from math import isnan
from statistics import median
from typing import Any

from benchmarks.support.machine import in_words

HEAD = """# Benchmarks

Every number below was measured by one command, and that command repeats it. Peers run on the same machine. Speeds are
those of one machine: compare the ratios. Bars in seconds are for two cores of about 100 GFLOP/s in a float32 matrix
product, without bfloat16; below each table is the rate that its machine reached.

`make bench` runs them all and writes this page; `python -m benchmarks --list` says what there is. A run that was ended
continues where it was: rows that were measured with the same sources on the same machine are kept, and those of a peer
for as long as its version, its input and its settings stay the same. `python -m benchmarks pair REVISION NAME` compares
two commits. Data are looked for under `$ISTHMUS_DATA`; a benchmark whose data or peer is absent is skipped, and says
so.
"""

TWO_COMMITS = """## Two commits

Benchmarks that ran on two commits alternately. The tables show the medians, the median of the ratios
of the pairs, and in how many of these the later commit has the larger (or the smaller) number. A number is called
worse or better only where all pairs agree and the median ratio is more than 3 % from 1.
"""

Row = list[Any]


def page(results: list[dict[str, Any]], missing: list[str], pairs: list[dict[str, Any]]) -> str:
    """Return the page: all bars in one table, then a section for each benchmark, then the commits that were compared.

    Parameters
    ----------
    results : list of dict
        In the order of the page.
    missing : list of str
        Names of benchmarks without a result.
    pairs : list of dict
        Benchmarks run on two commits in turn.
    """
    bars = [bar(result, figure) for result in results for figure in result["figures"] if figure["met"] is not None]
    blocks = [HEAD]
    if bars:
        blocks.append(grid([["what", "measured", "bar", "met", "benchmark"], *bars]))
    if missing:
        blocks.append(f"Not measured yet: {', '.join(f'`{name}`' for name in missing)}.\n")
    compared = [TWO_COMMITS, *map(pair_section, pairs)] if pairs else []
    return "\n".join([*blocks, *map(section, results), *compared])


def bar(result: dict[str, Any], figure: dict[str, Any]) -> Row:
    return [*figure_row(figure), f"[{result['name']}](#{result['name']})"]


def section(result: dict[str, Any]) -> str:
    figures = [["what", "measured", "bar", "met"], *map(figure_row, result["figures"])]
    blocks = [f"## {result['name']}\n", f"{result['about']}\n", grid(figures)]
    blocks += [grid(result["table"])] if result["table"] else []
    return "\n".join([*blocks, f"{provenance(result)}\n"])


def pair_section(record: dict[str, Any]) -> str:
    """Return the figures of two commits as a table."""
    about = [f"`python -m benchmarks pair {record['before'][:12]} {record['name']}`", in_words(record["machine"])]
    about += [f"{record['before'][:12]} and {record['after'][:12]}", *([record["note"]] if "note" in record else [])]
    return "\n".join(
        [f"### {record['name']}\n", grid([PAIR_HEAD, *map(pair_row, record["figures"])]), " · ".join(about) + "\n"]
    )


PAIR_HEAD = ["what", "before", "after", "ratio", "pairs that agree", "verdict"]


def pair_row(figure: dict[str, Any]) -> Row:
    """Return a figure of two commits as a row of a table."""
    before, after = (number(median(figure[side]), figure["unit"]) for side in ("before", "after"))
    pairs = f"{figure['agree']} of {len(figure['before'])}"
    ratio = "" if isnan(figure["ratio"]) else f"{figure['ratio']:.3f}"
    return [figure["what"], before, after, ratio, pairs, figure["verdict"]]


def figure_row(figure: dict[str, Any]) -> Row:
    met = {True: "yes", False: "**no**", None: ""}[figure["met"]]
    return [figure["what"], number(figure["value"], figure["unit"]), limits(figure), met]


def limits(figure: dict[str, Any]) -> str:
    both = (("≥", figure["least"]), ("≤", figure["most"]))
    return ", ".join(f"{sign} {number(value, figure['unit'])}" for sign, value in both if value is not None)


def provenance(result: dict[str, Any]) -> str:
    machine = result["machine"]
    measured = [f"commit {result['commit'][:12]}"] if "commit" in result else []
    parts = [
        f"`python -m benchmarks {result['name']}`",
        f"{result['date']}, {result['seconds']:.0f} s in all",
        in_words(machine),
        f"torch {machine['torch']}, Python {machine['python']}",
        *measured,
    ]
    return " · ".join(parts)


def number(value: Any, unit: str = "") -> str:
    """Return a number as it is read best.

    Examples
    --------
    >>> number(0.0060123, "s"), number(51234.7), number(3), number("a word")
    ('0.006012 s', '51,235', '3', 'a word')
    """
    if isinstance(value, str):
        return value
    text = f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.4g}"
    return f"{text} {unit}".strip()


def grid(rows: list[Row]) -> str:
    """Return a Markdown table; the first row is its header."""
    head, *body = ([number(cell) for cell in row] for row in rows)
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
