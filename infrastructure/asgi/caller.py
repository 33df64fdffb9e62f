"""Who sends a request, and what it may do: what the host's authentication gives."""

from dataclasses import dataclass
from typing import Protocol

from plangate.application.access.scopes import Scope, with_included


class Forbidden(Exception):
    """The caller lacks the scope that the operation needs."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.scope = scope


class KnownCaller(Protocol):
    """Who sends a request, as any host may say it."""

    @property
    def actor(self) -> str | None:
        """On whose behalf commands run."""

    @property
    def scopes(self) -> frozenset[Scope]:
        """What the caller may do."""


@dataclass(frozen=True)
class Caller:
    """Who sends a request: the actor of the commands in it, and its scopes.

    By default a caller may do everything.
    """

    actor: str | None = None
    scopes: frozenset[Scope] = frozenset({Scope.ADMIN})

    def require(self, scope: Scope) -> None:
        """Raise `Forbidden` unless a scope of this caller is, or includes, the one needed."""
        require(self, scope)


def allows(caller: KnownCaller, scope: Scope) -> bool:
    """Whether the caller has a scope, or one that includes it."""
    return scope in with_included(caller.scopes)


def require(caller: KnownCaller, scope: Scope) -> None:
    """Raise `Forbidden` unless the caller has a scope."""
    if not allows(caller, scope):
        raise Forbidden(scope)
