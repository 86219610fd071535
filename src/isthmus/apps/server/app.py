"""The server as a FastAPI app."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

import isthmus
from isthmus.apps.http.security import secure
from isthmus.apps.server.bodies import JSON, as_json
from isthmus.apps.server.document import document_of
from isthmus.apps.server.metrics import Measured
from isthmus.apps.server.models import Model
from isthmus.apps.server.service import Service
from isthmus.apps.server.v1 import Operate
from isthmus.apps.server.v2 import Inference, infer_routes

MAX_ROWS = 10_000
MAX_BODY = 16 * 2**20
TIMEOUT = 30.0
ZIPPED = 2**14
"""Minimum bytes of a response that is compressed."""
PUBLIC = ("/health", "/ready", "/v2/health/live", "/v2/health/ready")
"""Paths for orchestrators, which have no token."""


def build(
    models: Mapping[str, Model],
    host: str = "127.0.0.1",
    token: str | None = None,
    *,
    allow: Collection[str] = (),
    max_rows: int = MAX_ROWS,
    max_body: int = MAX_BODY,
    timeout: float = TIMEOUT,
) -> FastAPI:
    """Return the app that serves models.

    Parameters
    ----------
    models : mapping of str to Model
        As `isthmus.apps.server.models.load_models` returns them.
    host, token, allow :
        See `isthmus.apps.http.security.secure`.
    max_rows : int, default 10,000
        Maximum number of rows in a request.
    max_body : int, default 16 MiB
        Maximum bytes of a body, after decompression, and of the pixels of an image in a file.
    timeout : float, default 30
        Maximum seconds until a response begins.
    """
    service = Service(models, max_rows, max_body)
    app = FastAPI(
        title="isthmus",
        version=isthmus.__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_living(service),
    )
    inference = Inference(service)
    app.router.routes[:0] = [
        Route(Operate.path, lambda request: None, methods=["POST"]),  # answered before; other methods are refused
        *infer_routes(inference),
    ]
    _add_pages(app, service)
    inference.add_pages(app)
    app.openapi = lambda: document_of(app, service)  # type: ignore[method-assign]
    app.add_middleware(Operate, service=service)
    app.add_middleware(Zipped, minimum_size=ZIPPED, compresslevel=1)
    secure(app, host, token, allow=allow, public=PUBLIC, max_body=max_body, timeout=timeout)
    app.add_middleware(Measured, metrics=service.metrics)
    return app


class Zipped(GZipMiddleware):
    """Compresses large responses for clients that accept that, at no cost for others (pure ASGI)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = scope["headers"] if scope["type"] == "http" else ()
        accepted = any(name == b"accept-encoding" and b"gzip" in value for name, value in headers)
        await (super().__call__ if accepted else self.app)(scope, receive, send)


def _living(service: Service) -> Any:
    """Return the lifespan of the app."""

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are meant for training, and name no request
            yield
        service.end()

    return living


def _add_pages(app: FastAPI, service: Service) -> None:
    """Add the pages that are requested rarely."""

    @app.get("/health", tags=["server"])
    async def health() -> dict[str, str]:
        """Tell that the server lives."""
        return {"status": "ok"}

    @app.get("/ready", tags=["server"])
    async def ready() -> dict[str, Any]:
        """Tell that the models are loaded."""
        return {"status": "ok", "models": list(service.models)}

    @app.get("/metrics", tags=["server"], response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Return the metrics for Prometheus."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/v1/models", tags=["models"])
    async def models() -> JSONResponse:
        """List the models."""
        return JSONResponse({"models": [{"name": name, **_short(model)} for name, model in service.models.items()]})

    @app.get("/v1/models/{name}", tags=["models"])
    async def model(name: str) -> Response:
        """Say what a model is: its fields, its graphs and its operations."""
        return Response(as_json(service.model(name).about()), media_type=JSON)


def _short(model: Model) -> dict[str, Any]:
    about = model.about()
    return {name: about[name] for name in ("estimator", "variant", "data", "operations")}
