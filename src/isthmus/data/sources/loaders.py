"""DataLoaders and Datasets of PyTorch: what they yield, gathered in memory."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, RandomSampler, SequentialSampler

from isthmus.core.data import Rows
from isthmus.data.sources.budget import available
from isthmus.support.errors import DataWarning, InputError, InputTypeError, listed

BATCH = 256
"""Samples of a Dataset that are collated at a time."""

ROOM = 0.3
"""Fraction of the available memory that the rows may take: they are joined once all are there."""


class LabelledRows(NamedTuple):
    """Rows, and their labels if there are any."""

    X: Rows
    y: Any


def is_loader(X: Any) -> bool:
    """Tell whether X is a DataLoader or a Dataset of PyTorch."""
    return isinstance(X, (DataLoader, Dataset))


def gathered(X: Any) -> LabelledRows:
    """Return the rows that a DataLoader or Dataset yields, and the labels if it yields pairs.

    The order is that of the data set, even if a DataLoader shuffles; no row is missing, even if it drops the last ones.

    Raises
    ------
    InputError
        It yields something else than tensors or arrays, alone or in pairs (x, y); nothing; or more than fits in memory.
    """
    rows, labels, size, room = [], [], 0, available() * ROOM
    for batch in _in_order(X):
        x, y = _rows_and_labels(batch, type(X).__name__)
        rows.append(x)
        labels.append(y)
        size += x.nbytes
        if size > room:
            raise InputError(
                f"the {type(X).__name__} yields more than {room / 1e9:.1f} GB, which do not fit in memory: write its "
                "rows to a Parquet file, or its images to a folder, which are streamed"
            )
    if not rows:
        raise InputError(f"the {type(X).__name__} yields no rows")
    shapes = {tuple(x.shape[1:]) for x in rows}
    if len(shapes) > 1:
        raise InputError(
            f"the {type(X).__name__} yields rows of several shapes, such as {min(shapes)} and {max(shapes)}: resize "
            "them; or give a list of images, with data=Images(crop=...)"
        )
    return LabelledRows(_joined(rows), None if labels[0] is None else _joined(labels))


def _in_order(X: Any) -> Any:
    """Return an iterable over the batches of all samples, in the order of the data set."""
    if not isinstance(X, DataLoader):
        return DataLoader(X, batch_size=BATCH)
    sampler = X.sampler
    if (_shuffles(sampler) or isinstance(sampler, SequentialSampler)) and X.batch_size is not None:
        return DataLoader(X.dataset, X.batch_size, num_workers=X.num_workers, collate_fn=X.collate_fn)
    if X.batch_size is not None and not isinstance(X.dataset, torch.utils.data.IterableDataset):
        warnings.warn(
            f"rows come as the {type(sampler).__name__} of the DataLoader draws them, and so do results",
            DataWarning,
            stacklevel=5,
        )
    return X


def _shuffles(sampler: Any) -> bool:
    """Tell whether a sampler draws every row once."""
    return isinstance(sampler, RandomSampler) and not sampler.replacement and len(sampler) == len(sampler.data_source)


def _rows_and_labels(batch: Any, name: str) -> tuple[Any, Any]:
    """Return the rows and the labels of a batch; None for no labels."""
    pair = batch if isinstance(batch, (list, tuple)) and len(batch) in (1, 2) else (batch,)
    x, y = pair[0], pair[1] if len(pair) == 2 else None
    if not _is_array(x):
        raise InputTypeError(
            f"the {name} yields a {_kind(batch)}: it must yield tensors or arrays, alone or in pairs (x, y); change "
            "its collate_fn, or give the rows as an array"
        )
    return (x.detach().cpu() if torch.is_tensor(x) else x), y


def _kind(batch: Any) -> str:
    """Say what a batch is, and what is in it."""
    inner = [type(one).__name__ for one in batch] if isinstance(batch, (list, tuple)) else []
    inner = [repr(key) for key in batch] if isinstance(batch, dict) else inner
    return f"{type(batch).__name__}{' of ' * bool(inner)}{listed(inner, 5)}"


def _is_array(x: Any) -> bool:
    return torch.is_tensor(x) or isinstance(x, np.ndarray)


def _joined(pieces: list[Any]) -> Any:
    if all(torch.is_tensor(piece) for piece in pieces):
        return torch.cat([piece.cpu() for piece in pieces])
    return np.concatenate([np.asarray(piece) for piece in pieces])
