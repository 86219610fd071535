"""``isthmus impute``: the missing cells of a table filled."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from isthmus.apps.cli.command import Failure, command, hushed, option, tell
from isthmus.apps.cli.inputs import data_argument, load
from isthmus.apps.cli.output import figure, json_option, output_option, show, table, writable


@command(
    "impute",
    "isthmus impute table.csv -o filled.csv",
    "isthmus impute new.csv --train old.csv --save imputer.safetensors -o filled.csv",
    "isthmus impute huge.parquet --model imputer.safetensors -o filled.parquet",
)
@data_argument
@output_option("Where the table goes: .parquet, .csv or .feather")
@option(
    "--keep",
    metavar="COLUMN",
    multiple=True,
    section="In and out",
    help="A column that is no measurement, such as a number of a row: it stays as it is; may be repeated",
)
@option("--save", metavar="MODEL", section="In and out", help="Write the imputer, for --model of a later command")
@option("--train", metavar="FILE", section="Imputer", help="Rows to train on; default: those of DATA")
@option("--model", metavar="MODEL", section="Imputer", help="An imputer that --save wrote")
@option("--seed", type=int, default=0, section="Imputer", help="The same seed gives the same cells [0]")
@json_option
def impute(
    data: str,
    output: str,
    keep: tuple[str, ...],
    save: str | None,
    train: str | None,
    model: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """Fill the missing cells of DATA.

    A missing number becomes its mean given the other cells of its row, a missing category the likeliest one. Cells
    that are there stay as they are. Files of Parquet and CSV are filled piece by piece.
    """
    from isthmus.data.appending import appending, check_appended
    from isthmus.data.csv_stream import opened, text_columns

    if model and train:
        raise click.UsageError(f"--model {model!r} is trained already: leave out --train")
    check_appended(output)
    if save:
        writable(save)
    imputer = load(model, "Imputer") if model else _trained(train or data, keep, seed)
    if save:
        imputer.save(save)
    known = imputer.autoencoder_.data_
    X, gaps, rows = opened(data, text_columns(known)), Counter[str](), 0
    with appending(output) as append:
        for piece in _pieces(X, data):
            append(_filled(imputer, piece, keep, gaps))
            rows += len(piece)
    document = {"output": output, "rows": rows, "filled": sum(gaps.values()), "columns": dict(gaps)}
    lines = [
        {"column": name, "filled": count, "share": f"{count / rows:.1%}"} for name, count in gaps.most_common() if count
    ]
    head = f"{output}: {figure(rows)} rows, {figure(document['filled'])} missing cells filled"
    show(document, "\n\n".join([head, *([table(lines)] if lines else [])]), as_json)


def _trained(path: str, keep: tuple[str, ...], seed: int) -> Any:
    """Return an imputer trained on the rows of a file."""
    from isthmus.apps.scoring import parted
    from isthmus.data import files
    from isthmus.data.whole import whole_numbers
    from isthmus.tasks.impute import Imputer

    X = files.read(path).X
    if hasattr(type(X), "chunks"):
        raise Failure(f"{path!r} is too large to be trained on in memory: give --train with some of its rows")
    if not hasattr(X, "columns"):
        raise Failure(f"{path!r} holds no table with named columns: give a file of .csv, .parquet or .feather")
    X = whole_numbers(parted(X, [name for name in keep if name in X.columns])[0])
    tell(f"training on {len(X):,} rows of {path} …")
    with hushed():
        return Imputer(random_state=seed).fit(X)


def _pieces(X: Any, path: str) -> Any:
    if hasattr(type(X), "chunks"):
        return X.chunks()
    if not hasattr(X, "columns"):
        raise Failure(f"{path!r} holds no table with named columns: give a file of .csv, .parquet or .feather")
    return [X]


def _filled(imputer: Any, piece: Any, keep: tuple[str, ...], gaps: Counter[str]) -> Any:
    """Return a piece with its gaps filled, its columns in their order; count the gaps."""
    import narwhals as nw

    from isthmus.apps.scoring import parted
    from isthmus.data.tabular import to_arrow
    from isthmus.data.whole import as_learnt, missing

    X, beside = parted(piece, keep)
    gaps.update(missing(X))
    filled = to_arrow(imputer.transform(as_learnt(X, imputer.autoencoder_.data_)))
    if beside is None:
        return filled
    for name in beside.column_names:
        filled = filled.append_column(name, beside[name])
    return filled.select(list(nw.from_native(piece, eager_only=True).columns))
