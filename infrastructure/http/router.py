"""The HTTP API of a registry, for an application of our own or a larger one."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Depends

from plangate.infrastructure.http.caller import trusted_caller
from plangate.infrastructure.http.events import EventStreams
from plangate.infrastructure.http.exchange import GivenRegistry, entrance
from plangate.infrastructure.http.route import PlangateRoute
from plangate.infrastructure.http.routes import (
    analysis,
    events,
    history,
    importing,
    ledger,
    plans,
    replanning,
    scores,
    views,
    work,
)

_GROUPS: Final = tuple(
    module.group
    for module in (
        plans,
        importing,
        replanning,
        work,
        scores,
        views,
        history,
        events,
        analysis,
        ledger,
    )
)


def router(
    registry: GivenRegistry,
    *,
    caller: Callable[..., Any] = trusted_caller,
    streams: EventStreams | None = None,
) -> APIRouter:
    """The operations on a registry, to be included under any prefix.

    `registry` is an open one, or a function that gives it once it is open. `caller` is a FastAPI
    dependency that gives the `Caller` of a request, or refuses it; by default the header
    `X-Actor` names the actor, who may do everything. `streams` bounds the event streams. All
    errors of plangate are answered as problems; the host's own error handlers are neither used
    nor changed.
    """
    api = APIRouter(route_class=PlangateRoute)
    streams = streams or EventStreams()
    for group in _GROUPS:
        for operation in group.operations:
            enter = Depends(entrance(registry, caller, operation.scope, streams))
            served = partial(
                api.add_api_route, operation.path, operation.endpoint, dependencies=[enter]
            )
            served(**operation.arguments)
            if operation.answers_head:
                served(**{**operation.arguments, "methods": ["HEAD"], "include_in_schema": False})
    return api
