"""What the operations get of a request: the registry, the caller, and the context of a command."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from re import compile as pattern
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Header, Request, Security
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response

from plangate.application.access.scopes import Scope
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.command_context import ContextOptions
from plangate.application.commands import GivenCommand
from plangate.application.results import PlanStatus
from plangate.infrastructure.asgi.caller import Caller
from plangate.infrastructure.asgi.problem_details import Refused
from plangate.infrastructure.asgi.waiting import while_awaited
from plangate.infrastructure.http.caller import utf8
from plangate.infrastructure.http.conditions import IfMatch, etag, required_version
from plangate.infrastructure.http.events import EventStreams
from plangate.infrastructure.http.problems import GIVEN_UP

GivenRegistry = AsyncPlanRegistry | Callable[[], AsyncPlanRegistry]
"""An open registry, or what gives it once it is open."""

R = TypeVar("R", bound=BaseModel)

_KEY: Final = "plangate.exchange"
_TRACE: Final = pattern(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


@dataclass(frozen=True)
class Exchange:
    """One request: on which registry, and who sends it."""

    registry: AsyncPlanRegistry
    caller: Caller
    streams: EventStreams
    request: Request

    async def computed(self, asked: Coroutine[Any, Any, R]) -> Response:
        """The answer to a long computation; raises `Refused` once no client waits for it."""
        found = await while_awaited(self.request, asked)
        if found is None:
            raise Refused(GIVEN_UP, "no client waited, its key ended, or the server stops")
        return answer(found)


def entrance(
    registry: GivenRegistry, caller: Callable[..., Any], scope: Scope, streams: EventStreams
) -> Callable[..., Awaitable[None]]:
    """The dependency that lets callers with a scope in, and gives operations the registry."""

    async def enter(
        request: Request, given: Annotated[Caller, Security(caller, scopes=[scope])]
    ) -> None:
        given.require(scope)
        opened = registry if isinstance(registry, AsyncPlanRegistry) else registry()
        request.scope[_KEY] = Exchange(opened, given, streams, request)

    return enter


async def _exchange(request: Request) -> Exchange | None:
    """The request's exchange; none where the caller's own parameters are refused.

    FastAPI collects what is wrong with other parameters then, and calls no operation.
    """
    found: Exchange | None = request.scope.get(_KEY)
    return found


Given = Annotated[Exchange, Depends(_exchange)]

_IdempotencyKey = Annotated[
    Annotated[str, Field(max_length=200)] | SkipJsonSchema[None],
    Header(
        alias="Idempotency-Key",
        description="Sent again with the same key and arguments, the command is not executed "
        "again: the answer is that of the first time.",
        examples=["5f3c9a"],
    ),
]
_CorrelationId = Annotated[
    Annotated[str, Field(max_length=200)] | SkipJsonSchema[None],
    Header(
        alias="X-Correlation-ID",
        description="Recorded with the events; without it the trace id of `traceparent` is.",
        examples=["order-4711"],
    ),
]
_Traceparent = Annotated[
    str | SkipJsonSchema[None],
    Header(
        description="A W3C trace context.",
        examples=["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ),
]


async def _options_without_version(
    exchange: Annotated[Exchange | None, Depends(_exchange)],
    idempotency_key: _IdempotencyKey = None,
    correlation_id: _CorrelationId = None,
    traceparent: _Traceparent = None,
) -> ContextOptions:
    trace = _TRACE.fullmatch(traceparent or "")
    return {
        "actor": exchange.caller.actor if exchange else None,
        "correlation_id": utf8(correlation_id) or (trace[1] if trace else None),
        "idempotency_key": utf8(idempotency_key),
    }


async def _options(
    options: Annotated[ContextOptions, Depends(_options_without_version)], if_match: IfMatch = None
) -> ContextOptions:
    return {**options, "if_version": required_version(if_match)}


OptionsWithoutVersion = Annotated[ContextOptions, Depends(_options_without_version)]
"""The context of a command that is about no plan, or about a new one."""

Options = Annotated[ContextOptions, Depends(_options)]
"""The context of a command on a plan."""


def answer(
    result: BaseModel, status: int = 200, *, tag: str | None = None, location: str | None = None
) -> Response:
    """A result as a response."""
    headers = {"ETag": tag, "Location": location}
    given = {name: value for name, value in headers.items() if value is not None}
    return Response(result.model_dump_json(), status, given, "application/json")


async def execute(
    given: Exchange, plan_id: str | None, command: GivenCommand, options: ContextOptions
) -> Any:
    """What the registry answers to a command."""
    return await given.registry.execute(plan_id, command, **options)


def plan_answer(plan: PlanStatus) -> Response:
    """A plan's status as a response."""
    return answer(plan, tag=etag(plan.version, plan.changes_at))
