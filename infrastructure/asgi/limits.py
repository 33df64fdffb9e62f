"""What one request may take: the bytes of its body, and the time in which they come.

What would go on for ever, such as event streams, ends once the server stops or the key of the
request is not in force any more.
"""

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plangate.infrastructure.asgi.bearer import lapsed
from plangate.infrastructure.asgi.problem_details import TOO_LARGE, Kind, Refused

MAX_BODY: Final = 8 * 1024 * 1024
"""The most bytes of a body."""

BODY_TIME: Final = 30.0
"""Seconds in which a body must have come."""

LOOK: Final = 5.0
"""Seconds between two looks at whether the key of an event stream is still in force."""

TOO_SLOW: Final = Kind("request-too-slow", 408, "The body did not come in time")


class Limits:
    """Bounds requests, and ends those that wait for more once `stopping` is set or a key lapses."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        stopping: asyncio.Event,
        max_body: int = MAX_BODY,
        body_time: float = BODY_TIME,
        look: float = LOOK,
    ) -> None:
        self._app = app
        self.stopping = stopping
        self.max_body = max_body
        self.body_time = body_time
        self.look = look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request within the limits."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        scope.setdefault("state", {})
        request = _Request(self, scope, receive, send)
        try:
            request.require_small(int(Headers(scope=scope).get("content-length") or 0))
            await self._app(scope, request.receive, request.send)
        except Refused as refused:
            if request.has_answered:
                raise
            await refused.response()(scope, receive, send)
        await request.end()
        return None


class _Request:
    """One request: how much of it has come, and how much of its answer has gone."""

    def __init__(self, limits: Limits, scope: Scope, receive: Receive, send: Send) -> None:
        self._limits = limits
        self._scope = scope
        self._receive = receive
        self._send = send
        self._deadline = asyncio.get_running_loop().time() + limits.body_time
        self._received = 0
        self._has_body = False
        self.has_answered = False
        self._is_open = False
        """Whether an answer has begun, and not ended."""

        self._is_over = False
        """Whether it is to end now."""

    async def receive(self) -> Message:
        """The next part of the body; then nothing until the client leaves, or has to."""
        if self._has_body:
            return await self._end_of_interest()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise Refused(TOO_SLOW, f"it has {self._limits.body_time:g} seconds") from None
        self._received += len(message.get("body", b""))
        self.require_small(self._received)
        self._has_body = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        self.has_answered = True
        self._is_open = message["type"] != "http.response.body" or message.get("more_body", False)
        await self._send(message)

    async def end(self) -> None:
        """Complete an answer that was to go on, and was ended."""
        if self._is_open and (self._is_over or self._limits.stopping.is_set()):
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def require_small(self, size: int) -> None:
        """Raise `Refused` for a body with so many bytes, if they are too many."""
        if size > self._limits.max_body:
            raise Refused(TOO_LARGE, f"it may have at most {self._limits.max_body:,} bytes")

    async def _end_of_interest(self) -> Message:
        leaves = asyncio.ensure_future(self._receive())
        stops = asyncio.ensure_future(self._limits.stopping.wait())
        lapses = asyncio.ensure_future(lapsed(self._scope, self._limits.look))
        awaited = {leaves, stops, lapses}
        try:
            done, _ = await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            if leaves in done:
                return leaves.result()
            self._is_over = True
            return {"type": "http.disconnect"}
        finally:
            for one in awaited:
                one.cancel()
