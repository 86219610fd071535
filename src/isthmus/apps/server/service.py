"""Service: the models, and the one worker thread that runs them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from isthmus import InputError
from isthmus.apps.server.batching import Batcher
from isthmus.apps.server.layouts import Rows, Table, check_count
from isthmus.apps.server.metrics import Metrics
from isthmus.apps.server.models import Found, Model, part_of
from isthmus.apps.web.errors import Refused

FRAMED = ("reconstruct", "denoise", "impute")
"""Operations whose answers have the types of the columns."""
DRAWING = ("impute",)
"""Operations that use the one stream of random numbers, and so stay in the one thread."""


class Service:
    """Answers from models.

    One thread runs them all: what they draw comes from one stream of random numbers, and two cores are used better by
    large batches than by many threads.

    Parameters
    ----------
    models : mapping of str to Model
    max_rows : int
        Rows in a request, and in a batch.
    """

    def __init__(self, models: Mapping[str, Model], max_rows: int) -> None:
        self.models, self.max_rows = models, max_rows
        self.metrics = Metrics()
        self.worker = ThreadPoolExecutor(1, "model")
        self.batchers: dict[tuple[str, str, bool], Batcher] = {}

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

    async def ask(self, model: Model, operation: str, rows: Rows, given: Any = None, explain: bool = False) -> Found:
        """Return what an operation finds for rows, or codes.

        Raises
        ------
        Refused, InputError
            There are too many of them, or the model cannot take them.
        """
        check_count(rows.count, self.max_rows)
        key = (model.name, operation, explain)
        if key not in self.batchers:
            self.batchers[key] = self._batcher(*key)
        found: Found = await self.batchers[key].submit((rows.values, rows.count, given), rows.count)
        return found

    def _batcher(self, name: str, operation: str, explain: bool) -> Batcher:
        model = self.models[name]
        layout = model.codes if operation == "decode" else model.layout
        function, framed = model.operations[operation], model.framed or operation in FRAMED
        options = {"explain": True} if explain else {}

        def call(items: list[Any]) -> list[Found]:
            parts, given = [values for values, _, _ in items], items[0][2]
            try:
                found = function(layout.join(parts, framed), given, **options)
            except InputError:
                if framed:
                    raise
                found = function(layout.join(parts, True), given, **options)  # which names the column at fault
            if len(items) == 1:
                return [found]
            ends = np.cumsum([count for _, count, _ in items]).tolist()
            return [part_of(found, slice(end - items[at][1], end)) for at, end in enumerate(ends)]

        given = model.labelled or (operation == "decode" and model.autoencoder.condition is not None)
        most = self.max_rows if layout.batched and not given else 1
        return Batcher(call, self.worker, most, self.metrics.batches(name, operation), operation not in DRAWING)

    async def sample(self, model: Model, n: int, temperature: float, seed: int | None, given: Any) -> Found:
        """Return new rows."""
        check_count(n, self.max_rows)
        key = (model.name, "sample", False)
        if key not in self.batchers:
            seen = self.metrics.batches(model.name, "sample")
            draw = model.operations["sample"]
            self.batchers[key] = Batcher(lambda items: [draw(*items[0])], self.worker, 1, seen, may_block=False)
        found: Found = await self.batchers[key].submit((n, temperature, seed, given), n)
        return found

    def given(self, model: Model, operation: str, given: Any) -> Any:
        """Return the condition of a request as the model takes it.

        Raises
        ------
        Refused
            It has none, or takes another.
        """
        if given is None or model.autoencoder.condition is None:
            if given is not None:
                raise Refused(422, f"the model {model.name!r} was trained without a condition", "condition")
            return None
        if model.labelled:
            labels = given if isinstance(given, list) else [given]
            if not labels or not all(isinstance(label, (str, int, float)) for label in labels):
                raise Refused(422, "expected a label, or a list with one for each row", "condition")
            return np.array(labels)
        if operation not in ("decode", "sample"):
            raise Refused(422, f"{model.autoencoder.condition!r}: the condition stands in the rows", "condition")
        if not isinstance(given, dict) or not given:
            raise Refused(422, f"expected an object with {model.autoencoder.condition!r}", "condition")
        beside = Table(model.fields[len(model.data.fields()) :], True)
        columns = {name: cells if isinstance(cells, list) else [cells] for name, cells in given.items()}
        return beside.join([beside.read("columns", columns).values], True)

    def end(self) -> None:
        """Let the worker finish."""
        self.worker.shutdown(cancel_futures=True)
