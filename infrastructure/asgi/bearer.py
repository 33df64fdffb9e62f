"""API keys that come with an HTTP request: to the API, to the pages and to MCP alike."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from plangate.application.errors import KeyRefused, StoreError
from plangate.infrastructure.asgi.problem_details import UNAUTHENTICATED, problem

_VERIFY: Final = "plangate_verify"
_FORWARDED: Final = (
    *("forwarded", "via", "x-real-ip"),
    *("x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"),
)
"""What a proxy adds to the requests of others, who are not on this machine."""


class Unauthenticated(Exception):
    """The request does not say who sends it, or says so with a key that is not valid."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def response(self) -> Response:
        """The answer to the request."""
        return problem(UNAUTHENTICATED, self.why, headers={"WWW-Authenticate": "Bearer"})


def token_of(headers: Headers) -> str | None:
    """The token in the header `Authorization`; raises `Unauthenticated` where it has none."""
    values = headers.getlist("authorization")
    if not values:
        return None
    scheme, _, token = values[0].partition(" ")
    if len(values) > 1 or scheme.lower() != "bearer":
        raise Unauthenticated("the header Authorization must be: Bearer, and the API key")
    return token.strip()


def require_local(headers: Headers) -> None:
    """Raise `Unauthenticated` for a request without a key that a proxy forwarded."""
    if any(name in headers for name in _FORWARDED):
        raise missing_key()


def missing_key() -> Unauthenticated:
    """What a request is refused with that gives no key, and needs one."""
    return Unauthenticated("send an API key: Authorization: Bearer plangate_…")


def keep_verified(scope: Scope, verify: Callable[[], Awaitable[object]]) -> None:
    """Have what goes on in answer to a request end once its key is refused by `verify`."""
    scope.setdefault("state", {})[_VERIFY] = verify


async def lapsed(scope: Scope, every: float) -> None:
    """Wait until the key of a request is refused, with looks so many seconds apart.

    A request without a key waits for ever, and so does one while the store does not answer.
    """
    verify = scope["state"].get(_VERIFY)
    if verify is None:
        await asyncio.Event().wait()
    try:
        while True:
            await asyncio.sleep(every)
            with suppress(StoreError):
                await verify()
    except KeyRefused:
        return
