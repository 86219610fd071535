"""Service: the models, and the one worker thread that runs them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from isthmus import InputError
from isthmus.apps.http.refusals import Refused
from isthmus.apps.server.batching import Batcher
from isthmus.apps.server.kinds.base import Rows, check_count
from isthmus.apps.server.metrics import Metrics
from isthmus.apps.server.models import Found, Model, part_of

FRAMED = ("reconstruct", "denoise", "impute")
"""Operations whose answers have the types of the columns."""
DRAWING = ("impute",)
"""Operations that use the one stream of random numbers, and so stay in the one thread."""

Settings = tuple[tuple[str, str | bool], ...]
"""Options of an operation, as a key."""


class Service:
    """Answers from models.

    One thread runs them all: what they draw comes from one stream of random numbers, and two cores are used better by
    large batches than by many threads.

    Parameters
    ----------
    models : mapping of str to Model
    max_rows : int
        Rows in a request, and in a batch.
    max_body : int
        Bytes of pixels of a picture in a file.
    """

    def __init__(self, models: Mapping[str, Model], max_rows: int, max_body: int) -> None:
        self.models, self.max_rows, self.max_body = models, max_rows, max_body
        self.metrics = Metrics()
        self.worker = ThreadPoolExecutor(1, "model")
        self.batchers: dict[tuple[str, str, Settings], Batcher] = {}

    def model(self, name: str) -> Model:
        """Return a model by its name.

        Raises
        ------
        Refused
            There is none.
        """
        if name not in self.models:
            raise Refused(404, f"there is no model {name!r}; there are: {', '.join(self.models)}", "model")
        return self.models[name]

    def offered(self, name: str, operation: str) -> Model:
        """Return the model that offers an operation.

        Raises
        ------
        Refused
            There is no such model, or it does not.
        """
        model = self.model(name)
        if operation not in model.operations:
            offers = ", ".join(model.operations)
            raise Refused(404, f"the model {name!r} offers no {operation!r}; it offers: {offers}", "operation")
        return model

    async def ask(self, model: Model, operation: str, rows: Rows, given: Any = None, **options: str | bool) -> Found:
        """Return what an operation finds for rows, or codes; `given`: their condition as the request has it.

        `options` are those of the operation: ``explain=True`` of ``"score"``, ``pool="mean"`` of ``"encode"``.

        Raises
        ------
        Refused, InputError
            There are too many of them, or the model cannot take them.
        """
        check_count(rows.count, self.max_rows)
        count = rows.count if model.layout_for(operation).batched else None
        condition = model.given.read(operation, given, count)
        key = (model.name, operation, tuple(options.items()))
        if key not in self.batchers:
            self.batchers[key] = self._batcher(*key)
        found: Found = await self.batchers[key].submit((rows.values, rows.count, condition), rows.count)
        return found

    def _batcher(self, name: str, operation: str, settings: Settings) -> Batcher:
        model = self.models[name]
        layout = model.layout_for(operation)
        function, framed = model.operations[operation], model.framed or operation in FRAMED
        options: dict[str, Any] = dict(settings)

        def call(items: list[Any]) -> list[Found]:
            parts, counts, conditions = zip(*items, strict=True)
            given = model.given.join(conditions)
            try:
                found = function(layout.join(parts, framed), given, **options)
            except InputError:
                if framed:
                    raise
                found = function(layout.join(parts, True), given, **options)  # which names the column at fault
            if len(items) == 1:
                return [found]
            ends = np.cumsum(counts).tolist()
            return [part_of(found, slice(end - count, end)) for count, end in zip(counts, ends, strict=True)]

        most = self.max_rows if layout.batched and layout.together else 1
        return Batcher(call, self.worker, most, self.metrics.batches(name, operation), operation not in DRAWING)

    async def sample(self, model: Model, n: int, temperature: float, seed: int | None, given: Any) -> Found:
        """Return new rows."""
        check_count(n, self.max_rows)
        key: tuple[str, str, Settings] = (model.name, "sample", ())
        condition = model.given.join([model.given.read("sample", given, n)])
        if key not in self.batchers:
            seen, draw = self.metrics.batches(model.name, "sample"), model.operations["sample"]
            self.batchers[key] = Batcher(lambda items: [draw(*items[0])], self.worker, 1, seen, may_block=False)
        found: Found = await self.batchers[key].submit((n, temperature, seed, condition), n)
        return found

    def end(self) -> None:
        """Let the worker finish."""
        self.worker.shutdown(cancel_futures=True)
