"""Memory: a source for data in memory, and functions that all sources share."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from isthmus.core.data import Columns, Data, rows, take
from isthmus.core.records import Batch
from isthmus.data.sources.budget import available
from isthmus.data.sources.order import Order
from isthmus.data.sources.shards import Shard

LIMIT = 4 * 2**30
"""Maximum bytes of encoded rows that are kept."""

CHUNK = 8192
"""Rows encoded at a time."""

HASHED = 16 * 2**20
"""Approximate bytes of each tensor that go into a fingerprint."""


class Memory:
    """A source of rows in memory.

    Rows are encoded once, at construction, so that a batch is one gather per tensor. If the encoded rows would take too
    much memory, or the columns are uint8 pixels, rows are encoded batch by batch instead.

    Parameters
    ----------
    columns : Columns
        The result of ``data.read`` for all rows; may also hold ``"weight"`` and ``"condition:NAME"``.
    data : Data
        Fitted; turns columns into batches.
    batch_size : int
        Rows per batch; the last batch of an epoch may be smaller, no row is dropped.
    validation_fraction : float in [0, 1), default 0
        Fraction of the rows for validation; at least one row for each split, if there are two.
    seed : int, default 0
        Determines the split, the order and the sample.
    device : str or torch.device, default "cpu"
        The device of the batches. All rows move there once, if they fit in half of its free memory.
    limit : int, default 4 GiB
        Maximum bytes of encoded rows that are kept; never more than half of the available memory.

    Raises
    ------
    InputError
        There are no rows, or a setting is out of range.

    Attributes
    ----------
    rows : int
        The number of rows, including those for validation.
    """

    def __init__(
        self,
        columns: Columns,
        data: Data,
        *,
        batch_size: int,
        validation_fraction: float = 0.0,
        seed: int = 0,
        device: torch.device | str = "cpu",
        limit: int = LIMIT,
    ) -> None:
        self.rows = rows(columns)
        self._order = Order(self.rows, batch_size, validation_fraction, seed)
        self._fingerprint = fingerprint(columns, batch_size, validation_fraction, seed)
        self._device = torch.device(device)
        tensors, self._batch = encoded(columns, data, limit) or (columns, on(data, self._device).batch)
        self._tensors = _placed(tensors, self._device)

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of a split, from batch number `start` on; each is valid until the next."""
        device = next(iter(self._tensors.values())).device
        buffers: Columns = {}
        for index in self._order.batches(split, epoch, start, device):
            if not buffers or rows(buffers) != len(index):
                buffers = {name: t.new_empty((len(index), *t.shape[1:])) for name, t in self._tensors.items()}
            yield self.gather(index, buffers)

    def steps(self, split: str) -> int:
        """Return the number of batches of a split per epoch; 0 if the split is empty."""
        return self._order.steps(split)

    def sample(self, rows: int) -> Batch:
        """Return one batch of at most `rows` training rows, the same on each call."""
        return self.gather(self._order.sample(rows))

    def fingerprint(self) -> str:
        """Return a short string that changes with the rows, their order and the batch size."""
        return self._fingerprint

    def shard(self, rank: int, world: int) -> Shard:
        """Return the part of each batch that one of several processes trains on."""
        return Shard(self, rank, world)

    def only(self, index: Tensor, seed: int) -> Memory:
        """Return a source of some of the rows, which trains on all of them; the tensors are the same."""
        some = copy.copy(self)
        some.rows, some._fingerprint = len(index), fingerprint({"index": index}, self._fingerprint, seed)
        some._order = Order(len(index), self._order.batch_size, 0.0, seed, among=index)
        return some

    def order(self, epoch: int) -> Tensor:
        """Return the indices of the rows of an epoch, in the order of training, for `gather`."""
        return torch.cat(list(self._order.batches("train", epoch)))

    def gather(self, index: Tensor, buffers: Columns | None = None) -> Batch:
        """Return some rows as a batch, written to `buffers` if passed: allocating costs more than copying."""
        into = buffers or {}
        picked = {
            name: torch.index_select(t, 0, index.to(t.device), out=into.get(name)) for name, t in self._tensors.items()
        }
        return self._batch(moved(picked, self._device))


def on(data: Data, device: torch.device | str) -> Data:
    """Return a copy of `data` on a device."""
    return copy.deepcopy(data).to(device)


def moved(columns: Columns, device: torch.device | str) -> Columns:
    """Return columns on a device, without copying if they are already there."""
    return {name: tensor.to(device, non_blocking=True) for name, tensor in columns.items()}


def fingerprint(columns: Columns, *settings: object) -> str:
    """Return a short hash of settings, shapes, and evenly spaced rows, about 16 MiB of each tensor."""
    digest = hashlib.sha256(repr(settings).encode())
    for name, tensor in sorted(columns.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        stride = -(-tensor.nbytes // HASHED) or 1
        digest.update(tensor[::stride].contiguous().flatten().cpu().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


@torch.no_grad()
def encoded(columns: Columns, data: Data, limit: int) -> tuple[Columns, Callable[[Columns], Batch]] | None:
    """Return all rows as batch tensors, and a function that makes Batches of them; None if they are too large."""
    if any(tensor.dtype == torch.uint8 for tensor in columns.values()):
        return None
    n = rows(columns)
    first = data.batch(take(columns, slice(0, CHUNK)))
    if _bytes(first.columns()) / len(first) * n > min(limit, available() // 2):
        return None
    whole = {name: tensor.new_empty((n, *tensor.shape[1:])) for name, tensor in first.columns().items()}
    for a in range(0, n, CHUNK):
        for name, tensor in data.batch(take(columns, slice(a, a + CHUNK))).columns().items():
            whole[name][a : a + CHUNK] = tensor
    if "observed" in whole and whole["observed"].all():
        del whole["observed"]
    return whole, partial(Batch.of, feature=first.feature)


def _bytes(columns: Columns) -> int:
    return sum(tensor.nbytes for tensor in columns.values())


def _placed(columns: Columns, device: torch.device) -> Columns:
    """Return columns with contiguous rows, on the device if they fit there."""
    columns = {name: tensor.contiguous() for name, tensor in columns.items()}
    if device.type == "cuda" and _bytes(columns) > torch.cuda.mem_get_info(device)[0] // 2:
        return columns
    return moved(columns, device)
