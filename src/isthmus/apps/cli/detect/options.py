"""Where the detector of ``isthmus detect`` comes from: a file, normal rows, or the rows that it is to judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from isthmus.apps.cli.command import Failure, hushed, tell
from isthmus.apps.cli.inputs import load
from isthmus.apps.cli.rows import cut

RATE = 0.01
"""The false-alarm rate unless another one is typed."""

CONTAMINATION = 0.1
"""The share of abnormal rows that is assumed where nobody says which rows are normal."""


@dataclass(frozen=True)
class Wish:
    """What was typed of the detector."""

    data: str
    model: str | None
    train: str | None
    train_rows: slice | None
    normal: str | None
    label: str | None
    keep: tuple[str, ...]
    window: int | None
    stride: int | None
    scorer: str | None
    false_alarm_rate: float | None
    contamination: float | None
    seed: int

    @property
    def aside(self) -> list[str]:
        """The columns that the detector does not see."""
        return [*self.keep, *([self.label] if self.label else [])]

    @property
    def unlabelled(self) -> bool:
        """Whether the rows to be judged are trained on."""
        return self.model is None and self.train is None and self.train_rows is None


def check(wish: Wish) -> None:
    """Refuse options that contradict each other."""
    if wish.false_alarm_rate is not None and wish.contamination is not None:
        raise click.UsageError(
            "--false-alarm-rate is a share of future normal rows, --contamination one of the training rows: give one"
        )
    if wish.normal is not None and (wish.label is None or wish.unlabelled or wish.model is not None):
        raise click.UsageError("--normal VALUE picks rows to train on, of --train, by their --label: give both too")
    if wish.train_rows is not None and wish.model is not None and wish.train is None:
        raise click.UsageError("--train-rows goes with --train, or trains on these rows of DATA: leave out --model")
    if wish.unlabelled and wish.false_alarm_rate is not None:
        raise click.UsageError(
            "--false-alarm-rate needs rows that are known to be normal: give --train NORMAL, or --contamination"
        )
    if wish.stride is not None and wish.window is None:
        raise click.UsageError("--stride goes with --window")
    if wish.scorer is not None and wish.model is not None and wish.train is None:
        raise click.UsageError(f"--model {wish.model!r} is trained, and knows its score: leave out --scorer")
    if wish.model is not None and wish.window is not None:
        raise click.UsageError(f"--model {wish.model!r} knows its windows: leave out --window")


def detector(wish: Wish) -> Any:
    """Return a fitted detector."""
    if wish.model is None:
        return _trained(wish)
    held = load(wish.model, "AnomalyDetector", "Autoencoder")
    if type(held).__name__ == "Autoencoder":
        if wish.train is None:
            raise Failure(
                f"{wish.model!r} is an autoencoder, which has no threshold: give --train NORMAL too, and a detector of "
                "its settings is trained"
            )
        return _trained(wish, _anew(held))
    if wish.train is not None:
        raise Failure(f"{wish.model!r} is a detector that is trained already: leave out --train, or leave out --model")
    if wish.contamination is not None:
        return held.set_threshold(contamination=wish.contamination)
    return held if wish.false_alarm_rate is None else held.set_threshold(false_alarm_rate=wish.false_alarm_rate)


def _anew(autoencoder: Any) -> Any:
    from sklearn.base import clone

    return clone(autoencoder)


def _windows(wish: Wish, steps: int) -> Any:
    """Return what rebuilds windows of a signal; None: the detector's own choice."""
    if wish.window is None:
        return None
    from isthmus.data.signals.signals import Signals
    from isthmus.tasks.anomaly.detector import default_autoencoder

    return default_autoencoder(steps, Signals(window=wish.window, stride=wish.stride or 1))


def _trained(wish: Wish, autoencoder: Any = None) -> Any:
    import isthmus

    how: dict[str, Any] = {"false_alarm_rate": wish.false_alarm_rate or RATE}
    if wish.unlabelled or wish.contamination is not None:
        how = {"contamination": wish.contamination or CONTAMINATION}
    X = _normal(wish)
    scored = autoencoder or _windows(wish, len(X))
    made = isthmus.AnomalyDetector(scored, scorer=wish.scorer or "auto", random_state=wish.seed, **how)
    tell(f"training on {len(X):,} {'rows' if wish.window is None else 'time steps'} of {wish.train or wish.data} …")
    with hushed():
        return made.fit(X)


def _normal(wish: Wish) -> Any:
    """Return the rows to train on, without the columns that stand aside."""
    from isthmus.data.io import files
    from isthmus.data.sources.in_memory import is_stream
    from isthmus.data.tables.rows import column, some
    from isthmus.tasks.anomaly.batch import label_text, parted

    path = wish.train or wish.data
    X = files.read(path).X
    if is_stream(X):
        return _stream(X, path, wish)
    if wish.train_rows is not None:
        X = cut(X, wish.train_rows, "--train-rows")
    if wish.normal is not None:
        import numpy as np

        labels = np.array([label_text(value) for value in column(X, wish.label)])
        chosen = np.flatnonzero(labels == wish.normal)
        if not len(chosen):
            known = ", ".join(sorted(set(labels.tolist()))[:10])
            raise Failure(f"--normal {wish.normal}: no row of {path!r} has it in {wish.label!r}; there are: {known}")
        X = some(X, chosen)
    return parted(X, _there(X, wish))[0]


def _there(X: Any, wish: Wish) -> Sequence[str]:
    """Return the columns to take out; training rows may lack those of the rows to be judged."""
    names = list(map(str, getattr(X, "columns", []))) if not hasattr(X, "column_names") else X.column_names
    return [name for name in wish.aside if wish.train is None or name in names]


def _stream(X: Any, path: str, wish: Wish) -> Any:
    if wish.train_rows is not None or wish.normal is not None or wish.contamination is not None or wish.unlabelled:
        raise Failure(f"{path!r} is too large to be sorted in memory: give --train with a file of normal rows only")
    aside = [name for name in wish.aside if name in X.columns]
    return type(X)(path, leave_out=aside) if aside else X
