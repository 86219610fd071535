"""What commands read: models and data, and the options that say how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.command import Failure, note, option
from isthmus.apps.cli.progress import tell_of_reading
from isthmus.apps.cli.reading_options import Typed, after, reading_options
from isthmus.apps.cli.rows import Rows, Span, cut
from isthmus.apps.cli.values import Named, number
from isthmus.support.errors import listed

if TYPE_CHECKING:
    from isthmus import Autoencoder

model_argument = click.argument("model", metavar="MODEL")
data_argument = click.argument("data", metavar="DATA")


SKIP_BROKEN = "Leave out images of a folder that cannot be read, and say how many"
ALPHA = "Whether an alpha channel of images is set on white, or kept as a fourth channel [white]"
TASKS = {"AnomalyDetector": "detect", "Imputer": "impute"}
"""The command of each kind of model that is no autoencoder."""
LABEL = "The column of a table that holds labels: it is taken out of the table."


def data_options(
    function: Callable[..., Any],
    argument: Callable[[Any], Any] = data_argument,
    reader: Callable[..., Rows] | None = None,
) -> Callable[..., Any]:
    """Give a command DATA and the options that say what of it is read; they arrive as one function, ``read``.

    It may be called with the model that the rows are for, which knows how the rows were read that it was trained on,
    and with the names of columns whose cells are not converted.
    """
    reads = reader or read

    @wraps(function)
    def wrapped(
        data: Any,
        label: str | None,
        rows: slice | None,
        alpha: str | None,
        skip_broken: bool,
        reading: Typed,
        **others: Any,
    ) -> Any:
        def read_rows(model: Autoencoder | None = None, *unchanged: str) -> Rows:
            how = after(model, reading, *unchanged)
            return reads(data, label, rows, alpha=alpha, skip_broken=skip_broken, reading=how)

        return function(read=read_rows, **others)

    decorated = reading_options(wrapped)
    decorated = option("--skip-broken", is_flag=True, help=SKIP_BROKEN, section="In and out")(decorated)
    decorated = option("--alpha", type=Named(["white", "keep"]), help=ALPHA, section="In and out")(decorated)
    decorated = option("--rows", type=Span(), help="Only these rows, numbered from 0", section="In and out")(decorated)
    decorated = option("--label", metavar="COLUMN", help=LABEL, section="In and out")(decorated)
    with_data: Callable[..., Any] = argument(decorated)
    return with_data


def read(
    path: str, label: str | None = None, span: slice | None = None, say: Callable[[str], None] = note, **how: Any
) -> Rows:
    """Read DATA, and say what was converted; labels that have names come as their names.

    `how` is about images and tables, as in `files.read`.
    """
    from isthmus.data.io import files

    tell_of_reading(path)
    loaded = files.read(path, label=label, **how)
    for text in loaded.notes:
        say(f"{path}: {text}")
    reading = how.get("reading")
    X, y = loaded.with_labels(reading.unchanged if reading else ()), loaded.labels
    rows = Rows(X, y, path, loaded.names, loaded.notes, label, loaded.reading)
    if span is None:
        return rows
    return replace(rows, X=cut(X, span), y=None if y is None else y[span], names=loaded.names[span])


def open_for(path: str, model: Autoencoder, typed: Typed, *unchanged: str | None) -> Any:
    """Return the rows of a file for a model, for a single pass; what is converted is said.

    Parameters
    ----------
    path : str
    model : Autoencoder
        Fitted.
    typed : mapping
        What was typed of the reading of tables.
    *unchanged : str or None
        Columns whose cells are not converted: they are carried along.
    """
    from isthmus.data.io.files import open_rows

    return open_rows(path, after(model, typed, *unchanged), say=lambda text: note(f"{path}: {text}"))


def load(path: str, *kinds: str) -> Any:
    """Return the model in a file: an Autoencoder, or one of some other classes.

    Raises
    ------
    Failure
        It is of another class.
    """
    import isthmus

    model = isthmus.load(path)
    kind, wanted = type(model).__name__, kinds or ("Autoencoder",)
    if kind not in wanted:
        use = TASKS.get(kind)
        hint = f": use it with isthmus {use} DATA --model {path}" if use else ""
        raise Failure(f"{path!r} holds an {kind}, where an {' or '.join(wanted)} is needed{hint}")
    return model


def suited(model: Autoencoder, path: str, rows: Rows) -> Rows:
    """Return the rows, once it is clear that they are of the kind of data that the model was trained on.

    Raises
    ------
    Failure
        They are of another kind, such as images where a table was, or labels stand among the columns.
    """
    from isthmus.apps.cli.kinds.base import files_of
    from isthmus.data.infer import choose_data

    kind = files_of(model.data_)
    if not kind.takes(rows.X):
        noun = files_of(choose_data(None, rows.X)).noun
        raise Failure(f"{rows.name!r} holds {noun}, but {path!r} was trained on {kind.noun}")
    _check_columns(rows, path, list(getattr(model, "feature_names_in_", [])))
    return rows


def _check_columns(rows: Rows, path: str, known: list[str]) -> None:
    """Refuse a table with other columns than those that a model was trained on."""
    import narwhals as nw

    columns = list(getattr(nw.from_native(rows.X, eager_only=True, pass_through=True), "columns", []))
    if not (known and columns):
        return
    missing, strange = [name for name in known if name not in columns], [name for name in columns if name not in known]
    if missing:
        beside = f"; it has {listed(map(repr, strange))}, which the model does not know: rename them" if strange else ""
        raise Failure(f"{rows.name!r} lacks {listed(map(repr, missing))}, which {path!r} was trained on{beside}")
    if strange:
        names = quote(",".join(map(str, strange)))
        labels = f"if it holds labels, --label {names}, else " if len(strange) == 1 else ""
        raise Failure(
            f"{rows.name!r} has the column{'s' * (len(strange) > 1)} {listed(map(repr, strange))}, which {path!r} does "
            f"not know: {labels}--drop {names}"
        )


def meet(path: str, read: Callable[..., Rows]) -> tuple[Autoencoder, Rows]:
    """Return the model in a file, and rows that suit it."""
    model = load(path)
    return model, suited(model, path, read(model))


def stem(path: str) -> str:
    """Return what a model is called: its file's name without the ending."""
    return Path(path).stem


def condition(model: Autoencoder, text: str | None) -> object:
    """Return what was typed as ``--condition`` in the form that the model takes.

    Raises
    ------
    Failure
        The model takes none, or another one; or it needs one and none was typed.
    """
    if model.condition is None:
        if text is not None:
            raise Failure(f"--condition {text}: the model was trained without a condition")
        return None
    names = [model.condition] if isinstance(model.condition, str) else list(model.condition)
    how = "LABEL" if names == ["y"] else ",".join(f"{name}=VALUE" for name in names)
    if text is None:
        raise Failure(f"the model was trained with condition={model.condition!r}: give --condition {how}")
    if names == ["y"]:
        return [text]
    pairs = dict(part.partition("=")[::2] for part in text.split(","))
    if set(pairs) != set(names):
        raise Failure(f"--condition {text}: the model takes --condition {how}")
    return _frame({name: [_value(pairs[name])] for name in names})


def _value(text: str) -> int | float | str:
    try:
        return number(text)
    except ValueError:
        return text


def _frame(columns: dict[str, list[int | float | str]]) -> object:
    import pyarrow

    return pyarrow.table(columns)
