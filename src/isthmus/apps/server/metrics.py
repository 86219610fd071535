"""Metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
SIZES = tuple(2**power for power in range(0, 15, 2))


class Metrics:
    """Counters of one app, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kept: dict[str, Any] = {"registry": self.registry, "namespace": "isthmus"}
        operation = ("model", "operation")
        self.requests = Counter("requests", "Requests answered", ("route", "method", "status"), **kept)
        self.seconds = Histogram(
            "request_seconds", "Time until the answer was sent", ("route",), buckets=SECONDS, **kept
        )
        self.rows = Counter("rows", "Rows that models were given", operation, **kept)
        self.batch_requests = Histogram("batch_requests", "Requests in a batch", operation, buckets=SIZES, **kept)
        self.batch_rows = Histogram("batch_rows", "Rows in a batch", operation, buckets=SIZES, **kept)

    def batches(self, model: str, operation: str) -> Callable[[int, int], None]:
        """Return a function that counts the requests and rows of each batch of an operation."""
        counted = self.rows.labels(model, operation)
        requests, rows = self.batch_requests.labels(model, operation), self.batch_rows.labels(model, operation)

        def observe(of_requests: int, of_rows: int) -> None:
            counted.inc(of_rows)
            requests.observe(of_requests)
            rows.observe(of_rows)

        return observe

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return bytes(generate_latest(self.registry))


class Measured:
    """Counts requests and their time (pure ASGI).

    Parameters
    ----------
    app : ASGI app
    metrics : Metrics
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics
        self.counts: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        start, status = perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            self._count(scope, status, perf_counter() - start)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        key = (getattr(scope.get("route"), "path", "other"), scope["method"], status)
        if key not in self.counts:
            if len(self.counts) > 1000:  # methods are chosen by clients
                key = (key[0], "other", status)
            labels = tuple(map(str, key))
            self.counts[key] = (self.metrics.requests.labels(*labels), self.metrics.seconds.labels(key[0]))
        requests, times = self.counts[key]
        requests.inc()
        times.observe(seconds)
