"""API keys of agents where `plangate mcp --http` is the whole server, on this machine."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette import types
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse

from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.errors import KeyRefused, StoreError
from plangate.infrastructure.bearer import Unauthenticated, require_local, token_of

_log: Final = logging.getLogger("plangate.mcp")

_NO_KEY: Final = ("unauthenticated", "The request needs a valid API key")
_NO_STORE: Final = ("store-unavailable", "The store cannot be reached now")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who sent a request. Without a key, it is a program of this machine, which may do all."""

    actor: str | None = None
    scopes: frozenset[Scope] = frozenset({Scope.ADMIN})


def holder_of(request: Request) -> Holder:
    """Who sent a request that `KeyCheck` let through."""
    found: Holder = request.state.holder
    return found


class KeyCheck:
    """Lets requests through that give no key, or one that is in force."""

    def __init__(self, app: types.ASGIApp, registry: Callable[[], AsyncPlanRegistry]) -> None:
        self._app = app
        self._registry = registry

    async def __call__(self, scope: types.Scope, receive: types.Receive, send: types.Send) -> None:
        """Refuse a request with 401, or pass it on."""
        if scope["type"] == "http":
            try:
                holder = await self._holder(Headers(scope=scope))
            except Unauthenticated as error:
                await _problem(_NO_KEY, 401, error.why)(scope, receive, send)
                return
            except StoreError:
                _log.exception("the key of a request cannot be looked up")
                await _problem(_NO_STORE, 503)(scope, receive, send)
                return
            scope.setdefault("state", {})["holder"] = holder
        await self._app(scope, receive, send)

    async def _holder(self, headers: Headers) -> Holder:
        token = token_of(headers)
        if token is None:
            require_local(headers)
            return Holder()
        try:
            key = await self._registry().keys.verify(token)
        except KeyRefused as refused:
            raise Unauthenticated(str(refused)) from None
        return Holder(key.actor, frozenset(key.scopes))


def _problem(kind: tuple[str, str], status: int, detail: str | None = None) -> JSONResponse:
    slug, title = kind
    body = {"type": f"urn:plangate:problem:{slug}", "title": title, "status": status}
    more = {} if detail is None else {"detail": detail}
    headers = {"WWW-Authenticate": "Bearer"} if kind is _NO_KEY else {"Retry-After": "1"}
    return JSONResponse({**body, **more}, status, headers, "application/problem+json")
