"""Missing cells of eight tables, beside mean and mode, neighbours, chained ridge and missForest.

Cells that are present are removed: 10, 30 and 50 % of them completely at random (MCAR), or with probability
1 / (1 + exp(1 − z)), about 30 %, where z is the standardised rank of the row's value in one column that is never
missing (MAR; the column keeps its own cells). Errors are measured on those cells: the RMSE of numbers in units of their
column's standard deviation, and the fraction of wrong categories. Every method fits and fills the same table; three
seeds draw rows, missing cells and everything else. Larger tables are sampled, so that one core does all in about half
an hour: 1,000 of adult and of both wines, 1,500 of California housing, 600 of spambase. Columns that identify rows or
are free text are left out (titanic: PassengerId, Name, Ticket, Cabin; breast cancer: id; horse colic: hospital number
and the three lesion codes).

The table gives each method's mean over the four settings and three seeds. A method's rank is taken in each table,
setting and error, of the mean over the seeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.support import rows
from benchmarks.support.figures import Figure, Result
from benchmarks.support.imputation_peers import ROUNDS, TREES, peers
from benchmarks.support.imputation_tables import INTERCEPT, SEEDS, SLOPE, TABLES, Case, cases, errors
from benchmarks.support.machine import speed
from benchmarks.support.timing import say, timed
from isthmus import Imputer

OURS, FOREST = "isthmus", "missForest"
SMALL = {"titanic", "horse colic", "breast cancer"}
"""Tables whose files have fewer than 1,000 rows."""

Fill = Callable[[pd.DataFrame], pd.DataFrame]
Errors = dict[tuple[str, str, str], dict[str, float]]
"""Of each table, setting and kind of error: each method's mean over the seeds."""


def run(quick: bool) -> Result:
    tables = ("breast cancer", "titanic") if quick else tuple(TABLES)
    records = [
        record for case in cases(tables, SEEDS[:1] if quick else SEEDS, 120 if quick else None) for record in fill(case)
    ]
    found, seconds = means(records), total_seconds(records)
    ranks = mean_ranks(found)
    figures = [
        Figure("mean rank of isthmus", ranks[OURS]),
        Figure("mean rank: best of the others less isthmus", best_other(ranks) - ranks[OURS], least=0),
        *(within(found, table) for table in tables),
        Figure("seconds of all fits and fills: times missForest's", seconds[OURS] / seconds[FOREST], most=1),
        *(Figure(f"mean rank of {name}", rank) for name, rank in ranks.items() if name != OURS),
        *(Figure(f"seconds of {name}", value, "s") for name, value in seconds.items()),
    ]
    details = {
        "records": records,
        "MAR": {"intercept": INTERCEPT, "slope": SLOPE, "driver": {name: TABLES[name].driver for name in tables}},
        "forests": {"trees": TREES, "rounds": ROUNDS},
        "rows": {name: TABLES[name].rows for name in tables},
    }
    return Result(figures, table(found, tables), details)


def fill(case: Case) -> list[dict[str, Any]]:
    """Let every method fill one table."""
    methods = {OURS: lambda frame: Imputer(random_state=case.seed).fit_transform(frame), **peers(case.seed)}
    records = [kept(name, method, case) for name, method in methods.items()]
    last = {record["method"]: record.get("rmse", record.get("error rate")) for record in records}
    say(f"{case.table}, {case.setting}, seed {case.seed}: {', '.join(f'{k} {v:.3f}' for k, v in last.items())}")
    return records


def kept(name: str, method: Fill, case: Case) -> dict[str, Any]:
    """Return what one method made of one table as a row, which is measured once."""
    row, inputs = f"{case.table}, {case.setting}, seed {case.seed}, {name}", (case.holed, case.seed)
    if name == OURS:
        return rows.ours(row, lambda: filled(name, method, case), *inputs)
    return rows.theirs(row, lambda: filled(name, method, case), "scikit-learn", name, ROUNDS, TREES, *inputs, speed())


def filled(name: str, method: Fill, case: Case) -> dict[str, Any]:
    """Let one method fill one table."""
    seconds, table = timed(lambda: method(case.holed))
    check(case, table, name)
    measured = {"table": case.table, "setting": case.setting, "seed": case.seed, "method": name, "seconds": seconds}
    return measured | errors(case, table)


def check(case: Case, filled: pd.DataFrame, name: str) -> None:
    """Stop where a method left a gap or changed a cell that was there."""
    there = case.holed.notna()
    if filled.isna().to_numpy().any() or not case.holed[there].equals(filled[there]):
        raise RuntimeError(f"{name} left gaps in {case.table}, or changed what was there")


def means(records: list[dict[str, Any]]) -> Errors:
    """Return each method's mean error over the seeds."""
    lists: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        for kind in ("rmse", "error rate"):
            if kind in record:
                lists[record["table"], record["setting"], kind][record["method"]].append(record[kind])
    return {key: {name: float(np.mean(v)) for name, v in methods.items()} for key, methods in lists.items()}


def total_seconds(records: list[dict[str, Any]]) -> dict[str, float]:
    totals: dict[str, float] = defaultdict(float)
    for record in records:
        totals[record["method"]] += record["seconds"]
    return dict(totals)


def mean_ranks(found: Errors) -> dict[str, float]:
    """Return each method's mean rank over tables, settings and errors."""
    ranks = pd.DataFrame(found.values()).rank(axis=1)
    return {str(name): float(rank) for name, rank in ranks.mean().items()}


def best_other(ranks: dict[str, float]) -> float:
    return min(rank for name, rank in ranks.items() if name != OURS)


def over_settings(found: Errors, table: str) -> dict[str, pd.Series]:
    """Return each method's mean over the settings, by kind of error."""
    kinds = dict.fromkeys(kind for name, _, kind in found if name == table)
    return {
        kind: pd.DataFrame([v for (name, _, k), v in found.items() if (name, k) == (table, kind)]).mean()
        for kind in kinds
    }


def within(found: Errors, table: str) -> Figure:
    """Return our error over the best one's, the larger ratio of both kinds."""
    ratio = max(errors[OURS] / errors.min() for errors in over_settings(found, table).values())
    return Figure(f"{table}: error of isthmus, times the best", ratio, most=1.1 if table in SMALL else 1.05)


def table(found: Errors, tables: tuple[str, ...]) -> list[list[Any]]:
    """Return a row for each table and kind of error."""
    blocks = [(name, kind, errors) for name in tables for kind, errors in over_settings(found, name).items()]
    head = ["table", "error", *blocks[0][2].index]
    return [head, *([name, kind, *(round(float(v), 4) for v in errors)] for name, kind, errors in blocks)]
