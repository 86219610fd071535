"""Micro-batching: requests that wait at the same time are answered by one call of the model."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import inf, nan
from time import thread_time
from typing import Any

from isthmus import InputError
from isthmus.apps.http.refusals import Refused

WAITING = 1024
"""Requests that wait for one operation, at most."""
GATHER = 0.005
"""Seconds in which further requests may join a batch, as long as one comes after the other."""
TURNS = 3
"""Turns of the loop that a request takes from its socket to its batch."""
FEW = 32
"""Rows that cost about as much as one."""
QUICK = 0.01
"""Seconds for which the loop may be kept from its work."""

Call = Callable[[list[Any]], list[Any]]
"""From what several requests brought to what each is answered."""


@dataclass
class Waiting:
    """One request that waits."""

    item: Any
    rows: int
    answer: asyncio.Future[Any]


class Batcher:
    """Answers what waits for one operation, a batch at a time, in a worker thread unless that is quick.

    A request that makes the call fail does not harm its neighbours: they are then answered one by one.

    Parameters
    ----------
    call : callable
        From the items of a batch to their answers.
    worker : Executor
    most : int
        Rows in a batch; 1: each request by itself.
    seen : callable or None, default None
        Told the requests and the rows of each batch.
    may_block : bool, default True
        Whether a batch that takes less than `QUICK` may run in the loop itself. Beside a busy loop a thread waits for
        Python's lock after each step: a request then took about 150 µs of the processor instead of 90.
    """

    def __init__(
        self,
        call: Call,
        worker: Executor,
        most: int,
        seen: Callable[[int, int], None] | None = None,
        may_block: bool = True,
    ) -> None:
        self.call, self.worker, self.most, self.seen = call, worker, most, seen
        self.cost = inf if may_block else nan
        self.waiting: deque[Waiting] = deque()
        self.task: asyncio.Task[None] | None = None

    async def submit(self, item: Any, rows: int) -> Any:
        """Return the answer to an item of some rows.

        Raises
        ------
        Refused
            Too many wait already.
        InputError
            The model refuses the item.
        """
        if len(self.waiting) >= WAITING:
            raise Refused(503, "too many requests wait for this model: try again later", None, {"Retry-After": "1"})
        loop = asyncio.get_running_loop()
        entry = Waiting(item, rows, loop.create_future())
        self.waiting.append(entry)
        if self.task is None:
            self.task = loop.create_task(self._drain())
        return await entry.answer

    async def _drain(self) -> None:
        """Answer all that waits, and what comes meanwhile."""
        loop = asyncio.get_running_loop()
        try:
            while batch := await self._gathered(loop.time() + GATHER):
                for entry, answer in zip(batch, await self._found(batch), strict=True):
                    _give(entry.answer, answer)
        finally:
            self.task = None

    async def _found(self, batch: list[Waiting]) -> Sequence[Any]:
        """Return the answer to each request of a batch, or the error it makes."""
        rows, items = sum(entry.rows for entry in batch), [entry.item for entry in batch]
        if self.seen is not None:
            self.seen(len(batch), rows)
        if self.cost * max(rows, FEW) < QUICK:
            return self._timed(items, rows)
        try:
            return await asyncio.get_running_loop().run_in_executor(self.worker, self._timed, items, rows)
        except RuntimeError:  # the worker takes no more
            ending = Refused(503, "the server is about to end: ask again soon", None, {"Retry-After": "1"})
            return [ending] * len(batch)

    async def _gathered(self, until: float) -> list[Waiting]:
        """Return the next batch, once no further requests come in."""
        while (before := len(self.waiting)) < WAITING and asyncio.get_running_loop().time() < until:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if len(self.waiting) == before:
                break
        return self._next()

    def _next(self) -> list[Waiting]:
        """Return what waits, the oldest first, without what nobody waits for any more."""
        batch: list[Waiting] = []
        rows = 0
        while self.waiting and (not batch or rows + self.waiting[0].rows <= self.most):
            entry = self.waiting.popleft()
            if not entry.answer.done():
                batch.append(entry)
                rows += entry.rows
        return batch

    def _timed(self, items: list[Any], rows: int) -> Sequence[Any]:
        """Return the answer to each item, and learn what a row costs: seconds of the processor, waiting left out."""
        start = thread_time()
        found = self._answers(items)
        cost = (thread_time() - start) / max(rows, FEW)
        self.cost = cost if self.cost == inf else 0.7 * self.cost + 0.3 * cost
        return found

    def _answers(self, items: list[Any]) -> Sequence[Any]:
        """Return the answer to each item, or the error it makes."""
        try:
            return self.call(items)
        except InputError as error:
            return [error] if len(items) == 1 else [self._answers([item])[0] for item in items]
        except Exception as error:  # noqa: BLE001 - whoever waits must be told, whatever it is
            return [error] * len(items)


def _give(answer: asyncio.Future[Any], found: Any) -> None:
    if answer.done():  # its time was over
        return
    if isinstance(found, Exception):
        answer.set_exception(found)
    else:
        answer.set_result(found)
