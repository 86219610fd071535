"""The rows that a detector of ``isthmus detect`` is trained with: normal ones, and known anomalies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from isthmus.apps.cli.command import Failure, note
from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.inputs import check_there, read
from isthmus.apps.cli.reading_options import after
from isthmus.apps.cli.rows import Rows, columns_of, cut
from isthmus.apps.cli.same_columns import check_columns
from isthmus.support.errors import listed, unknown

if TYPE_CHECKING:
    import numpy as np

    from isthmus import Autoencoder
    from isthmus.data.io.reading import Reading


@dataclass(frozen=True)
class TrainingRows:
    """The rows of a training.

    Attributes
    ----------
    X : DataFrame, array, list or stream
        Rows that are normal, as far as one knows.
    known : DataFrame, array, list or None
        Known anomalies.
    reading : Reading or None
        How they were read.
    names : sequence of str
        Of X, where each row is a file of its own.
    """

    X: Any
    known: Any
    reading: Reading | None
    names: Sequence[str] = ()

    def labelled(self) -> tuple[Any, Any]:
        """Return all rows, and which of them are known anomalies; None where there are none."""
        if self.known is None:
            return self.X, None
        import numpy as np

        from isthmus.data.tables.rows import in_order, joined

        known = in_order(self.known, columns_of(self.X))
        return joined([self.X, known]), np.repeat([0, 1], [len(self.X), len(known)])


def training_rows(options: Options, origin: Autoencoder | None) -> TrainingRows:
    """Return the rows to train on, and the known anomalies, without columns that are kept from the detector.

    They are read as those of the autoencoder's origin, if there is one.

    Raises
    ------
    Failure
        There are no such rows, or known anomalies have other columns.
    """
    path = options.train or options.data
    rows = _read(options, path, origin)
    X, known = _picked(options, path, rows.X)
    normal = replace(rows, X=_without_kept(options, X))
    names = rows.names[options.train_rows or slice(None)]
    names = names if len(names) == len(normal.X) else ()
    if known is not None:
        return TrainingRows(normal.X, _without_kept(options, known), rows.reading, names)
    return TrainingRows(normal.X, _of_file(options, normal, origin), rows.reading, names)


def normal_rows(options: Options, path: str, model: Autoencoder, known: Sequence[str]) -> Any:
    """Return the normal rows of a file for a trained detector; it sees its columns, `known`, even if they are kept."""
    X, _ = _picked(options, path, _read(options, path, model).X)
    return _without_kept(options, X, known)


def _read(options: Options, path: str, model: Autoencoder | None) -> Rows:
    return read(path, reading=after(model, options.reading, *options.kept_columns))


# -- rows by their labels -----------------------------------------------------------------------------------------


def _picked(options: Options, path: str, X: Any) -> tuple[Any, Any]:
    """Return the normal rows, and those that are known to be abnormal by their label; None without such labels."""
    from isthmus.data.sources.in_memory import is_stream
    from isthmus.data.tables.rows import some

    if is_stream(X):
        _check_stream(options, path)
        return X, None
    if options.train_rows is not None:
        X = cut(X, options.train_rows, "--train-rows")
    if options.normal is None and not options.abnormal:
        return X, None
    import numpy as np

    labels = _labels(X, path, options)
    for name, value in (("--normal", options.normal), *(("--abnormal", value) for value in options.abnormal)):
        if value is not None and not (labels == value).any():
            raise Failure(
                f"{name} {value}: no row of {path!r} has it in {options.label!r}; there are: {_there(labels)}"
            )
    abnormal = np.isin(labels, options.abnormal)
    normal = ~abnormal if options.normal is None else labels == options.normal
    if not normal.any():
        raise Failure(
            f"--abnormal {listed(options.abnormal)}: all {len(labels):,} rows of {path!r} have it in "
            f"{options.label!r}, but training needs normal ones: give these with --train, and {path!r} with --known"
        )
    return some(X, np.flatnonzero(normal)), some(X, np.flatnonzero(abnormal)) if options.abnormal else None


def _labels(X: Any, path: str, options: Options) -> np.ndarray:
    """Return the labels of rows as they are typed."""
    import numpy as np

    from isthmus.data.tables.rows import column
    from isthmus.tasks.anomaly.batch import label_text

    if options.label not in columns_of(X):
        raise Failure(f"{path!r}: {unknown('column', options.label, columns_of(X))}")
    return np.array([label_text(value) for value in column(X, options.label)])


def _there(labels: np.ndarray) -> str:
    return listed(sorted(set(labels.tolist())))


def _check_stream(options: Options, path: str) -> None:
    if options.knows:
        raise Failure(
            f"{path!r} is too large to be trained on in memory, which known anomalies need: give --train with a "
            "file of fewer rows"
        )
    chosen = options.train_rows is not None or options.normal is not None
    if chosen or options.contamination is not None or options.unlabelled:
        raise Failure(f"{path!r} is too large to be sorted in memory: give --train with a file of normal rows only")


def _without_kept(options: Options, X: Any, known: Sequence[str] = ()) -> Any:
    """Return rows without the columns that are kept from the detector; it sees those that it knows."""
    from isthmus.data.io.tabular import split_columns
    from isthmus.data.sources.in_memory import is_stream

    if is_stream(X):
        left_out = [name for name in options.kept_columns if name in X.columns and name not in known]
        return X.without(left_out) if left_out else X
    return split_columns(X, _present(X, options), known)[0]


def _present(X: Any, options: Options) -> Sequence[str]:
    """Return the columns to take out; training rows may lack those of the rows to be scored."""
    if options.train is None and options.recalibrate is None:
        check_there(options.data, columns_of(X), options.kept_columns)
    return [name for name in options.kept_columns if name in columns_of(X)]


# -- known anomalies in a file of their own -----------------------------------------------------------------------


def _of_file(options: Options, normal: Rows, origin: Autoencoder | None) -> Any:
    """Return the known anomalies of a file of their own, read as the normal rows were; None without one."""
    from isthmus.data.sources.in_memory import is_stream

    if options.known is None:
        return None
    rows = read(options.known, reading=_reading_after(options, normal, origin))
    if is_stream(rows.X):
        raise Failure(f"--known {options.known!r} is too large for the memory: name a file of fewer rows")
    rows = replace(rows, X=_same_columns(options, normal, rows.X))
    check_columns([normal, rows])
    return rows.X


def _reading_after(options: Options, normal: Rows, origin: Autoencoder | None) -> Reading:
    """Return how known anomalies are read: what was recognised of the normal rows decides what their file leaves open.

    Columns that are to be left out, read as text, or have a format or a unit need not be there.
    """
    typed = {name: value for name, value in options.reading.items() if name in ("encoding", "skip_rows", "header")}
    reading = after(origin, typed, *options.kept_columns)
    if normal.reading is None:
        return reading
    return replace(reading, before=replace(normal.reading.merged(), origin="the rows that are trained on"))


def _same_columns(options: Options, normal: Rows, X: Any) -> Any:
    """Return known anomalies with the columns of the normal rows; what they have beside these is left out, and said.

    Raises
    ------
    Failure
        They lack some.
    """
    import narwhals as nw

    columns, there = columns_of(normal.X), columns_of(X)
    missing = [name for name in columns if name not in there]
    if missing:
        raise Failure(
            f"--known {options.known!r} lacks {listed(map(repr, missing))}, which {normal.name!r} has: known anomalies "
            "have the columns of the rows to train on"
        )
    beside = [name for name in there if name not in columns]
    if strange := [name for name in beside if name not in options.kept_columns]:
        note(f"{options.known}: {listed(map(repr, strange))} left out, since {normal.name!r} has no such column")
    return nw.from_native(X, eager_only=True).drop(*beside).to_native() if beside else X
