"""What an API key allows its holder to do."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """A right; some include others."""

    PLANS_READ = "plans:read"
    PLANS_WRITE = "plans:write"
    PLANS_SCORE = "plans:score"
    ADMIN = "admin"


_INCLUDED: Final[Mapping[Scope, frozenset[Scope]]] = {
    Scope.PLANS_READ: frozenset(),
    Scope.PLANS_SCORE: frozenset({Scope.PLANS_READ}),
    Scope.PLANS_WRITE: frozenset({Scope.PLANS_READ, Scope.PLANS_SCORE}),
    Scope.ADMIN: frozenset(Scope),
}


def with_included(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """The scopes, and those that they include."""
    return frozenset(one for scope in scopes for one in (scope, *_INCLUDED[scope]))
