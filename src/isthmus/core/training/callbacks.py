"""Events of the training loop, and callbacks: progress bar, log, CSV, TensorBoard."""

from __future__ import annotations

import csv
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from isthmus.support.errors import extra

log = logging.getLogger("isthmus")


class StopTraining(Exception):
    """Raised by a callback to end training after this batch, with the best weights."""


@dataclass(frozen=True)
class Event:
    """An event in training.

    Attributes
    ----------
    kind : str
        ``"begin"``, ``"step"``, ``"epoch"``, ``"checkpoint"`` or ``"end"``.
    epoch, epochs : int
        The current epoch, counted from 1, and the number of epochs; at ``"checkpoint"`` and ``"end"`` the last complete
        one, 0 if there is none.
    step, steps : int
        The steps done in the epoch, and the number of steps per epoch.
    rows : int
        Training rows in this step.
    record : dict
        At ``"epoch"``: the entry of the history.
    """

    kind: str
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    rows: int = 0
    record: dict[str, Any] = field(default_factory=dict)


Callback = Callable[[Event], None]


def summary(record: dict[str, Any]) -> str:
    """Return the figures of an epoch as one line."""
    return "  ".join(f"{name} {value:.5g}" for name, value in record.items() if name.endswith("loss"))


class ProgressBar:
    """A progress bar with speed and time left on a terminal or in a notebook."""

    def __init__(self) -> None:
        self.bar: Any = None

    def __call__(self, event: Event) -> None:
        """Update the progress bar."""
        if event.kind == "begin":
            self.bar = self._open(event)
        elif event.kind == "step":
            self.bar.update()
        elif event.kind == "epoch":
            self.bar.set_description(f"epoch {event.epoch}/{event.epochs}", refresh=False)
            self.bar.set_postfix_str(summary(event.record))
        elif event.kind == "end":
            self.bar.close()

    @staticmethod
    def _open(event: Event) -> Any:
        return bar_class()(
            total=event.epochs * event.steps,
            initial=(event.epoch - 1) * event.steps + event.step,
            desc=f"epoch {event.epoch}/{event.epochs}",
            unit=" steps",
            dynamic_ncols=True,
            mininterval=0.25,
        )


def bar_class() -> Any:
    """Return the class of tqdm's bars: a widget in a notebook that can show one, else a line of text.

    Without ipywidgets, ``tqdm.auto`` warns in a notebook before it shows the line.
    """
    if find_spec("ipywidgets") is None:
        from tqdm import tqdm
    else:
        from tqdm.auto import tqdm
    return tqdm


class LogProgress:
    """A line in the log for each epoch."""

    def __call__(self, event: Event) -> None:
        """Log the epoch."""
        if event.kind == "epoch":
            log.info("epoch %d/%d  %s", event.epoch, event.epochs, summary(event.record))


class CSVLog:
    """The history as a CSV file, one row for each epoch.

    Parameters
    ----------
    path : str or Path
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __call__(self, event: Event) -> None:
        """Append the epoch's record; the first one writes the header."""
        if event.kind != "epoch":
            return
        first = event.epoch == 1 or not self.path.exists()
        with open(self.path, "w" if first else "a", newline="") as file:
            writer = csv.DictWriter(file, list(event.record))
            if first:
                writer.writeheader()
            writer.writerow(event.record)


class TensorBoard:
    """The history as TensorBoard scalars (extra ``tensorboard``).

    Parameters
    ----------
    folder : str or Path
    """

    def __init__(self, folder: str | Path) -> None:
        self.writer = extra("torch.utils.tensorboard", "tensorboard").SummaryWriter(str(folder))

    def __call__(self, event: Event) -> None:
        """Write the epoch's record."""
        if event.kind == "epoch":
            for name, value in event.record.items():
                self.writer.add_scalar(name, value, event.epoch)
        elif event.kind == "end":
            self.writer.flush()


def interactive() -> bool:
    """Tell whether the output is interactive: a terminal, or a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules
