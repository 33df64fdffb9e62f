"""Server-sent events: what is recorded, as it is recorded, to a bounded number of clients.

An event's id is its position in the log. A client that reconnects sends the last one as
`Last-Event-ID`, and goes on behind it: nothing is missed, nothing comes twice.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from plangate.application.errors import UnreadableEvent
from plangate.application.recorded_event import RecordedEvent
from plangate.application.results import Result
from plangate.domain.errors import PlangateError
from plangate.domain.events import PlanEvent
from plangate.infrastructure.asgi.problem_details import problem
from plangate.infrastructure.http.problems import TOO_MANY_STREAMS, problem_of

MAX_STREAMS: Final = 1_000
"""The most event streams that are open at once."""

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a comment is sent: a client that is gone is noticed by it."""

PATIENCE: Final = 60.0
"""Seconds that a client may take to accept what is sent, before its stream is closed."""

_BUFFERED: Final = 500
"""Events that wait to be sent to one client."""

_KEPT: Final = 2_000
"""Messages that are kept for other clients."""

_HELLO: Final = b"retry: 1000\n: connected\n\n"
_COMMENT: Final = b": nothing new\n\n"

Subscribe = Callable[[int], AsyncIterator[RecordedEvent]]
"""Gives the events after a position, and then those to come."""


class RecordedEventView(Result):
    """One recorded event, as an event stream sends it."""

    event_id: str
    plan_id: str
    version: int
    position: int | None
    recorded_at: datetime
    actor: str | None
    correlation_id: str | None
    causation_id: str | None
    kind: str
    event: PlanEvent

    @classmethod
    def of(cls, recorded: RecordedEvent) -> "RecordedEventView":
        """The view of an event."""
        envelope = recorded.envelope
        return cls.model_construct(
            event_id=envelope.event_id,
            plan_id=envelope.plan_id,
            version=envelope.version,
            position=envelope.position,
            recorded_at=envelope.recorded_at,
            actor=envelope.actor,
            correlation_id=envelope.correlation_id,
            causation_id=envelope.causation_id,
            kind=recorded.kind,
            event=recorded.event,
        )


class EventStreams:
    """The event streams of one router: how many there may be, and how many there are."""

    def __init__(
        self,
        limit: int = MAX_STREAMS,
        *,
        heartbeat: float = HEARTBEAT,
        patience: float = PATIENCE,
    ) -> None:
        self.limit = limit
        self.heartbeat = heartbeat
        self.patience = patience
        self.open = 0
        self._messages: dict[int, tuple[RecordedEvent, bytes]] = {}

    def message(self, recorded: RecordedEvent) -> bytes:
        """An event as it is sent; the newest are kept, as many clients get the same ones."""
        position = recorded.envelope.position or 0
        known = self._messages.get(position)
        if known is not None and (known[0] is recorded or known[0] == recorded):
            return known[1]
        data = RecordedEventView.of(recorded).model_dump_json()
        message = f"id: {position}\ndata: {data}\n\n".encode()
        self._messages[position] = recorded, message
        if len(self._messages) > _KEPT:
            del self._messages[next(iter(self._messages))]
        return message


class EventStream(Response):
    """The response that sends events until the client leaves or the registry is closed."""

    media_type = "text/event-stream"

    def __init__(self, streams: EventStreams, subscribe: Subscribe, after: int) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._streams = streams
        self._subscribe = subscribe
        self._after = after
        self._waiting: list[bytes] = []
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._is_over = False

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streams = self._streams
        if streams.open >= streams.limit:
            detail = f"at most {streams.limit:,} can be open at once"
            await problem(TOO_MANY_STREAMS, detail)(scope, receive, send)
            return
        streams.open += 1
        tasks = [asyncio.create_task(self._collect()), asyncio.create_task(self._watch(receive))]
        try:
            await self._send(send)
        finally:
            streams.open -= 1
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        """Send what waits, and a comment when there was nothing for a while."""
        headers = [one for one in self.raw_headers if one[0] != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        body = _HELLO
        try:
            while True:
                message = {"type": "http.response.body", "body": body, "more_body": True}
                await asyncio.wait_for(send(message), self._streams.patience)
                if self._is_over and not self._waiting:
                    break
                body = await self._next()
        except TimeoutError:
            return  # the connection is closed as the response is not complete
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self) -> bytes:
        try:
            await asyncio.wait_for(self._news.wait(), self._streams.heartbeat)
        except TimeoutError:
            return _COMMENT
        self._news.clear()
        body = b"".join(self._waiting)
        self._waiting.clear()
        self._room.set()
        return body

    async def _collect(self) -> None:
        """Put events among what waits; one that cannot be read is reported, and passed over."""
        try:
            while await self._collect_readable():
                pass
        except PlangateError as error:
            await self._put(_failure(error, None))
        finally:
            self._is_over = True
            self._news.set()

    async def _collect_readable(self) -> bool:
        """Collect events up to one that cannot be read; whether it was passed over."""
        try:
            async for recorded in self._subscribe(self._after):
                self._after = recorded.envelope.position or self._after
                await self._put(self._streams.message(recorded))
        except UnreadableEvent as error:
            await self._put(_failure(error, error.position))
            self._after = error.position or self._after
            return error.position is not None
        return False

    async def _put(self, message: bytes) -> None:
        while len(self._waiting) >= _BUFFERED:
            self._room.clear()
            await self._room.wait()
        self._waiting.append(message)
        self._news.set()

    async def _watch(self, receive: Receive) -> None:
        """Notice that the client left."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._waiting.clear()
        self._is_over = True
        self._room.set()
        self._news.set()


def _failure(error: PlangateError, position: int | None) -> bytes:
    """A problem as an event of its own name."""
    body = bytes(problem_of(error).body)
    where = b"" if position is None else f"id: {position}\n".encode()
    return b"event: problem\n" + where + b"data: " + body + b"\n\n"
