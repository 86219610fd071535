"""Error responses of the web apps of isthmus: ``{"error": {"field": …, "message": …}}``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from isthmus import InputError

NAMED = re.compile(r"(?:column|channel) '([^']*)'|^(condition)\b")
"""How an InputError names the column, channel or condition at fault."""

INFERENCE = "/v2/"
"""The prefix of the paths of the Open Inference Protocol."""


class Refused(HTTPException):
    """An error response to a request.

    Parameters
    ----------
    status : int
        400 to 599.
    message : str
        The error and its remedy.
    field : str or None, default None
        The part of the request that is at fault.
    headers : mapping or None, default None
        Further headers of the response.
    """

    def __init__(
        self, status: int, message: str, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message, headers)
        self.field = field

    def response(self, path: str) -> Response:
        """Return the response; only the message for clients of the Open Inference Protocol, as they expect."""
        content_error = self.detail if path.startswith(INFERENCE) else {"field": self.field, "message": self.detail}
        content = json.dumps({"error": content_error})  # ASCII: what a client sent may be no text that UTF-8 can hold
        return Response(content, self.status_code, self.headers, "application/json")


def unusable(error: InputError, field: str | None = None) -> Refused:
    """Return the response for rows that cannot be used: the message, and the column that it names, or a field."""
    match = NAMED.search(str(error))
    return Refused(422, str(error), match[match.lastindex or 0] if match else field)


def refused(request: Request, error: Exception) -> Refused:
    """Return the response for an error, without details if the error is unexpected."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, InputError):
        return unusable(error)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return Refused(422, first["msg"], ".".join(map(str, first["loc"][1:])) or str(first["loc"][0]))
    if isinstance(error, HTTPException):
        return Refused(error.status_code, _said(request, error), None, error.headers)
    return Refused(500, "the server failed to answer; its log says why")


def _said(request: Request, error: HTTPException) -> str:
    if error.detail != HTTPStatus(error.status_code).phrase:
        return str(error.detail)
    said = {404: f"there is no {request.url.path!r} here", 405: f"{request.url.path!r} takes no {request.method}"}
    return said.get(error.status_code, error.detail)


async def _answer(request: Request, error: Exception) -> Response:
    return refused(request, error).response(request.url.path)


def answer_errors(app: FastAPI) -> None:
    """Let an app answer every error in the same form."""
    for kind in (InputError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer)
