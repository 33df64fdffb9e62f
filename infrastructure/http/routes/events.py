"""Live: what is recorded, as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Header, Query
from starlette.responses import Response

from plangate.application.errors import LogWentBack
from plangate.application.recorded_event import RecordedEvent
from plangate.domain.errors import PlanNotFound
from plangate.infrastructure.http.events import EventStream
from plangate.infrastructure.http.exchange import Exchange, Given
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.parameters import NoneAllowed, PlanId, Whole
from plangate.infrastructure.http.problems import TOO_MANY_STREAMS

group = Group("events")

_Kinds = Annotated[
    list[str],
    Query(description="Only events of these kinds, as `task-scored`.", default_factory=list),
]
_After = Annotated[Whole, Query(description="Begin after this position of the log.")]
_LastEventId = Annotated[
    Whole | NoneAllowed,
    Header(
        alias="Last-Event-ID",
        description="The id of the last event that was received; it precedes `after`.",
        examples=[17],
    ),
]
_EXAMPLE = 'id: 17\ndata: {"event_id":"billing@7","kind":"task-scored","position":17}\n\n'
_STREAM = {
    200: {
        "description": "Events, each a JSON object of `RecordedEventView`; `event: problem` "
        "reports one that cannot be read, or why the stream ends.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string", "contentMediaType": "text/event-stream"},
                "example": _EXAMPLE,
            }
        },
    }
}


@group.query(
    "/events",
    None,
    refuses=[LogWentBack, TOO_MANY_STREAMS],
    response_class=EventStream,
    responses=_STREAM,
)
async def stream_events(
    given: Given, *, kinds: _Kinds, after: _After = 0, last_event_id: _LastEventId = None
) -> Response:
    """Send all events after a position in commit order, and then each as it is recorded."""
    return await _stream(given, kinds, after if last_event_id is None else last_event_id)


@group.query(
    "/plans/{plan_id}/events",
    None,
    refuses=[PlanNotFound, LogWentBack, TOO_MANY_STREAMS],
    response_class=EventStream,
    responses=_STREAM,
)
async def stream_events_of_plan(
    plan_id: PlanId,
    given: Given,
    *,
    kinds: _Kinds,
    after: _After = 0,
    last_event_id: _LastEventId = None,
) -> Response:
    """Send the plan's events after a position, and then each as it is recorded."""
    async for _ in given.registry.history.audit(plan_id, limit=1):
        break  # it is there
    return await _stream(given, kinds, after if last_event_id is None else last_event_id, plan_id)


async def _stream(
    given: Exchange, kinds: list[str], after: int, plan_id: str | None = None
) -> Response:
    registry = given.registry
    last = await registry.history.last_position()
    if after > last:
        raise LogWentBack(None, None, after, last)

    def subscribe(position: int) -> AsyncIterator[RecordedEvent]:
        return registry.subscribe(after=position, kinds=kinds or None, plan_ids=plan_id)

    subscribe(after)  # refuses what is not valid
    return EventStream(given.streams, subscribe, after)
