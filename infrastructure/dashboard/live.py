"""The stream that lets an open page know that it changed: server-sent events."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from plangate.application.access.scopes import Scope
from plangate.domain.vocabulary import MAX_INTEGER
from plangate.infrastructure.asgi.caller import KnownCaller, require
from plangate.infrastructure.dashboard.answers import PageRoute, error_page
from plangate.infrastructure.dashboard.changes import Changes

_SILENCE: Final = 15.0
"""Seconds after which a comment keeps the connection open."""

_DIGITS: Final = len(str(MAX_INTEGER))
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def routes(changes: Changes, caller: Any) -> APIRouter:
    """The route of the stream: it says that something changed, and the page asks what."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get("/live")
    async def live(
        request: Request,
        who: Annotated[KnownCaller, Depends(caller)],
        after: Annotated[int, Query(ge=0, le=MAX_INTEGER)] = 0,
        plan: str | None = None,
        last_event_id: Annotated[str, Header()] = "",
    ) -> Response:
        require(who, Scope.PLANS_READ)
        if changes.is_full():
            status = HTTPStatus.SERVICE_UNAVAILABLE
            return error_page(request, status, "Too many pages wait for changes.")
        known = last_event_id.isdecimal() and len(last_event_id) < _DIGITS
        stream = _stream(changes, int(last_event_id) if known else after, plan)
        return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)

    return router


async def _stream(changes: Changes, after: int, plan_id: str | None) -> AsyncIterator[str]:
    yield ": open\n\n"
    async for notice in changes.after(after, plan_id, _SILENCE):
        if notice is None:
            yield ": still here\n\n"
        elif notice.problem is None:
            yield f"event: changed\nid: {notice.position}\ndata: {notice.position}\n\n"
        else:
            yield "event: away\ndata: \n\n"
