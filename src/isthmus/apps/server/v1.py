"""``/v1``: the operations of models on rows, in JSON, npy, PNG and WAV, and conversions of other bodies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from starlette.types import ASGIApp, Receive, Scope, Send

from isthmus import InputError
from isthmus.apps.http.refusals import Refused, unusable
from isthmus.apps.report.png import FAST, encode
from isthmus.apps.server.bodies import JSON, NPY, PNG, WAV, array_of, as_json, as_npy, parsed, received
from isthmus.apps.server.cells import quoted
from isthmus.apps.server.conversions import Request
from isthmus.apps.server.kinds.base import Requests, Rows, rows_of
from isthmus.apps.server.models import DRAWN, Model, Results
from isthmus.apps.server.service import Service

KNOWN = ("rows", "columns", "codes", "explain", "pool", "condition")
FIELDS = {"decode": "codes", "sample": None, "compress": "body", "decompress": "body"}
"""The field at fault if a model refuses a request without naming a column; else the rows."""
IMAGES = (PNG, "image/jpeg")
SOUNDS = (WAV, "audio/x-wav", "audio/flac", "audio/ogg")


class Operate:
    """``POST /v1/models/{name}/{operation}`` (pure ASGI), before the app and its routes.

    There is as little as possible between the socket and the batch: routing, and the work of FastAPI for each request,
    would take a third of the time.

    Parameters
    ----------
    app : ASGI app
        Answers all other requests.
    service : Service
    """

    path = "/v1/models/{name}/{operation}"

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "POST":
            parts = scope["path"].split("/")
            if len(parts) == 5 and parts[:3] == ["", "v1", "models"]:
                scope["route"] = self
                try:
                    return await self._answer(parts[3], parts[4], scope, receive, send)
                except InputError as error:
                    raise unusable(error, FIELDS.get(parts[4], "rows")) from error
        await self.app(scope, receive, send)

    async def _answer(self, name: str, operation: str, scope: Scope, receive: Receive, send: Send) -> None:
        model = self.service.offered(name, operation)
        headers = dict(scope["headers"])
        kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
        body = await received(receive)
        accept, query = headers.get(b"accept", b""), scope["query_string"]
        if operation in model.conversions:
            content_type, content = await self._converted(model, operation, kind, accept, body, query)
        elif operation == "sample":
            content_type, content = answered(model, *await self._sample(model, kind, body), accept)
        else:
            results, form = await self._rows(model, operation, kind, body, query, accept)
            content_type, content = answered(model, results, form, accept)
        sent = [(b"content-type", content_type), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": sent})
        await send({"type": "http.response.body", "body": content})

    async def _rows(
        self, model: Model, operation: str, kind: str, body: bytes, query: bytes, accept: bytes
    ) -> tuple[Results, str]:
        layout = model.layout_for(operation)
        document = asked_in(query) if query else {}
        if kind in (JSON, ""):
            document |= parsed(body)
            check_names(document, KNOWN)
            rows = rows_of(layout, document, self.service.max_rows)
        else:
            rows = self._array(model, layout, kind, body)
        options = options_in(document, operation) | mapped_in(model, operation, accept)
        results = await self.service.ask(model, operation, rows, document.get("condition"), **options)
        return results, "objects" if operation == "decode" else rows.form

    def _array(self, model: Model, layout: Requests, kind: str, body: bytes) -> Rows:
        """Return rows that are not JSON."""
        if kind == NPY:
            return layout.array(array_of(body))
        if kind in IMAGES and layout is model.layout:
            return layout.image(body, self.service.max_body)
        if kind in SOUNDS and layout is model.layout:
            return layout.sound(body, self.service.max_body)
        raise Refused(
            415,
            f"a body of {kind!r}: send {JSON}, {NPY}, {PNG} for one image, or {WAV} for a recording",
            "Content-Type",
        )

    async def _converted(
        self, model: Model, operation: str, kind: str, accept: bytes, body: bytes, query: bytes
    ) -> tuple[bytes, bytes]:
        """Return the content type and the content of an answer to one body that is no rows."""
        conversion = model.conversions[operation]
        options = conversion.options(named_in(query, tuple(conversion.parameters)))
        request = Request(body, kind, accept.decode("latin-1"), options, self.service.max_body)
        converted = await self.service.convert(model, operation, request)
        return converted.kind.encode(), converted.content

    async def _sample(self, model: Model, kind: str, body: bytes) -> tuple[Results, str]:
        if kind not in (JSON, ""):
            raise Refused(415, f"a body of {kind!r}: send {JSON}", "Content-Type")
        document = parsed(body or b"{}")
        check_names(document, DRAWN)
        asked = {**DRAWN, **document}
        n, temperature, seed = asked["n"], asked["temperature"], asked["seed"]
        for name, value, fits in (
            ("n", n, type(n) is int and n >= 1),
            ("temperature", temperature, type(temperature) in (int, float) and 0 <= temperature < 1e6),
            ("seed", seed, seed is None or (type(seed) is int and 0 <= seed < 2**32)),
        ):
            if not fits:
                raise Refused(422, f"{name}={quoted(value)} cannot be: {MEANT[name]}", name)
        return await self.service.sample(model, n, float(temperature), seed, asked["condition"]), "objects"


MEANT = {
    "n": "a whole number of rows, at least 1",
    "temperature": "a number from 0 to a million",
    "seed": "a whole number from 0 to 4294967295, or null",
}


def asked_in(query: bytes) -> dict[str, Any]:
    """Return the query parameters, which accompany rows that are not JSON."""
    asked: dict[str, Any] = dict(named_in(query, ("explain", "pool", "condition")))
    if "explain" in asked:
        asked["explain"] = {"true": True, "false": False}.get(asked["explain"])
    return asked


def named_in(query: bytes, known: Iterable[str]) -> dict[str, str]:
    """Return the query parameters as text, of which all are known."""
    asked = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    check_names(asked, known)
    return asked


def options_in(document: dict[str, Any], operation: str) -> dict[str, str | bool]:
    """Return the options of an operation that a document asks for."""
    explain, pool = document.get("explain", False), document.get("pool")
    if not isinstance(explain, bool) or (explain and operation != "score"):
        raise Refused(422, "'explain' is true or false, and means something for score only", "explain")
    if pool not in (None, "mean") or (pool and operation != "encode"):
        raise Refused(422, "'pool' is \"mean\" or null, and means something for encode only", "pool")
    return {**({"explain": True} if explain else {}), **({"pool": pool} if pool else {})}


def mapped_in(model: Model, operation: str, accept: bytes) -> dict[str, str | bool]:
    """Return the options of an operation of a model with heat maps: regions with scores, an overlay for PNG."""
    if operation == "score" and model.maps:
        return {"regions": True}
    return {"drawn": True} if operation == "heat_map" and PNG.encode() in accept and NPY.encode() not in accept else {}


def check_names(document: dict[str, Any], known: Iterable[str]) -> None:
    """Raise an error for unknown names."""
    for name in document:
        if name not in known:
            raise Refused(422, f"{name!r} is unknown here; known: {', '.join(known) or 'none'}", name)


def answered(model: Model, results: Results, form: str, accept: bytes) -> tuple[bytes, bytes]:
    """Return the results in a format that the client accepts: the content type, and the content."""
    if NPY.encode() in accept:
        return NPY.encode(), as_npy(next(iter(results.values())))
    if "overlay" in results:
        return PNG.encode(), overlay_of(results["overlay"])
    if PNG.encode() in accept:
        return PNG.encode(), model.layout.png(next(iter(results.values())))
    if WAV.encode() in accept:
        return WAV.encode(), model.layout.wav(next(iter(results.values())))
    return JSON.encode(), as_json(document_of(model, results, form))


def overlay_of(overlays: list[np.ndarray]) -> bytes:
    """Return the one overlay as PNG.

    Raises
    ------
    Refused
        There are several.
    """
    if len(overlays) != 1:
        raise Refused(406, f"image/png holds one image, not {len(overlays)}: accept {JSON}", "Accept")
    return encode(overlays[0], FAST)


def document_of(model: Model, results: Results, form: str) -> dict[str, Any]:
    """Return the results as a JSON document, with rows in the form in which they came."""
    document: dict[str, Any] = {}
    for name, values in results.items():
        if name == "contributions":
            values = model.layout.contributions(values)
        if name == "regions":
            document[name] = values
        elif name == "rows" and form == "columns" and isinstance(values, dict):
            document["columns"] = values
        else:
            document[name] = shaped(values, form) if isinstance(values, dict) else listed(values)
    if model.threshold is not None and "flagged" in results:
        document["threshold"] = model.threshold
    return document


def listed(values: Any) -> list[Any]:
    """Return an array, or a list of arrays that differ in size, as nested lists."""
    return [listed(value) for value in values] if isinstance(values, list) else np.asarray(values).tolist()


def shaped(columns: dict[str, list[Any]], form: str) -> Any:
    """Return columns as objects, or as lists, one for each row; or unchanged.

    Examples
    --------
    >>> shaped({"a": [1, 2], "b": [3, 4]}, "objects")
    [{'a': 1, 'b': 3}, {'a': 2, 'b': 4}]
    """
    if form == "columns":
        return columns
    across = zip(*columns.values(), strict=True)
    if form == "objects":
        return [dict(zip(columns, row, strict=True)) for row in across]
    return [list(row) for row in across]
