"""On whose behalf a request is handled, what the caller may do, and how a repeated one is known."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcp.server import ServerRequestContext

from plangate.application.access.scopes import Scope
from plangate.application.command_context import ContextOptions
from plangate.application.validation import validate_identifier
from plangate.domain.errors import InvalidInput, PlangateError
from plangate.infrastructure.asgi.caller import KnownCaller, allows
from plangate.infrastructure.mcp.arguments import Arguments, Recording

Context = ServerRequestContext[str, Any]
"""A request. What the lifespan gave is the name of its connection."""


class MissingScope(PlangateError):
    """The caller lacks the scope that a tool needs. Nothing was recorded."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.scope = scope

    def __str__(self) -> str:
        return f"this needs the scope {self.scope}; use a key that has it"


@dataclass(frozen=True, slots=True)
class Callers:
    """Who calls. `actor` is fixed; else it is the caller's over HTTP, else the client by name."""

    actor: str | None = None
    caller_of: Callable[[Any], KnownCaller] | None = None

    def options(self, context: Context, scope: Scope, arguments: Arguments) -> ContextOptions:
        """The context of a call's command; raises `MissingScope`."""
        actor = self.require(context, scope) or self.actor or _client(context)
        key = getattr(arguments, "idempotency_key", None)
        if key is None and isinstance(arguments, Recording):
            key = _key_of_request(context)
        return {"actor": actor, "idempotency_key": key}

    def require(self, context: Context, scope: Scope) -> str | None:
        """The actor of an HTTP request where access is controlled; raises `MissingScope`."""
        if self.caller_of is None or context.request is None:
            return None
        caller = self.caller_of(context.request)
        if not allows(caller, scope):
            raise MissingScope(scope)
        return caller.actor


def _client(context: Context) -> str | None:
    """The client's name, if it gives one that can be an actor."""
    params = context.session.client_params
    if params is None:
        return None
    try:
        return validate_identifier("name", params.client_info.name)
    except InvalidInput:
        return None


def _key_of_request(context: Context) -> str | None:
    """A key by which a request that comes twice on one connection is recorded once.

    HTTP has no connections, and request ids of two clients may be the same: None.
    """
    if context.request is not None or context.request_id is None:
        return None
    request = f"{context.lifespan_context}/{context.request_id!r}"
    return f"mcp:{hashlib.sha256(request.encode()).hexdigest()[:32]}"
