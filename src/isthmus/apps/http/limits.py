"""Limits on the size and the duration of requests."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.apps.http.inflate import ENCODINGS, Inflate, too_large
from isthmus.apps.http.refusals import Refused


class Limits:
    """Decompresses bodies, refuses those that are too large, and stops requests that take too long (pure ASGI).

    Parameters
    ----------
    app : ASGI app
    max_body : int
        Maximum bytes of a body; above, the response is 413.
    timeout : float
        Maximum seconds until a response begins, including the time for receiving the body; then, it is 504.
    """

    def __init__(self, app: ASGIApp, max_body: int, timeout: float) -> None:
        self.app, self.max_body, self.timeout = app, max_body, timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request within the limits."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        arrived, started, inflate = 0, False, None

        async def counted() -> Any:
            nonlocal arrived
            message = await receive()
            body = message.get("body", b"")
            arrived += len(body)
            if arrived > self.max_body:
                raise too_large(self.max_body)
            if inflate is not None and message["type"] == "http.request":
                message["body"] = inflate(body, message.get("more_body", False))
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            if not started:
                started = True
                limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self.timeout) as limit:
                inflate = self._announced(scope)
                await self.app(scope, counted, noted)
        except TimeoutError:
            if started or not limit.expired():
                raise
            message = f"this took longer than {self.timeout:g} s: send fewer rows, or try again later"
            late = Refused(504, message, headers={"Connection": "close"})  # a client that is still sending can stop
            await late.response(scope["path"])(scope, receive, send)
        except Refused as error:
            await error.response(scope["path"])(scope, receive, send)

    def _announced(self, scope: Scope) -> Inflate | None:
        """Check the headers that describe the body; return its decompressor, if it is compressed."""
        inflate = None
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self.max_body:
                raise too_large(self.max_body)
            if name == b"content-encoding" and value.lower() != b"identity":
                if value.decode("latin-1").lower() not in ENCODINGS:
                    raise Refused(415, f"send the body as it is, or as one of {ENCODINGS}", "Content-Encoding")
                inflate = Inflate(self.max_body)
        return inflate
