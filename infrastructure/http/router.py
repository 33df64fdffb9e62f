"""The HTTP API of a registry, for an application of our own or a larger one."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Depends

from plangate.infrastructure.http.caller import trusted_caller
from plangate.infrastructure.http.exchange import GivenRegistry, entrance
from plangate.infrastructure.http.route import PlangateRoute
from plangate.infrastructure.http.routes import plans

_GROUPS: Final = (plans.group,)


def router(registry: GivenRegistry, *, caller: Callable[..., Any] = trusted_caller) -> APIRouter:
    """The operations on a registry, to be included under any prefix.

    `registry` is an open one, or a function that gives it once it is open. `caller` is a FastAPI
    dependency that gives the `Caller` of a request, or refuses it; by default the header
    `X-Actor` names the actor, who may do everything. All errors of plangate are answered as
    problems; the host's own error handlers are neither used nor changed.
    """
    api = APIRouter(route_class=PlangateRoute)
    for group in _GROUPS:
        for operation in group.operations:
            enter = Depends(entrance(registry, caller, operation.scope))
            api.add_api_route(
                operation.path, operation.endpoint, dependencies=[enter], **operation.arguments
            )
    return api
