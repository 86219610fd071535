"""The harness of the benchmarks: bars, what is kept, and the page; nothing is timed."""

import json
import re
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import throughput
from benchmarks.__main__ import ORDER, main
from benchmarks.support import machine, pairs, rows, running
from benchmarks.support.figures import Figure, Result
from benchmarks.support.page import grid, page
from benchmarks.support.rows import keeping
from benchmarks.support.running import is_measured, keep, record, write_page
from benchmarks.support.timing import in_turn, ratios
from isthmus.core.training import precision

HOME = Path(__file__).parents[1] / "benchmarks"


def test_every_benchmark_is_listed():
    modules = {path.stem for path in HOME.glob("*.py")}
    assert sorted(ORDER) == sorted(modules - {"__init__", "__main__"})


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("a", 2), None),
        (Figure("a", 2, most=2), True),
        (Figure("a", 2, most=1.9), False),
        (Figure("a", 2, least=2), True),
        (Figure("a", 2, least=2.1), False),
        (Figure("a", float("nan"), most=1), False),
    ],
)
def test_a_bar_is_met_or_not(figure, met):
    assert figure.met is met


def test_a_result_is_kept_and_stands_on_the_page(tmp_path):
    result = Result([Figure("speed", 12345.6, "rows/s", least=20_000), Figure("size", 0.25)], [["", "b"], ["one", 0.5]])
    keep(record("topk", 1.5, result), tmp_path)
    kept = json.loads((tmp_path / "topk.json").read_text())
    assert [figure["met"] for figure in kept["figures"]] == [False, None]

    write_page(("topk", "plain"), tmp_path, tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    assert "| speed | 12,346 rows/s | ≥ 20,000 rows/s | **no** | [topk](#topk) |" in text
    assert "| size | 0.25 |  |  |" in text
    assert "| one | 0.5 |" in text
    assert "`python -m benchmarks topk`" in text
    assert "Not measured yet: `plain`." in text


def test_the_page_without_results_says_what_is_missing():
    text = page([], list(ORDER), [])
    assert all(f"`{name}`" in text for name in ORDER)


def test_the_page_in_the_documentation_is_made_from_the_results(tmp_path):
    write_page(ORDER, HOME / "results", tmp_path / "page.md")
    assert (HOME.parent / "docs" / "benchmarks.md").read_text() == (tmp_path / "page.md").read_text()


def test_a_grid_has_as_many_cells_in_every_row():
    counts = {len(re.findall(r"\|", line)) for line in grid([["a", "b"], [1, "c"], [0.5, 2]]).splitlines()}
    assert counts == {3}


def test_turns_alternate_and_the_first_round_does_not_count():
    calls = []
    found = in_turn(2, {name: lambda name=name: calls.append(name) or len(calls) for name in "ab"})
    assert "".join(calls) == "ababab"
    assert found == {"a": [3, 5], "b": [4, 6]}
    assert ratios(found["b"], found["a"]) == pytest.approx(((4 / 3 + 6 / 5) / 2, 6 / 5))


def test_a_row_is_measured_once_and_a_run_goes_on_where_it_was(tmp_path):
    path, calls = tmp_path / "rows.jsonl", []

    def rows_of(names, X):
        with keeping(path):
            return [rows.ours(name, lambda name=name: calls.append(name) or len(calls), X) for name in names]

    assert rows_of("ab", np.zeros(3)) == [1, 2]
    with path.open("a") as file:
        file.write('{"row": "c", "key"')  # a run was killed while it wrote
    assert rows_of("abc", np.zeros(3)) == [1, 2, 3]
    assert rows_of("abc", np.zeros(3)) == [1, 2, 3]
    assert rows_of("a", np.ones(3)) == [4]
    (line,) = [json.loads(line) for line in path.read_text().splitlines() if '"row": "b"' in line]
    assert line["commit"] and line["machine"]["gflops"] > 0
    assert {"cores", "flags", "torch"} <= line["machine"].keys()


def test_rows_of_a_peer_are_kept_when_sources_change_and_ours_are_not(tmp_path, monkeypatch):
    def measured(value, settings):
        with keeping(tmp_path / "rows.jsonl"):
            return rows.ours("us", lambda: value, settings), rows.theirs("them", lambda: value, "numpy", settings)

    assert measured(1, {"k": 3}) == (1, 1)
    monkeypatch.setattr(rows, "sources", lambda: "others")
    assert measured(2, {"k": 3}) == (2, 1)
    assert measured(3, {"k": 4}) == (3, 3)


def test_seconds_of_two_machines_are_not_compared(tmp_path, monkeypatch):
    def measured(value):
        with keeping(tmp_path / "rows.jsonl"):
            us, score = rows.ours("us", lambda: value), rows.theirs("them", lambda: value, "numpy")
            return us, score, rows.theirs("their seconds", lambda: value, "numpy", machine.speed())

    assert measured(1) == measured(2) == (1, 1, 1)
    for module in (machine, rows):
        monkeypatch.setattr(module, "speed", lambda: ["another processor", 64])
    assert measured(3) == (3, 1, 3)


def test_a_turn_that_was_interrupted_is_measured_whole(tmp_path):
    calls = []

    def run(last):
        def measure(turn):
            calls.append(turn)
            if turn > last:
                raise KeyboardInterrupt
            return {"ours": turn, "theirs": 10 * turn}

        with keeping(tmp_path / "rows.jsonl"):
            return rows.turns("rates", 3, measure, before=lambda: calls.append("warm-up"))

    with pytest.raises(KeyboardInterrupt):
        run(last=0)
    assert run(last=2) == run(last=-1) == {"ours": [0, 1, 2], "theirs": [0, 10, 20]}
    assert calls == ["warm-up", 0, 1, "warm-up", 1, 2]


INDIVISIBLE = {
    "restoration_large": "two commands",
    "large_image": "one model, and the rest measures it",
    "compression_large": "two commands",
    "scoring_stream": "one command",
    "streaming": "one epoch",
    "variational": "one model, and the rest measures it",
}
"""Benchmarks of more than a minute that would be a single row."""


@pytest.mark.parametrize("name", ORDER)
def test_what_takes_more_than_a_minute_goes_row_by_row(name):
    path = HOME / "results" / f"{name}.json"
    short = not path.exists() or json.loads(path.read_text())["seconds"] <= 60
    by_row = re.search(r"\b(ours|theirs|turns|contest)\(", imported(name))
    assert short or (by_row is None) == (name in INDIVISIBLE)


def imported(name):
    """Return the code of a benchmark where it has rows from `rows` itself, or from `anomaly_peers`."""
    code = (HOME / f"{name}.py").read_text()
    return code if re.search(r"import rows|support\.rows import|import .*contest", code) else ""


def test_without_a_file_rows_are_measured_each_time():
    assert [rows.ours("a", lambda n=n: n) for n in range(2)] == [0, 1]


def test_a_result_says_whether_these_sources_made_it(tmp_path, monkeypatch):
    assert not is_measured("topk", tmp_path)
    keep(record("topk", 1.5, Result([])), tmp_path)
    assert is_measured("topk", tmp_path)
    monkeypatch.setattr(running, "sources", lambda: "others")
    assert not is_measured("topk", tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "unit", "verdict"),
    [
        ([1, 1, 1], [1.2, 1.1, 1.3], "s", "worse"),
        ([1, 1, 1], [1.2, 0.9, 1.3], "s", "alike"),
        ([1, 1, 1], [1.02, 1.01, 1.03], "s", "alike"),
        ([1, 1, 1], [1.2, 1.1, 1.3], "rows/s", "better"),
        ([1, 1, 1], [1.2, 1.1, 1.3], "", "differs"),
        ([0, 0, 0], [0, 0, 0], "s", "alike"),
    ],
)
def test_a_time_is_worse_only_where_all_pairs_agree_and_the_median_is_above_three_percent(before, after, unit, verdict):
    assert pairs.figure(Figure("a", 1, unit).record(), before, after)["verdict"] == verdict


def test_two_commits_take_turns(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(pairs, "measured", lambda tree, *_: ran.append(tree == pairs.ROOT) or quick_record(len(ran)))
    found = pairs.compared("HEAD", "topk", turns=2, quick=True)
    assert ran == [False, True, True, False]
    assert found["figures"][0] | {"verdict": ""} == {
        "what": "time",
        "unit": "s",
        "before": [1, 4],
        "after": [2, 3],
        "ratio": pytest.approx((2 + 3 / 4) / 2),
        "agree": 1,
        "verdict": "",
    }
    pairs.report(found)


def test_a_benchmark_that_fails_on_one_side_is_an_error_that_says_why(tmp_path):
    with pytest.raises(click.ClickException, match="No module named 'benchmarks.nonsense'"):
        pairs.measured(pairs.ROOT, "nonsense", True, tmp_path / "record.json")


def test_figures_are_paired_by_order_or_else_by_their_words():
    def runs(*figures):
        return [record("topk", 1.0, Result([Figure(what, value, unit) for what, value, unit in figures]))]

    by_order = pairs.in_pairs(runs(("slowest: a", 1, "s"), ("n", 2, "")), runs(("slowest: b", 3, "s"), ("n", 4, "")))
    assert [(about["what"], *both) for about, *both in by_order] == [("slowest: b", [1], [3]), ("n", [2], [4])]
    by_words = pairs.in_pairs(runs(("gone", 1, "s"), ("n", 2, "")), runs(("n", 4, "")))
    assert [(about["what"], *both) for about, *both in by_words] == [("n", [2], [4])]


def quick_record(value):
    return record("topk", 1.0, Result([Figure("time", value, "s")]))


def test_bfloat16_is_measured_only_where_the_processor_has_it(monkeypatch):
    asked = []
    for module in (throughput, precision):
        monkeypatch.setattr(module, "has_bfloat16", lambda device: False)
    monkeypatch.setattr(throughput, "peak", lambda dtype: asked.append(dtype) or 1.0)
    monkeypatch.setattr(throughput, "turn", lambda runs, note="": dict.fromkeys(runs, 1.0))
    monkeypatch.setattr(throughput, "median", lambda values: 1.0)
    result = throughput.run(quick=True)
    assert len(asked) == 1
    assert not any("bfloat16" in figure.what for figure in result.figures)


def test_the_command_lists_and_refuses():
    listed = CliRunner().invoke(main, ["--list"])
    assert all(name in listed.output for name in ORDER)
    assert "is not one of" in CliRunner().invoke(main, ["nonsense"]).output
