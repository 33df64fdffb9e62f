"""API keys of agents where `plangate mcp --http` is the whole server, on this machine."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from starlette import types
from starlette.datastructures import Headers
from starlette.requests import Request

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.errors import KeyRefused, StoreError
from plangate.infrastructure.asgi.bearer import (
    Unauthenticated,
    keep_verified,
    require_local,
    token_of,
)
from plangate.infrastructure.asgi.caller import Caller
from plangate.infrastructure.asgi.problem_details import UNAVAILABLE, problem

_log: Final = logging.getLogger("plangate.mcp")


def holder_of(request: Request) -> Caller:
    """Who sent a request that `KeyCheck` let through.

    Without a key, it is a program of this machine, which may do all.
    """
    found: Caller = request.state.holder
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
                scope.setdefault("state", {})["holder"] = await self._holder(scope)
            except Unauthenticated as error:
                await error.response()(scope, receive, send)
                return
            except StoreError:
                _log.exception("the key of a request cannot be looked up")
                await problem(UNAVAILABLE)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _holder(self, scope: types.Scope) -> Caller:
        headers = Headers(scope=scope)
        token = token_of(headers)
        if token is None:
            require_local(headers)
            return Caller()
        verify = partial(self._registry().keys.verify, token)
        try:
            key = await verify()
        except KeyRefused as refused:
            raise Unauthenticated(str(refused)) from None
        keep_verified(scope, verify)
        return Caller(key.actor, frozenset(key.scopes))
