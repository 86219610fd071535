"""The web app of the explorer: the page, and the API that it asks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, FastAPI, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from isthmus import InputError, __version__
from isthmus.apps.explorer.api import answers, bodies
from isthmus.apps.explorer.colours import Colour
from isthmus.apps.explorer.session import Session
from isthmus.apps.explorer.view import View
from isthmus.apps.http.refusals import Refused
from isthmus.apps.http.security import secure

STATIC = Path(__file__).parents[1] / "static"
MAX_BODY = 64 * 2**20
"""Bytes: of a photograph or a recording, which the user opens."""
TIMEOUT = 300.0
"""Seconds; a slow score on many rows may take some."""

MANY = 1000
"""Examples that are shown in one answer, at most."""

HIDDEN = "real examples are not shown: the explorer was started with --no-examples"
MISSING = "<!doctype html><title>isthmus</title><p>The page was not built: run `make page` in a clone of isthmus."
# regl, which draws the points, makes functions of text: 'unsafe-eval'
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors "
)
NOTEBOOKS = "http://localhost:* http://127.0.0.1:* https://localhost:* vscode-webview:"
"""Pages that may show the page inside of them, if it is for a notebook."""
FIELD = re.compile(r"^([a-z]\w*)(?:, \w+)*: ")
"""What an InputError of the explorer begins with: the part of the request at fault."""

Limit = Annotated[int, Query(ge=1, le=100_000)]
FILE = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
"""The body of a file in the document: as it is, whatever its type."""
FileName = Annotated[str, Query(max_length=255)]
Threshold = Annotated[float | None, Query(allow_inf_nan=False)]


def explorer_app(session: Session, host: str = "127.0.0.1", token: str | None = None, framed: bool = False) -> FastAPI:
    """Return the app that shows models on their examples.

    Parameters
    ----------
    session : Session
    host, token :
        Where it will listen, and what clients must show: see `isthmus.apps.http.security.secure`.
    framed : bool, default False
        Whether a notebook on this machine may show the page in a frame.
    """
    app = FastAPI(title="isthmus explore", version=__version__, docs_url=None, redoc_url=None)
    app.include_router(_of_examples(session), prefix="/api")
    app.include_router(_of_models(session), prefix="/api/models")
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False))
    app.add_api_route("/", partial(_page, NOTEBOOKS if framed else "'none'"), include_in_schema=False)
    secure(app, host, token, max_body=MAX_BODY, timeout=TIMEOUT)
    return app


def _page(frames: str) -> Response:
    page = STATIC / "index.html"
    if not page.exists():
        return HTMLResponse(MISSING, 503)
    headers = {
        "Content-Security-Policy": POLICY + frames,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    return FileResponse(page, headers=headers)


def _json(value: Any, **headers: str) -> Response:
    """Return plain values; numbers that are not finite become null."""
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(finite(value), allow_nan=False, separators=(",", ":"))
    return Response(text, media_type="application/json", headers=headers)


def finite(value: Any) -> Any:
    """Return plain values with None for numbers that are not finite."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _binary(values: np.ndarray, **headers: str) -> Response:
    """Return numbers, the lowest byte first."""
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return Response(little.tobytes(), media_type="application/octet-stream", headers=headers)


def _csv(text: str, name: str) -> Response:
    return Response(text, media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@contextmanager
def field_of_error() -> Iterator[None]:
    """Let an error say which part of the request is at fault."""
    try:
        yield
    except InputError as error:
        field = FIELD.match(str(error))
        if field is None:
            raise
        raise Refused(422, str(error), field[1]) from error


def _answer(answer: Callable[..., Any], *arguments: Any) -> Response:
    with field_of_error():
        return _json(answer(*arguments))


# -- examples ----------------------------------------------------------------------------------------------------


def _of_examples(session: Session) -> APIRouter:
    router, examples = APIRouter(), session.examples

    def numbers(text: str) -> list[int]:
        parts = text.split(",")
        if len(parts) > MANY or not all(part.strip().isdigit() and len(part) < 12 for part in parts):
            raise Refused(422, f"index: give up to {MANY} numbers with commas between them", "index")
        return [int(part) for part in parts]

    def values_of(indices: list[int], field: str) -> list[dict[str, Any]]:
        if not examples.visible:
            raise Refused(403, HIDDEN, field)
        with field_of_error():
            return examples.values(examples.check(indices, field))

    @router.get("/state")
    def state() -> Response:
        return _json(session.state())

    @router.get("/colours/{id:path}")
    def colour(id: str) -> Response:
        result = _colour(session, id)
        if result is None:
            raise Refused(404, f"there is no colour {id!r}", "id")
        return _binary(result.values, **{"X-Range": json.dumps(result.bounds)})

    @router.get("/examples/values")
    def values(index: str) -> Response:
        return _json({"values": values_of(numbers(index), "index")})

    @router.get("/examples/{i}/value")
    def value(i: int) -> Response:
        return _json(values_of([i], "i")[0], **{"Cache-Control": "private, max-age=3600"})

    @router.get("/search")
    def search(q: Annotated[str, Query(max_length=200)], limit: Limit = 200) -> Response:
        with field_of_error():
            result = examples.search(q)
        return _json({"indices": result[:limit].tolist(), "total": len(result)})

    @router.post("/selection.csv")
    def selection(asked: bodies.Selection) -> Response:
        with field_of_error():
            return _csv(examples.csv(examples.check(asked.indices, "indices")), "selection.csv")

    return router


def _colour(session: Session, id: str) -> Colour | None:
    """Return a colour by its id, such as ``"label"`` or ``"error:0"``."""
    if id in session.examples.colours:
        return session.examples.colours[id]
    what, _, number = id.partition(":")
    known = number.isdigit() and int(number) < len(session.views)
    return session.views[int(number)].colour(what) if known else None


# -- models ------------------------------------------------------------------------------------------------------


def _of_models(session: Session) -> APIRouter:
    router, examples = APIRouter(), session.examples

    def view(m: int) -> View:
        if not 0 <= m < len(session.views):
            raise Refused(404, f"there is no model {m}; they are numbered from 0 to {len(session.views) - 1}", "m")
        return session.views[m]

    @router.get("/{m}/map/{name}")
    def map(m: int, name: bodies.MapName, x: bodies.Index = 0, y: bodies.Index = 1) -> Response:
        with field_of_error():
            result = view(m).planes.named(name, x, y)
        if result is None:
            return Response(json.dumps({"progress": view(m).planes.progress}), 202, media_type="application/json")
        transform = {"offset": result.frame.offset.tolist(), "scale": result.frame.scale}
        return _binary(result.points, **{"X-Transform": json.dumps(transform)})

    @router.get("/{m}/examples/{i}")
    def example(m: int, i: int) -> Response:
        return _answer(answers.example, view(m), examples, i)

    @router.post("/{m}/decode")
    def decode(m: int, asked: bodies.Decode) -> Response:
        return _answer(answers.decode, view(m), asked)

    @router.post("/{m}/walk")
    def walk(m: int, asked: bodies.WalkBody) -> Response:
        return _answer(answers.walk, view(m), asked)

    @router.post("/{m}/grid")
    def grid(m: int, asked: bodies.Grid) -> Response:
        return _answer(answers.grid, view(m), asked)

    @router.post("/{m}/interpolate")
    def interpolate(m: int, asked: bodies.Interpolate) -> Response:
        return _answer(answers.interpolate, view(m), examples, asked)

    @router.post("/{m}/direction")
    def direction(m: int, asked: bodies.Direction) -> Response:
        return _answer(answers.direction, view(m), examples, asked)

    @router.post("/{m}/sample")
    def sample(m: int, asked: bodies.Sample) -> Response:
        return _answer(answers.sample, view(m), asked)

    def encode(m: int, asked: bodies.Encode) -> Response:
        return _answer(answers.encode, view(m), asked)

    # what a body holds depends on the kinds of data that are shown
    encode.__annotations__["asked"] = bodies.encode_body(one.kind for one in session.views)
    router.add_api_route("/{m}/encode", encode, methods=["POST"])

    @router.post("/{m}/files", openapi_extra={"requestBody": FILE})
    async def file(m: int, request: Request, name: FileName = "") -> Response:
        content = await request.body()
        return await run_in_threadpool(_answer, answers.file, view(m), content, name)

    def check_visible(asked: bodies.OnOne) -> None:
        if asked.index is not None and not examples.visible:
            raise Refused(403, HIDDEN, "index")

    @router.post("/{m}/restore")
    def restore(m: int, asked: bodies.Restore) -> Response:
        check_visible(asked)
        return _answer(answers.restore, view(m), examples, asked)

    @router.post("/{m}/compress")
    def compress(m: int, asked: bodies.Compress) -> Response:
        check_visible(asked)
        return _answer(answers.compress, view(m), examples, asked)

    @router.get("/{m}/scores")
    def scores(m: int) -> Response:
        return _answer(answers.scores, view(m))

    @router.get("/{m}/anomalies")
    def anomalies(m: int, threshold: Threshold = None, limit: Limit = 50) -> Response:
        return _answer(answers.anomalies, view(m), examples, threshold, limit)

    @router.get("/{m}/anomalies.csv")
    def anomalies_csv(m: int, threshold: Threshold = None) -> Response:
        return _csv(answers.anomalies_csv(view(m), examples, threshold), "anomalies.csv")

    return router
