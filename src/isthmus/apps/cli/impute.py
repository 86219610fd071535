"""``isthmus impute``: the missing cells of a table filled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import click

from isthmus.apps.cli.command import Failure, command, hushed, option, tell
from isthmus.apps.cli.inputs import (
    check_ahead,
    check_there,
    data_argument,
    keep_option,
    known_columns,
    load,
    open_for,
    read,
)
from isthmus.apps.cli.knobs import flag
from isthmus.apps.cli.output import json_option, output_option, show, table, writable_model
from isthmus.apps.cli.progress import rows_done, training_progress
from isthmus.apps.cli.reading_options import Typed, after, reading_options, remember
from isthmus.apps.cli.rows import columns_of, enough
from isthmus.apps.cli.settings import training_options
from isthmus.apps.cli.tables import categories_option
from isthmus.apps.cli.tables import table as table_of
from isthmus.apps.cli.written import pieces_as_read
from isthmus.support.errors import counted


@command(
    "impute",
    "isthmus impute table.csv -o filled.csv",
    "isthmus impute today.csv --train old.csv --save imputer.safetensors -o filled.csv",
    "isthmus impute huge.parquet --model imputer.safetensors -o filled.parquet",
    "isthmus impute table.csv --draws 5 -o filled.csv     writes filled-1.csv … filled-5.csv",
)
@data_argument
@output_option("Where the table goes: .parquet, .csv or .feather")
@keep_option("keep", "trained on")
@option("--save", metavar="MODEL", section="In and out", help="Write the imputer, for --model of a later command")
@option("--train", metavar="FILE", section="Imputer", help="Rows to train on; default: those of DATA")
@option("--model", metavar="MODEL", section="Imputer", help="An imputer that --save wrote")
@option(
    "--draws",
    type=click.IntRange(min=1),
    section="Imputer",
    help="More than 1: so many tables, their gaps drawn from what is possible (multiple imputation) [1]",
)
@categories_option("Imputer")
@option("--seed", type=int, default=0, section="Imputer", help="The same seed gives the same cells [0]")
@reading_options
@training_options
@json_option
def impute(
    data: str,
    output: str,
    keep: tuple[str, ...],
    save: str | None,
    train: str | None,
    model: str | None,
    draws: int | None,
    max_categories: int | None,
    seed: int,
    reading: Typed,
    as_json: bool,
    **typed: Any,
) -> None:
    """Fill the missing cells of DATA.

    A missing number becomes its mean given the other cells of its row, a missing category the likeliest one. Cells
    that are there stay as they are. Files of Parquet and CSV are filled piece by piece.
    """
    from isthmus.data.io.appending import check_appended

    if model and train:
        raise click.UsageError(f"--model {model!r} is trained already: leave out --train")
    settings = {name: value for name, value in typed.items() if value is not None}
    fixed = [flag(name) for name in settings if name != "device"]
    if model and (fixed or max_categories):
        fixed += ["--max-categories"] if max_categories else []
        raise click.UsageError(f"--model {model!r} is trained already: leave out {', '.join(fixed)}")
    check_appended(output)
    if save:
        writable_model(save)
    if model:
        imputer = _loaded(model, draws)
        imputer.autoencoder_.set_params(**settings)
    else:
        unfitted = partial(_unfitted, draws or 1, seed, table_of(max_categories), settings)
        imputer = _trained(train or data, data, keep, unfitted, reading)
    if save:
        imputer.save(save)
    document = _write(imputer, data, keep, _outputs(output, imputer.draws), reading)
    rows, filled = document["rows"], document["filled"]
    lines = [
        {"column": name, "filled": count, "fraction": f"{count / rows:.1%}"}
        for name, count in document["columns"].items()
        if count
    ]
    head = f"{', '.join(document['output'])}: {counted(rows, 'row')}, {counted(filled, 'missing cell')} filled"
    show(document, "\n\n".join([head, *([table(lines)] if lines else [])]), as_json)


def _loaded(path: str, draws: int | None) -> Any:
    """Return the imputer in a file."""
    imputer = load(path, "Imputer")
    if draws not in (None, imputer.draws):
        raise Failure(f"--draws {draws}: {path!r} was trained for draws={imputer.draws}; train one anew with --train")
    return imputer


def _outputs(output: str, draws: int) -> list[str]:
    """Return where each table goes."""
    path = Path(output)
    return [output] if draws == 1 else [str(path.with_stem(f"{path.stem}-{draw}")) for draw in range(1, draws + 1)]


def _write(imputer: Any, data: str, keep: tuple[str, ...], outputs: list[str], typed: Typed) -> dict[str, Any]:
    """Fill the rows piece by piece; return what was done."""
    from isthmus.data.io.appending import appending

    X, reading = open_for(data, imputer.autoencoder_, typed, *keep)
    gaps, rows, as_written = Counter[str](), 0, pieces_as_read(outputs[0], reading, len(X))
    with ExitStack() as files:
        done = files.enter_context(rows_done(len(X), "filled"))
        appends = [files.enter_context(appending(path)) for path in outputs]
        for piece in _pieces(X, data):
            for append, table in zip(appends, _filled(imputer, piece, keep, gaps), strict=True):
                append(as_written(table, piece))
            rows += len(piece)
            done(len(piece))
    return {"output": outputs, "rows": rows, "filled": sum(gaps.values()), "columns": dict(gaps.most_common())}


def _unfitted(draws: int, seed: int, data: Any, settings: dict[str, Any], rows: int) -> Any:
    """Return an imputer for a number of rows, with the settings that were typed."""
    from isthmus.tasks.imputation.imputer import Imputer, default_autoencoder

    typed = settings or data is not None
    own = default_autoencoder(rows, data).set_params(random_state=seed, **settings) if typed else None
    return Imputer(own, draws=draws, random_state=seed)


def _trained(path: str, data: str, keep: tuple[str, ...], unfitted: Callable[[int], Any], typed: Typed) -> Any:
    """Return an imputer trained on the rows of a file, which is to fill those of `data`."""
    from isthmus.data.io.tabular import split_columns
    from isthmus.data.sources.in_memory import is_stream
    from isthmus.data.tables.integers import whole_numbers

    loaded = read(path, reading=after(None, typed, *keep))
    X = loaded.X
    if is_stream(X):
        raise Failure(f"{path!r} is too large to be trained on in memory: give --train with some of its rows")
    _check_named(X, path)
    if path == data:
        check_there(path, columns_of(X), keep)
    X = whole_numbers(split_columns(X, [name for name in keep if name in X.columns])[0])
    if path != data:
        check_ahead(data, typed, columns_of(X), loaded.reading, *keep)
    tell(f"training on {counted(len(X), 'row')} of {path} …")
    with hushed(), enough(path):
        imputer = unfitted(len(X)).fit(X, callbacks=training_progress())
    remember(imputer.autoencoder_, loaded.reading)
    return imputer


def _pieces(X: Any, path: str) -> Any:
    from isthmus.data.sources.in_memory import is_stream, pieces

    if is_stream(X):
        return pieces(X)
    _check_named(X, path)
    return [X]


def _check_named(X: Any, path: str) -> None:
    """Raise an error unless X has columns with names."""
    if not columns_of(X):
        raise Failure(f"{path!r} holds no table with named columns: give a file of .csv, .parquet or .feather")


def _filled(imputer: Any, piece: Any, keep: tuple[str, ...], gaps: Counter[str]) -> list[Any]:
    """Return a piece with its gaps filled, its columns in their order, once for each draw; count the gaps."""
    import narwhals as nw

    from isthmus.data.io.tabular import split_columns, to_arrow
    from isthmus.data.tables.integers import as_learnt, missing

    X, kept = split_columns(piece, keep, known_columns(imputer.autoencoder_))
    gaps.update({name: count for name, count in missing(X).items() if name not in keep})
    filled, names = imputer.transform(as_learnt(X, imputer.autoencoder_.data_)), nw.from_native(piece).columns
    tables = [to_arrow(one) for one in (filled if imputer.draws > 1 else [filled])]
    for name in keep:
        tables = [
            one.select([n for n in one.column_names if n != name]).append_column(name, kept[name]) for one in tables
        ]
    return [one.select(list(names)) for one in tables]
