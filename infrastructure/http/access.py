"""Who may do what on a server of our own: API keys, given with a request or by a signed-in page.

On loopback no key is needed. A key that is given must be valid everywhere.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Header, Request, Security

from plangate.application.access.key_store import ApiKey
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.errors import KeyRefused
from plangate.infrastructure.asgi.bearer import (
    Unauthenticated,
    keep_verified,
    missing_key,
    require_local,
    token_of,
)
from plangate.infrastructure.asgi.caller import Caller
from plangate.infrastructure.http.caller import trusted_caller
from plangate.infrastructure.http.document import BEARER

COOKIE: Final = "plangate_key"
SECURE_COOKIE: Final = f"__Host-{COOKIE}"
"""Its name where the connection is encrypted: no other host can set it then."""


class Access:
    """The callers of one server."""

    def __init__(self, registry: Callable[[], AsyncPlanRegistry], *, required: bool) -> None:
        """Without `required`, requests without a key are trusted."""
        self._registry = registry
        self.required = required

    async def caller(
        self,
        request: Request,
        _bearer: Annotated[Any, Security(BEARER)],
        x_actor: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> Caller:
        """The caller of a request, as a dependency; raises `Unauthenticated`."""
        key = await self.key(request)
        if key is not None:
            request.state.api_key = key
            return Caller(actor=key.actor, scopes=frozenset(key.scopes))
        if self.required:
            raise missing_key()
        require_local(request.headers)
        return await trusted_caller(x_actor)

    async def key(self, request: Request) -> ApiKey | None:
        """The key that a request gives; raises `Unauthenticated` for one that is refused.

        A cookie that is not valid any more counts as none.
        """
        given = token_of(request.headers)
        cookie = request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE)
        if given is None and cookie is None:
            return None
        verify = partial(self.verified, cookie or "" if given is None else given)
        try:
            key = await verify()
        except KeyRefused as refused:
            if given is None:
                return None
            raise Unauthenticated(str(refused)) from None
        keep_verified(request.scope, verify)
        return key

    async def verified(self, token: str) -> ApiKey:
        """The key that a token belongs to; raises `KeyRefused`."""
        return await self._registry().keys.verify(token)
