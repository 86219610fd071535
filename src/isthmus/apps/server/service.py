"""Service: the models, and the worker thread that runs them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from isthmus import InputError
from isthmus.apps.http.refusals import Refused
from isthmus.apps.server.batching import Batcher
from isthmus.apps.server.conversions import Converted, Request
from isthmus.apps.server.kinds.base import Rows, check_count
from isthmus.apps.server.metrics import Metrics
from isthmus.apps.server.models import Model, Results, part_of

FRAMED = ("reconstruct", "denoise", "impute")
"""Operations whose results have the types of the columns."""
DRAWING = ("impute",)
"""Operations that use the shared stream of random numbers, and so must stay in the one thread."""

Settings = tuple[tuple[str, str | bool], ...]
"""Options of an operation, as a key."""


class Service:
    """Answers requests from models.

    A single thread runs all models: random numbers come from one stream, and large batches use the cores better than
    many threads.

    Parameters
    ----------
    models : mapping of str to Model
    max_rows : int
        Maximum number of rows in a request, and in a batch.
    max_body : int
        Maximum bytes of the pixels of an image in a file, and of what a compressed file holds.
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
            There is no such model.
        """
        if name not in self.models:
            raise Refused(404, f"there is no model {name!r}; there are: {', '.join(self.models)}", "model")
        return self.models[name]

    def offered(self, name: str, operation: str) -> Model:
        """Return a model that offers an operation.

        Raises
        ------
        Refused
            There is no such model, or it does not offer the operation.
        """
        model = self.model(name)
        if operation not in model.operations:
            offers = ", ".join(model.operations)
            raise Refused(404, f"the model {name!r} offers no {operation!r}; it offers: {offers}", "operation")
        return model

    async def ask(
        self, model: Model, operation: str, rows: Rows, condition: object = None, **options: str | bool
    ) -> Results:
        """Return the results of an operation for rows, or codes, with their condition as in the request.

        `options` are those of the operation: ``explain=True`` of ``"score"``, ``pool="mean"`` of ``"encode"``.

        Raises
        ------
        Refused, InputError
            There are too many rows, or the model cannot use them.
        """
        check_count(rows.count, self.max_rows)
        count = rows.count if model.layout_for(operation).batched else None
        values = model.conditions.read(operation, condition, count)
        key = (model.name, operation, tuple(options.items()))
        if key not in self.batchers:
            self.batchers[key] = self._batcher(*key)
        results: Results = await self.batchers[key].submit((rows.values, rows.count, values), rows.count)
        return results

    def _batcher(self, name: str, operation: str, settings: Settings) -> Batcher:
        model = self.models[name]
        layout = model.layout_for(operation)
        function, framed = model.operations[operation], model.framed or operation in FRAMED
        options: dict[str, Any] = dict(settings)

        def call(items: list[Any]) -> list[Results]:
            parts, counts, conditions = zip(*items, strict=True)
            condition = model.conditions.join(conditions)
            try:
                results = function(layout.join(parts, framed), condition, **options)
            except InputError:
                if framed:
                    raise
                results = function(layout.join(parts, True), condition, **options)  # names the column at fault
            if len(items) == 1:
                return [results]
            ends = np.cumsum(counts).tolist()
            return [part_of(results, slice(end - count, end)) for count, end in zip(counts, ends, strict=True)]

        max_rows = self.max_rows if layout.batched and layout.together else 1
        return Batcher(call, self.worker, max_rows, self.metrics.batches(name, operation), operation not in DRAWING)

    async def sample(self, model: Model, n: int, temperature: float, seed: int | None, condition: object) -> Results:
        """Return new rows."""
        check_count(n, self.max_rows)
        values = model.conditions.join([model.conditions.read("sample", condition, n)])
        results: Results = await self._alone(model, "sample", n, n, temperature, seed, values)
        return results

    async def convert(self, model: Model, operation: str, request: Request) -> Converted:
        """Return what an operation makes of one body.

        Raises
        ------
        Refused, InputError
            It cannot be converted.
        """
        converted: Converted = await self._alone(model, operation, 1, request)
        return converted

    async def _alone(self, model: Model, operation: str, rows: int, *arguments: object) -> Any:
        """Return the results of an operation, which answers each request by itself, in the worker."""
        key: tuple[str, str, Settings] = (model.name, operation, ())
        if key not in self.batchers:
            seen, call = self.metrics.batches(model.name, operation), model.operations[operation]
            self.batchers[key] = Batcher(lambda items: [call(*items[0])], self.worker, 1, seen, may_block=False)
        return await self.batchers[key].submit(arguments, rows)

    def end(self) -> None:
        """Let the worker finish."""
        self.worker.shutdown(cancel_futures=True)
