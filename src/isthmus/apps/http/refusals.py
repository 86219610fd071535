"""How a web app of isthmus says that something went wrong: ``{"error": {"field": …, "message": …}}``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from isthmus import InputError

NAMED = re.compile(r"(?:column|channel) '([^']*)'|^(condition)\b")
"""What an InputError calls the place at fault."""

INFERENCE = "/v2/"
"""Where the paths of the Open Inference Protocol begin."""


class Refused(HTTPException):
    """A request that is not answered.

    Parameters
    ----------
    status : int
        400 to 599.
    message : str
        What is wrong, and the remedy.
    field : str or None, default None
        The part of the request that is at fault.
    headers : mapping or None, default None
        Further headers of the answer.
    """

    def __init__(
        self, status: int, message: str, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message, headers)
        self.field = field

    def response(self, path: str) -> Response:
        """Return the answer; a bare message to clients of the Open Inference Protocol, who expect that."""
        told = self.detail if path.startswith(INFERENCE) else {"field": self.field, "message": self.detail}
        content = json.dumps({"error": told})  # ASCII: what a client sent may be no text that UTF-8 can hold
        return Response(content, self.status_code, self.headers, "application/json")


def unusable(error: InputError, field: str | None = None) -> Refused:
    """Return what a client is told whose rows cannot be used: the message, and the column that it names, or a field."""
    place = NAMED.search(str(error))
    return Refused(422, str(error), place[place.lastindex or 0] if place else field)


def refused(request: Request, error: Exception) -> Refused:
    """Return what a client is told of an error; nothing of one that nobody foresaw."""
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


def answer_errors(app: Any) -> None:
    """Let an app answer every error in the one form."""
    for kind in (InputError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer)
