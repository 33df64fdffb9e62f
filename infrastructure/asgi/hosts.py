"""Which hosts and origins a server answers, so that no other site reaches it through a browser.

A name that an attacker points at this machine (DNS rebinding) is not one of ours, and a form or
a script of another site (CSRF) says in `Origin` where it comes from.
"""

import re
from collections.abc import Collection, Iterable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.asgi.problem_details import Kind, problem

MISDIRECTED: Final = Kind("host-not-allowed", 421, "This server does not answer for that host")
FOREIGN: Final = Kind("origin-not-allowed", 403, "The request comes from another site")

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names that a machine has for itself, which no name server can give to another."""

_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]]+)(:[0-9]{1,5})?", re.IGNORECASE)
_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})
"""What browsers say of requests that come from our own pages, or from their user."""


class HostCheck:
    """Refuses requests for other hosts, and those that another site's page sends."""

    def __init__(self, app: ASGIApp, *, allowed: Collection[str] = LOOPBACK) -> None:
        """`allowed` are names without ports."""
        self._app = app
        self._allowed = frozenset(name.strip("[]").lower() for name in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that passes; refuse another."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if not self._is_for_us(headers):
                response = problem(MISDIRECTED, "name it with --allowed-host, if it is yours")
                return await response(scope, receive, send)
            if not self._is_from_us(scope["method"], headers):
                return await problem(FOREIGN)(scope, receive, send)
        await self._app(scope, receive, send)
        return None

    def _is_for_us(self, headers: Headers) -> bool:
        hosts = headers.getlist("host")
        return len(hosts) == 1 and _name_in(hosts[0]) in self._allowed

    def _is_from_us(self, method: str, headers: Headers) -> bool:
        """Whether no other site's page sent a request; other programs send neither header.

        Also reading is refused: a script of another site could not read the answer, but it
        could have it made.
        """
        origins = headers.getlist("origin")
        if any(not _is_same(origin, headers["host"]) for origin in origins):
            return False
        return method in _SAFE or headers.get("sec-fetch-site", "none") in _OWN


def _name_in(host: str) -> str | None:
    """The name in a `Host` header, without its port; None where it is malformed."""
    found = _HOST.fullmatch(host)
    return found["name"].strip("[]").lower() if found else None


def _is_same(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


def allowed_names(given: Iterable[str]) -> frozenset[str]:
    """The names of hosts, checked; raises `InvalidInput`."""
    return frozenset(_checked(one) for one in given)


def _checked(given: str) -> str:
    name = given.strip("[]").lower()
    if not (_NAME.fullmatch(name) or _is_address(name)):
        message = f"must be a name or an address without port, not {given[:80]!r}"
        raise InvalidInput([Problem("allowed_host", message)])
    return name


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can connect to an address."""
    name = host.strip("[]").lower()
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
