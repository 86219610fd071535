"""Former files: their epochs count from 0."""

from __future__ import annotations

from typing import Any

History = list[dict[str, Any]]


def from_one(history: History, best_epoch: int | None) -> tuple[History, int | None]:
    """Return a history and its best epoch as counted from 1, whichever way a file has them.

    A former file is known by an epoch 0, or by a best epoch of -1 (the start); today the start is 0.

    Examples
    --------
    >>> from_one([{"epoch": 0}, {"epoch": 1}], 1)
    ([{'epoch': 1}, {'epoch': 2}], 2)
    >>> from_one([{"epoch": 1}, {"epoch": 2}], 0)
    ([{'epoch': 1}, {'epoch': 2}], 0)
    """
    if best_epoch != -1 and all(record.get("epoch") != 0 for record in history):
        return history, best_epoch
    counted = [{**record, "epoch": record["epoch"] + 1} for record in history]
    return counted, None if best_epoch is None else best_epoch + 1
