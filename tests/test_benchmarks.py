"""The harness of the benchmarks: bars, what is kept, and the page; nothing is timed."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.__main__ import ORDER
from benchmarks.support.figures import Figure, Result
from benchmarks.support.page import grid, page
from benchmarks.support.running import keep, record, write_page
from benchmarks.support.timing import in_turn, ratios

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
    text = page([], list(ORDER))
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
