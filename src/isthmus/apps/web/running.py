"""Running a web app: where it listens, and how it ends."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from isthmus import InputError
from isthmus.apps.web.guard import is_loopback

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
        Guarded by `isthmus.apps.web.security.secure`.
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
