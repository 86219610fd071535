"""What commands read: models and data, and the options that say how."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import wraps
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.command import Failure, note, option, warn
from isthmus.apps.cli.progress import while_reading
from isthmus.apps.cli.reading_options import Typed, after, reading_options
from isthmus.apps.cli.rows import Rows, Span, columns_of, cut
from isthmus.apps.cli.values import Named, number
from isthmus.support.errors import hint, listed, nearest, unknown
from isthmus.tasks.compression import shipped as compressors
from isthmus.tasks.denoising import shipped

if TYPE_CHECKING:
    from isthmus import Autoencoder
    from isthmus.data.io.reading import Reading

model_argument = click.argument("model", metavar="MODEL")
data_argument = click.argument("data", metavar="DATA")


SKIP_BROKEN = "Leave out images or sounds of a folder that cannot be read, and say how many"
ALPHA = "Whether an alpha channel of images is set on white, or kept as a fourth channel [white]"
TASKS = {"AnomalyDetector": "detect", "Imputer": "impute", "Denoiser": "denoise"}
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

    with while_reading(path):
        loaded = files.read(path, label=label, **how)
    for text in loaded.notes:
        say(f"{path}: {text}")
    reading = how.get("reading")
    X, y = loaded.with_labels(reading.unchanged if reading else ()), loaded.labels
    rows = Rows(X, y, path, loaded.names, loaded.notes, label, loaded.reading, left_out=loaded.left_out)
    if span is None:
        return rows
    return replace(rows, X=cut(X, span), y=None if y is None else y[span], names=loaded.names[span])


def open_for(
    path: str, model: Autoencoder, typed: Typed, *unchanged: str | None, optional: str | None = None
) -> tuple[Any, Reading]:
    """Return the rows of a file for a model, for a single pass, and how they are read; what is converted is said.

    Parameters
    ----------
    path : str
    model : Autoencoder
        Fitted.
    typed : mapping
        What was typed of the reading of tables.
    *unchanged : str or None
        Columns whose cells are not converted: they are carried along.
    optional : str, optional
        One of these, which need not be there.
    """
    from isthmus.data.io.files import open_as_read

    with while_reading(path):
        X, reading = open_as_read(path, after(model, typed, *unchanged), say=lambda text: note(f"{path}: {text}"))
    _check_carried(path, columns_of(X), known_columns(model), *unchanged, optional=optional)
    return X, reading


def check_ahead(
    path: str,
    typed: Typed,
    known: list[str],
    before: Reading | None,
    *unchanged: str | None,
    optional: str | None = None,
) -> None:
    """Refuse rows that a model could not take, before it is trained: no such file, or other columns.

    Parameters
    ----------
    path, typed, unchanged, optional :
        As `open_for` takes them, once the model is trained.
    known : list of str
        The columns that it is trained on; nothing where they have no names.
    before : Reading or None
        How the rows were read that it is trained on.
    """
    from isthmus.data.io.files import columns_ahead

    reading = replace(after(None, typed, *unchanged), before=None if before is None else before.merged())
    with while_reading(path):
        columns = columns_ahead(path, reading)
    if columns is not None:
        _check_carried(path, columns, known, *unchanged, optional=optional)


def _check_carried(
    path: str, columns: list[str], known: list[str], *unchanged: str | None, optional: str | None = None
) -> None:
    """Refuse a table without the columns that are carried along, or with others than a model knows."""
    check_there(path, columns, [name for name in unchanged if columns and name and name != optional])
    seen = [name for name in columns if name in known or name not in unchanged]
    _check_columns(path, "the model", seen, known)


def check_there(path: str, columns: Sequence[str], names: Iterable[str]) -> None:
    """Refuse names that none of the columns of a file has."""
    for name in names:
        if name not in columns:
            raise Failure(f"{path!r}: {unknown('column', name, columns)}")


def model_file(path: str) -> str:
    """Return the file of a model; a name such as ``scan`` or ``photo-1`` stands for one that comes with isthmus."""
    return path if os.path.exists(path) else str(shipped.file_named(path) or compressors.file_named(path) or path)


def load(path: str, *kinds: str) -> Any:
    """Return the model in a file, or one that comes with isthmus: an Autoencoder, or one of some other classes.

    Raises
    ------
    Failure
        It is of another class, or data.
    """
    import isthmus
    from isthmus.data.io.files import is_data

    try:
        model = isthmus.load(model_file(path))
    except (FileNotFoundError, isthmus.FileFormatError) as error:
        if not is_data(path):
            known = (*shipped.names(), *compressors.names())
            if isinstance(error, FileNotFoundError) and nearest("model", path, known):
                raise Failure(f"{error}{hint('model', path, known)}") from error
            raise
        needed = "but a model file is needed there: where both are arguments, MODEL comes first and DATA after it"
        raise Failure(f"{path!r} is named as data are, {needed}") from error
    kind, wanted = type(model).__name__, kinds or ("Autoencoder",)
    if kind not in wanted:
        use = TASKS.get(kind)
        how = f": use it with isthmus {use} DATA --model {path}" if use else ""
        raise Failure(
            f"{path!r} holds {with_article(kind)}, where {' or '.join(map(with_article, wanted))} is needed{how}"
        )
    return model


def with_article(kind: str) -> str:
    """Return the name of a kind of model after its article.

    Examples
    --------
    >>> with_article("Imputer"), with_article("Denoiser")
    ('an Imputer', 'a Denoiser')
    """
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"


def suited(model: Autoencoder, path: str, rows: Rows) -> Rows:
    """Return the rows, once it is clear that they are of the kind of data that the model was trained on.

    Columns of a table come in the order of the model.

    Raises
    ------
    Failure
        They are of another kind, such as images where a table was, or labels are columns that the model needs.
    """
    from isthmus.apps.cli.kinds.base import files_of
    from isthmus.data.infer import choose_data

    kind = files_of(model.data_)
    if not kind.takes(rows.X):
        noun = files_of(choose_data(None, rows.X)).noun
        raise Failure(f"{rows.name!r} holds {noun}, but {path!r} was trained on {kind.noun}")
    if rows.y is not None and rows.label in known_columns(model):
        raise Failure(
            f"--label {rows.label}: {path!r} was trained on this column, which --label takes out of the table: "
            "leave it out"
        )
    X = arranged(rows.X, rows.name, model, path)
    for text in kind.departures(model, X):
        warn(f"{rows.name}: {text}")
    return replace(rows, X=X)


def arranged(X: Any, name: str, model: Autoencoder, path: str) -> Any:
    """Return rows with their columns in the order of a model.

    Raises
    ------
    Failure
        They have other columns.
    """
    from isthmus.data.sources.in_memory import is_stream
    from isthmus.data.tables.rows import in_order

    columns, known = columns_of(X), known_columns(model)
    _check_columns(name, repr(path), columns, known)
    if not known or columns in ([], known):
        return X
    return X.in_order(known) if is_stream(X) else in_order(X, known)


def known_columns(model: Autoencoder) -> list[str]:
    """Return the columns that a model was trained on, in their order; nothing where they have no names."""
    return list(getattr(model, "feature_names_in_", ()))


def _check_columns(name: str, model: str, columns: list[str], known: list[str]) -> None:
    """Refuse a table with other columns than those that a model was trained on."""
    if not (known and columns):
        return
    missing, strange = [one for one in known if one not in columns], [one for one in columns if one not in known]
    if missing and len(columns) == len(known) and columns == [f"column_{i}" for i in range(len(known))]:
        raise Failure(
            f"{name!r} has no line that names its columns; it has {len(known)}, as {model} was trained on: if they are "
            f"the same, add the first line {','.join(known)}"
        )
    if missing:
        beside = f"; it has {listed(map(repr, strange))}, which the model does not know: rename them" if strange else ""
        raise Failure(f"{name!r} lacks {listed(map(repr, missing))}, which {model} was trained on{beside}")
    if strange:
        raise Failure(
            f"{name!r} has the column{'s' * (len(strange) > 1)} {listed(map(repr, strange))}, which {model} does not "
            f"know: {_remedies(strange)}"
        )


def _remedies(strange: list[str]) -> str:
    """Return what to type for columns that a model does not know, of what the command takes."""
    params = click.get_current_context().command.params
    typed = {flag for param in params for flag in param.opts}
    one = quote(strange[0])
    labels = f"if it holds labels, --label {one}, else " if len(strange) == 1 and "--label" in typed else ""
    kept = " ".join(f"--keep {quote(name)}" for name in strange) if len(strange) < 4 else f"--keep {one} …"
    along = f"; {kept} writes {'it' if len(strange) == 1 else 'them'} to the output" if "--keep" in typed else ""
    return f"{labels}--drop {quote(','.join(strange))}{along}"


def keep_option(name: str, used: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option ``--keep``, which arrives as `name`, each column once; `used`: what is not done with them."""
    return option(
        "--keep",
        name,
        metavar="COLUMN",
        multiple=True,
        callback=lambda ctx, param, names: tuple(dict.fromkeys(names)),
        section="In and out",
        help="A column that stands in the output as it is, such as a number of a customer: not "
        f"{used}, unless the model was trained on it; may be repeated",
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
