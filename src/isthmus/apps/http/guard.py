"""Guard: access control against pages of other sites in the user's browser, and clients without the token."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlencode

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from isthmus.apps.http.refusals import Refused

LOOPBACK = ("localhost", "127.0.0.1", "::1")
HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^][:@/?#\s]+))(?::\d+)?")
WILDCARDS = ("0.0.0.0", "::", "")
PORTS = {"http": ":80", "https": ":443"}
"""Default ports, which browsers omit from an Origin, and some proxies include in a Host."""
SINGLE = frozenset({b"host", b"origin", b"authorization", b"content-type", b"content-encoding"})
"""Headers that must not be repeated: a check of one value would miss the other."""


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached only from this machine.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class Guard:
    """Refuses requests that name another Host, come from another Origin, or lack the token (pure ASGI).

    Since a browser cannot set a header when it opens a page, ``GET /?token=…`` sets a cookie with the token, and
    redirects to the page without it.

    Parameters
    ----------
    app : ASGI app
    host : str
        The bound address. If it stands for all interfaces, a Host may be any IP address; host names, which a foreign
        DNS may point here, must be in `allow`.
    token : str or None
    allow : collection of str
        Further host names of this server, such as that of a proxy; ``"*"`` allows any.
    public : collection of str
        Paths that do not need a token.
    """

    def __init__(
        self, app: ASGIApp, host: str, token: str | None, allow: Collection[str] = (), public: Collection[str] = ()
    ) -> None:
        self.app, self.public = app, frozenset(public)
        self.names = {*LOOPBACK, *(name.lower() for name in (host, *allow))}
        self.anywhere = host in WILDCARDS
        self.token = None if token is None else token.encode()
        self.cookie = "" if self.token is None else f"isthmus-{hashlib.sha256(self.token).hexdigest()[:8]}"
        self.known = lru_cache(256)(self._known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = dict(scope["headers"])
        try:
            if len(headers) < len(scope["headers"]):
                _check_single([name for name, _ in scope["headers"]])
            self._check_host(headers)
            if self.token is not None and scope["path"] not in self.public and not self._has_token(headers):
                return await self._enter(scope)(scope, receive, send)
        except Refused as error:
            return await error.response(scope["path"])(scope, receive, send)
        await self.app(scope, receive, send)

    def _known(self, host: str) -> bool:
        """Tell whether a Host header names this server."""
        match = HOST.fullmatch(host.lower())
        name = (match[1] or match[2]) if match else ""
        return bool(name) and (name in self.names or "*" in self.names or (self.anywhere and _is_address(name)))

    def _check_host(self, headers: dict[bytes, bytes]) -> None:
        host = headers.get(b"host", b"").decode("latin-1")
        if not self.known(host):
            raise Refused(403, f"this server is not called {host!r}: allow that name with --allow-host", "Host")
        origin = headers.get(b"origin")
        if origin is not None and not _is_of(origin.decode("latin-1").lower(), host.lower()):
            raise Refused(403, f"pages of {origin.decode('latin-1')!r} may not use this server", "Origin")

    def _has_token(self, headers: dict[bytes, bytes]) -> bool:
        kind, _, value = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() == b"bearer":
            return self._is_token(value.strip())
        try:
            cookie = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(self.cookie)
        except CookieError:
            return False
        return cookie is not None and self._is_token(bytes.fromhex(cookie.value) if _is_hex(cookie.value) else b"")

    def _is_token(self, token: bytes) -> bool:
        return self.token is not None and hmac.compare_digest(token, self.token)

    def _enter(self, scope: Scope) -> RedirectResponse:
        """Return a redirect to the page, with a cookie, for a browser with the token in the URL.

        Raises
        ------
        Refused
            The token is missing or wrong.
        """
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        token = dict(asked).get("token", "")
        if scope["method"] != "GET" or not self._is_token(token.encode()):
            message = "this server needs its token, in the header 'Authorization: Bearer TOKEN'"
            raise Refused(401, message, "Authorization", {"WWW-Authenticate": "Bearer"})
        others = urlencode([pair for pair in asked if pair[0] != "token"])
        path = "/" + scope["path"].lstrip("/\\")  # two slashes would lead to another server
        response = RedirectResponse(path + (f"?{others}" if others else ""), 303)
        response.set_cookie(self.cookie, token.encode().hex(), httponly=True, samesite="strict")
        return response


def _check_single(names: list[bytes]) -> None:
    for name in SINGLE:
        if names.count(name) > 1:
            raise Refused(400, "this header must not be repeated", name.decode().title())


def _is_of(origin: str, host: str) -> bool:
    """Tell whether an Origin is the server named by a Host."""
    scheme, _, address = origin.partition("://")
    port = PORTS.get(scheme)
    return port is not None and address.removesuffix(port) == host.removesuffix(port)


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and all(sign in "0123456789abcdef" for sign in text)
