"""Guard: who may ask. A page of another site in the user's own browser may not, nor whoever lacks the token."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import RedirectResponse

from isthmus.apps.http.refusals import Refused

LOOPBACK = ("localhost", "127.0.0.1", "::1")
HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^][:@/?#\s]+))(?::\d+)?")
WILDCARDS = ("0.0.0.0", "::", "")
PORTS = {"http": ":80", "https": ":443"}
"""What browsers leave out of an Origin, and some proxies do not leave out of a Host."""
SINGLE = frozenset({b"host", b"origin", b"authorization", b"content-type", b"content-encoding"})
"""Headers that must not come twice: who looked at the one would not see the other."""


def is_loopback(host: str) -> bool:
    """Tell whether an address is reached from this machine only.

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

    A browser has no means to set a header when it opens a page: ``GET /?token=…`` answers with a cookie that holds
    the token, and leads to the page without it.

    Parameters
    ----------
    app : ASGI app
    host : str
        The address that is bound. One that stands for all interfaces lets any address in digits be named: names, which
        somebody else's DNS may point here, must be in `allow`.
    token : str or None
    allow : collection of str
        Further names of this server, such as that of a proxy before it; ``"*"``: any.
    public : collection of str
        Paths that need no token.
    """

    def __init__(
        self, app: Any, host: str, token: str | None, allow: Collection[str] = (), public: Collection[str] = ()
    ) -> None:
        self.app, self.public = app, frozenset(public)
        self.names = {*LOOPBACK, *(name.lower() for name in (host, *allow))}
        self.anywhere = host in WILDCARDS
        self.token = None if token is None else token.encode()
        self.cookie = "" if self.token is None else f"isthmus-{hashlib.sha256(self.token).hexdigest()[:8]}"
        self.known = lru_cache(256)(self._known)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = dict(scope["headers"])
        try:
            if len(headers) < len(scope["headers"]):
                _check_single([name for name, _ in scope["headers"]])
            self._check_place(headers)
            if self.token is not None and scope["path"] not in self.public and not self._has_token(headers):
                return await self._enter(scope)(scope, receive, send)
        except Refused as error:
            return await error.response(scope["path"])(scope, receive, send)
        await self.app(scope, receive, send)

    def _known(self, host: str) -> bool:
        """Tell whether a Host header names this server."""
        found = HOST.fullmatch(host.lower())
        name = (found[1] or found[2]) if found else ""
        return bool(name) and (name in self.names or "*" in self.names or (self.anywhere and _is_address(name)))

    def _check_place(self, headers: dict[bytes, bytes]) -> None:
        host = headers.get(b"host", b"").decode("latin-1")
        if not self.known(host):
            raise Refused(403, f"this server is not called {host!r}: allow that name with --allow-host", "Host")
        origin = headers.get(b"origin")
        if origin is not None and not _is_of(origin.decode("latin-1").lower(), host.lower()):
            raise Refused(403, f"pages of {origin.decode('latin-1')!r} may not ask this server", "Origin")

    def _has_token(self, headers: dict[bytes, bytes]) -> bool:
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() == b"bearer":
            return self._is_token(given.strip())
        try:
            held = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(self.cookie)
        except CookieError:
            return False
        return held is not None and self._is_token(bytes.fromhex(held.value) if _is_hex(held.value) else b"")

    def _is_token(self, given: bytes) -> bool:
        return self.token is not None and hmac.compare_digest(given, self.token)

    def _enter(self, scope: Any) -> RedirectResponse:
        """Return the way to the page for a browser that brings the token in the address.

        Raises
        ------
        Refused
            It does not.
        """
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(asked).get("token", "")
        if scope["method"] != "GET" or not self._is_token(given.encode()):
            message = "this server wants its token, in the header 'Authorization: Bearer TOKEN'"
            raise Refused(401, message, "Authorization", {"WWW-Authenticate": "Bearer"})
        others = urlencode([pair for pair in asked if pair[0] != "token"])
        path = "/" + scope["path"].lstrip("/\\")  # two slashes would lead to another server
        response = RedirectResponse(path + (f"?{others}" if others else ""), 303)
        response.set_cookie(self.cookie, given.encode().hex(), httponly=True, samesite="strict")
        return response


def _check_single(names: list[bytes]) -> None:
    for name in SINGLE:
        if names.count(name) > 1:
            raise Refused(400, "this header must not come twice", name.decode().title())


def _is_of(origin: str, host: str) -> bool:
    """Tell whether an Origin is a server's own, which a Host names."""
    scheme, _, place = origin.partition("://")
    port = PORTS.get(scheme)
    return port is not None and place.removesuffix(port) == host.removesuffix(port)


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and all(sign in "0123456789abcdef" for sign in text)
