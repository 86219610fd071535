"""Limits: how much a request may bring, and how long it may take."""

from __future__ import annotations

import asyncio
from typing import Any

from isthmus.apps.web.errors import Refused


class Limits:
    """Refuses bodies that are too large, and ends what takes too long (pure ASGI).

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
        arrived, started = 0, False

        async def counted() -> Any:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > self.max_body:
                raise self._too_large()
            return message

        async def noted(message: Any) -> None:
            nonlocal started
            if not started:
                started = True
                limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self.timeout) as limit:
                if self._announced(scope) > self.max_body:
                    raise self._too_large()
                await self.app(scope, counted, noted)
        except TimeoutError:
            if started or not limit.expired():
                raise
            message = f"this took longer than {self.timeout:g} s: send fewer rows, or try again later"
            await Refused(504, message).response(scope["path"])(scope, receive, send)
        except Refused as error:
            await error.response(scope["path"])(scope, receive, send)

    def _announced(self, scope: Any) -> int:
        """Return how large the body is said to be."""
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                return int(value)
        return 0

    def _too_large(self) -> Refused:
        return Refused(413, f"the body is larger than {self.max_body:,} bytes: send fewer rows at a time", "body")
