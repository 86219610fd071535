"""Securing a web app, on a user's machine or on a server."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastapi import FastAPI

from isthmus.apps.http.guard import Guard
from isthmus.apps.http.limits import Limits
from isthmus.apps.http.refusals import answer_errors

MAX_BODY = 64 * 2**20
TIMEOUT = 60.0


def secure(
    app: FastAPI,
    host: str = "127.0.0.1",
    token: str | None = None,
    *,
    allow: Collection[str] = (),
    public: Collection[str] = (),
    max_body: int = MAX_BODY,
    timeout: float = TIMEOUT,
) -> Any:
    """Add the guard, the limits and the error responses to a Starlette or FastAPI app, and return it.

    Parameters
    ----------
    app : Starlette or FastAPI
    host : str, default "127.0.0.1"
        The bound address; a Host header may name it, or the loopback addresses.
    token : str or None, default None
        The token that clients must send: ``Authorization: Bearer TOKEN``, or once ``?token=TOKEN`` in a browser.
    allow : collection of str, default ()
        Further names that a Host header may have; ``"*"`` allows any.
    public : collection of str, default ()
        Paths that do not need a token, such as ``"/health"``.
    max_body : int, default 64 MiB
        Maximum bytes of a body.
    timeout : float, default 60
        Maximum seconds until a response begins.
    """
    answer_errors(app)
    app.add_middleware(Limits, max_body=max_body, timeout=timeout)
    app.add_middleware(Guard, host=host, token=token, allow=allow, public=public)
    return app
