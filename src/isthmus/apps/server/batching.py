"""Micro-batching: requests that arrive at about the same time are answered by one call of the model."""

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
"""Maximum number of requests that wait for one operation."""
GATHER = 0.005
"""Seconds in which further requests may join a batch, as long as they keep coming."""
TURNS = 3
"""Iterations of the event loop that a request takes from its socket to its batch."""
FEW = 32
"""Rows that cost about as much as one."""
QUICK = 0.01
"""Seconds for which the event loop may be blocked."""

Call = Callable[[list[Any]], list[Any]]
"""A function of the items of several requests that returns the answer to each."""


@dataclass
class Waiting:
    """A waiting request."""

    item: Any
    rows: int
    answer: asyncio.Future[Any]


class Batcher:
    """Answers the waiting requests of one operation in batches, in a worker thread unless a batch is quick.

    If a request makes the call fail, the requests of its batch are answered one by one.

    Parameters
    ----------
    call : callable
        Returns the answers to the items of a batch.
    worker : Executor
    max_rows : int
        Maximum number of rows in a batch; 1: one request per batch.
    seen : callable or None, default None
        Called with the numbers of requests and rows of each batch.
    may_block : bool, default True
        Whether a batch that takes less than `QUICK` may run in the event loop itself: beside a busy loop, a thread
        waits for Python's lock after each step, and a request took about 150 µs of processor time instead of 90.
    """

    def __init__(
        self,
        call: Call,
        worker: Executor,
        max_rows: int,
        seen: Callable[[int, int], None] | None = None,
        may_block: bool = True,
    ) -> None:
        self.call, self.worker, self.max_rows, self.seen = call, worker, max_rows, seen
        self.cost = inf if may_block else nan
        self.waiting: deque[Waiting] = deque()
        self.task: asyncio.Task[None] | None = None

    async def submit(self, item: object, rows: int) -> Any:
        """Return the answer to an item with this number of rows.

        Raises
        ------
        Refused
            Too many requests are waiting already.
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
        """Answer all waiting requests, and those that arrive meanwhile."""
        loop = asyncio.get_running_loop()
        try:
            while batch := await self._gathered(loop.time() + GATHER):
                for entry, answer in zip(batch, await self._answered(batch), strict=True):
                    _give(entry.answer, answer)
        finally:
            self.task = None

    async def _answered(self, batch: list[Waiting]) -> Sequence[Any]:
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
        """Return the oldest waiting requests that fit in a batch, without those that were cancelled."""
        batch: list[Waiting] = []
        rows = 0
        while self.waiting and (not batch or rows + self.waiting[0].rows <= self.max_rows):
            entry = self.waiting.popleft()
            if not entry.answer.done():
                batch.append(entry)
                rows += entry.rows
        return batch

    def _timed(self, items: list[Any], rows: int) -> Sequence[Any]:
        """Return the answer to each item, and update the processor time per row."""
        start = thread_time()
        answers = self._answers(items)
        cost = (thread_time() - start) / max(rows, FEW)
        self.cost = cost if self.cost == inf else 0.7 * self.cost + 0.3 * cost
        return answers

    def _answers(self, items: list[Any]) -> Sequence[Any]:
        """Return the answer to each item, or the error it makes."""
        try:
            return self.call(items)
        except InputError as error:
            return [error] if len(items) == 1 else [self._answers([item])[0] for item in items]
        except Exception as error:  # noqa: BLE001 - whoever waits must be told, whatever it is
            return [error] * len(items)


def _give(answer: asyncio.Future[Any], result: object) -> None:
    if answer.done():  # its time was over
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
