"""Refuses requests that a page of another site sends: by a foreign Host, or a foreign Origin.

A site can point its own name at this machine (DNS rebinding); its Host then gives it away.
"""

import re
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from plangate.infrastructure.host_names import host_name

_ORIGIN: Final = re.compile(r"https?://(?P<host>.*)", re.DOTALL)


class KnownHosts:
    """Lets requests through whose Host, and Origin if there is one, are among some names."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(name.strip("[]").lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request with 421 or 403, or pass it on."""
        if scope["type"] != "lifespan":
            headers = Headers(scope=scope)
            hosts, origins = headers.getlist("host"), headers.getlist("origin")
            if len(hosts) != 1 or not self._knows(hosts[0]):
                await _refusal("this Host is not served here", 421)(scope, receive, send)
                return
            if not all(map(self._knows_origin, origins)):
                await _refusal("this Origin is not allowed here", 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _knows(self, host: str) -> bool:
        return host_name(host) in self._names

    def _knows_origin(self, origin: str) -> bool:
        found = _ORIGIN.fullmatch(origin)
        return found is not None and self._knows(found["host"])


def _refusal(why: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(f"{why}\n", status)
