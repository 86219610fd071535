"""Running a web app: listening, and shutting down."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Callable
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from isthmus import InputError
from isthmus.apps.http.guard import is_loopback

MAX_HEAD = 2**16
"""Maximum bytes of the headers of a request."""
START_SECONDS = 30.0
"""Seconds that a server in a thread has to start, and to end."""
GRACE = 30
"""Seconds that requests in progress have to finish when the server shuts down."""


def check_address(host: str, token: str | None) -> None:
    """Raise an error if other machines could connect without a token.

    Raises
    ------
    InputError
        The address is not a loopback address and there is no token; or the token is not valid in a header.
    """
    if token is None and not is_loopback(host):
        raise InputError(
            f"{host!r} can be reached from other machines: set a token that clients must send (--token, or the "
            "variable ISTHMUS_TOKEN), or use 127.0.0.1"
        )
    if token is not None and not (token and token.isascii() and token.isprintable() and " " not in token):
        raise InputError("the token must be printable ASCII without spaces, and at least one character")


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 chooses a free port.

    Raises
    ------
    InputError
        The address or the port is not available.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise InputError(
            f"cannot listen at {host!r}, port {port}: {error.strerror or error}; choose another port (0: any free one)"
        ) from error


def url_of(host: str, port: int) -> str:
    """Return the URL of a server.

    Examples
    --------
    >>> url_of("127.0.0.1", 8000), url_of("::1", 80)
    ('http://127.0.0.1:8000', 'http://[::1]:80')
    """
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, with limits on the time and the size of the headers of a request.

    Uvicorn itself waits indefinitely, for headers of any length, so that a client could block all others by holding
    connections open. Here, its keep-alive timeout lasts until the headers of the next request are complete.
    """

    head, between = 0, True  # bytes since the last request, and whether that has ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the timeout for the first request."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def on_headers_complete(self) -> None:
        """Note that a request begins."""
        self.head, self.between = 0, False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that a request ends."""
        self.between = True
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Process received data; keep the running timeout unless a request begins with it."""
        timer, cycle = self.timeout_keep_alive_task, self.cycle
        self.timeout_keep_alive_task = None  # uvicorn would stop it
        super().data_received(data)
        if timer is not None and self.cycle is cycle:
            self.timeout_keep_alive_task = timer
            self.head += len(data) if self.between else 0
            if self.head > MAX_HEAD and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")
        elif timer is not None:
            timer.cancel()


class Server(uvicorn.Server):
    """Uvicorn with a callback when it is ready; from then on, a signal lets it finish its requests.

    Parameters
    ----------
    config : uvicorn.Config
    ready : callable
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer requests."""
        await super().startup(sockets)
        if self.started:
            self.ready()


def run(
    app: ASGIApp,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    *,
    tell: Callable[[str], object] | None = None,
    grace: int = GRACE,
) -> None:
    """Answer requests until SIGTERM or Ctrl-C, then finish the requests in progress.

    Parameters
    ----------
    app : ASGI app
        Guarded by `isthmus.apps.http.security.secure`.
    host, port, token :
        Where to listen (port 0 chooses a free port), and the token that clients must send; required for an address
        that other machines can reach.
    tell : callable or None
        Called with the URL once the server is ready.
    grace : int, default 30
        Seconds that requests in progress have to finish.

    Raises
    ------
    InputError
        The address needs a token, or the port is not available.
    """
    check_address(host, token)
    with listen(host, port) as listener:
        gc.collect()
        gc.freeze()  # scanning models and libraries for garbage would block all responses for 0.1 s
        url = url_of(host, listener.getsockname()[1])
        Server(_config(app, grace), lambda: None if tell is None else tell(url)).run(sockets=[listener])


def _config(app: ASGIApp, grace: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=grace,
    )


class Background:
    """A server in a thread of this process, on a loopback address; it ends with the process, or when it is closed.

    Parameters
    ----------
    app : ASGI app
        Guarded by `isthmus.apps.http.security.secure`.
    port : int, default 0
        0 chooses a free port.

    Attributes
    ----------
    url : str

    Raises
    ------
    InputError
        The port is not available.
    """

    HOST = "127.0.0.1"

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._listener = listen(self.HOST, port)
        self.url = url_of(self.HOST, self._listener.getsockname()[1])
        ready = threading.Event()
        self._server = Server(_config(app, grace=1), ready.set)
        sockets = {"sockets": [self._listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=sockets, name="isthmus", daemon=True)
        self._thread.start()
        ready.wait(START_SECONDS)

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Finish the requests in progress, and end; once closed, it stays so."""
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._listener.close()
