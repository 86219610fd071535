"""What makes a web app safe to run on a person's own machine, and on a server."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from isthmus.apps.http.guard import Guard
from isthmus.apps.http.limits import Limits
from isthmus.apps.http.refusals import answer_errors

MAX_BODY = 64 * 2**20
TIMEOUT = 60.0


def secure(
    app: Any,
    host: str = "127.0.0.1",
    token: str | None = None,
    *,
    allow: Collection[str] = (),
    public: Collection[str] = (),
    max_body: int = MAX_BODY,
    timeout: float = TIMEOUT,
) -> Any:
    """Guard a Starlette or FastAPI app, limit its requests, and let it answer errors in one form; return it.

    Parameters
    ----------
    app : Starlette or FastAPI
    host : str, default "127.0.0.1"
        The address that is bound; with the names of loopback, what a Host header may name.
    token : str or None, default None
        What a client must show: ``Authorization: Bearer TOKEN``, or once ``?token=TOKEN`` in a browser.
    allow : collection of str, default ()
        Further names that a Host header may have; ``"*"``: any.
    public : collection of str, default ()
        Paths that need no token, such as ``"/health"``.
    max_body : int, default 64 MiB
        Bytes of a body.
    timeout : float, default 60
        Seconds until an answer begins.
    """
    answer_errors(app)
    app.add_middleware(Limits, max_body=max_body, timeout=timeout)
    app.add_middleware(Guard, host=host, token=token, allow=allow, public=public)
    return app
