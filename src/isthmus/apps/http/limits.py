"""Limits: how much a request may bring, and how long it may take."""

from __future__ import annotations

import asyncio
from typing import Any

from isthmus.apps.http.inflate import ENCODINGS, Inflate, too_large
from isthmus.apps.http.refusals import Refused


class Limits:
    """Refuses bodies that are too large, unpacked if they come compressed, and ends what takes too long (pure ASGI).

    Parameters
    ----------
    app : ASGI app
    max_body : int
        Bytes of a body; 413 above.
    timeout : float
        Seconds until an answer begins, the time that the body takes to arrive counted; 504 after.
    """

    def __init__(self, app: Any, max_body: int, timeout: float) -> None:
        self.app, self.max_body, self.timeout = app, max_body, timeout

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
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

        async def noted(message: Any) -> None:
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
            late = Refused(504, message, headers={"Connection": "close"})  # whoever still sends need not go on
            await late.response(scope["path"])(scope, receive, send)
        except Refused as error:
            await error.response(scope["path"])(scope, receive, send)

    def _announced(self, scope: Any) -> Inflate | None:
        """Look at what the headers say of the body; return what unpacks it, if it comes compressed."""
        found = None
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self.max_body:
                raise too_large(self.max_body)
            if name == b"content-encoding" and value.lower() != b"identity":
                if value.decode("latin-1").lower() not in ENCODINGS:
                    raise Refused(415, f"send the body as it is, or as one of {ENCODINGS}", "Content-Encoding")
                found = Inflate(self.max_body)
        return found
