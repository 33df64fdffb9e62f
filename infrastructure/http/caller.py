"""Who sends a request, and what it may do: what the host's authentication gives."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Header
from pydantic.json_schema import SkipJsonSchema

from plangate.application.access.scopes import Scope, with_included


class Forbidden(Exception):
    """The caller lacks the scope that the operation needs."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.scope = scope


@dataclass(frozen=True)
class Caller:
    """Who sends a request: the actor of the commands in it, and its scopes.

    By default a caller may do everything.
    """

    actor: str | None = None
    scopes: frozenset[Scope] = frozenset({Scope.ADMIN})

    def require(self, scope: Scope) -> None:
        """Raise `Forbidden` unless a scope of this caller is, or includes, the one needed."""
        if scope not in with_included(self.scopes):
            raise Forbidden(scope)


async def trusted_caller(
    x_actor: Annotated[
        str | SkipJsonSchema[None],
        Header(
            alias="X-Actor",
            description="On whose behalf the command runs, as the events will say.",
            examples=["ana"],
        ),
    ] = None,
) -> Caller:
    """The caller that a header names, who may do everything: for requests that are trusted."""
    return Caller(actor=utf8(x_actor))


def utf8(header: str | None) -> str | None:
    """A header's value as UTF-8, which servers decode as Latin-1; as it is, if it is not that."""
    if header is None:
        return None
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
