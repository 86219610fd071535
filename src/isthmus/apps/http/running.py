"""Running a web app: where it listens, and how it ends."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from isthmus import InputError
from isthmus.apps.http.guard import is_loopback

MAX_HEAD = 2**16
"""Bytes of a request before its body."""
GRACE = 30
"""Seconds in which what is in flight may finish once the server is to end."""


def check_address(host: str, token: str | None) -> None:
    """Refuse to be reached from other machines by anybody.

    Raises
    ------
    InputError
        The address is not this machine's own, and there is no token; or the token is one that no header can hold.
    """
    if token is None and not is_loopback(host):
        raise InputError(
            f"{host!r} is reached from other machines: give a token that clients must show (--token, or the variable "
            "ISTHMUS_TOKEN), or stay at 127.0.0.1"
        )
    if token is not None and not (token and token.isascii() and token.isprintable() and " " not in token):
        raise InputError("the token must be printable ASCII without spaces, and at least one sign")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0: at any free one.

    Raises
    ------
    InputError
        That cannot be.
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
    """Return the address of a page.

    Examples
    --------
    >>> url_of("127.0.0.1", 8000), url_of("::1", 80)
    ('http://127.0.0.1:8000', 'http://[::1]:80')
    """
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, on which the head of a request must arrive soon, and must not be endless.

    Uvicorn itself waits for it without end, and for one of any length: whoever holds connections open could keep all
    others out. The time that it grants between two requests is granted here until the next head is whole.
    """

    head, between = 0, True  # bytes since the last request, and whether that has ended

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def on_headers_complete(self) -> None:
        """Begin a request."""
        self.head, self.between = 0, False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self.between = True
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Take what arrived; wait on, no longer than before, if no request began with it."""
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
    """Uvicorn, which says when it is ready: from then on a signal lets it finish what it does.

    Parameters
    ----------
    config : uvicorn.Config
    ready : callable
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self.started:
            self.ready()


def run(
    app: Any,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    *,
    tell: Callable[[str], object] | None = None,
    grace: int = GRACE,
) -> None:
    """Answer requests until SIGTERM or Ctrl-C; what is in flight then is finished.

    Parameters
    ----------
    app : ASGI app
        Guarded by `isthmus.apps.http.security.secure`.
    host, port, token :
        Where to listen (port 0: any free one), and what clients must show; an address that other machines reach needs
        a token.
    tell : callable or None
        Called with the URL once the server answers.
    grace : int, default 30
        Seconds that what is in flight has to finish.

    Raises
    ------
    InputError
        There is no token for such an address, or the port cannot be had.
    """
    check_address(host, token)
    with listen(host, port) as opened:
        config = uvicorn.Config(
            app,
            http=Connection,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=grace,
        )
        gc.collect()
        gc.freeze()  # models and libraries stay: to look through them for garbage would halt all answers for 0.1 s
        url = url_of(host, opened.getsockname()[1])
        Server(config, lambda: None if tell is None else tell(url)).run(sockets=[opened])
