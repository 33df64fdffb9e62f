"""Connections of a server: how many there may be, and how long each may keep it waiting.

uvicorn waits without end for a request to come and for an answer to be taken.
"""

import asyncio
from typing import Any, Final

from h11 import IDLE, SEND_BODY
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from plangate.infrastructure.asgi.problem_details import MALFORMED, Kind, problem

MOST: Final = 1_000
"""Connections at once. Each takes a descriptor, of which a process has 1,024 by default."""

TIME: Final = 15.0
"""Seconds for the head of a request to come, and for a part of an answer to be taken."""

_CROWDED: Final = Kind("too-many-connections", 503, "Too many connections are open", retry=True)


class BoundedConnection(H11Protocol):
    """A connection that is given up where the client stands still."""

    most: int = MOST
    time: float = TIME
    _waiting: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.write(_bytes_of(_CROWDED))
            transport.close()
        else:
            self._wait_for_client()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.conn.their_state is not IDLE and self._is_answering:
            self._stop_waiting()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        # The rest of a refused body is taken, so that the client gets to read the refusal.
        if self.conn.their_state in {IDLE, SEND_BODY}:
            self._wait_for_client()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_client()

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_waiting()

    @override
    def send_400_response(self, msg: str) -> None:
        self.transport.write(_bytes_of(MALFORMED))
        self.transport.close()

    @property
    def _is_answering(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait_for_client(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(self.time, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def _bytes_of(kind: Kind) -> bytes:
    """A problem as it is written where no application answers."""
    response = problem(kind)
    headers = [*response.raw_headers, (b"connection", b"close")]
    lines = [f"HTTP/1.1 {kind.status} {kind.title}".encode(), *(b": ".join(one) for one in headers)]
    return b"\r\n".join([*lines, b"", bytes(response.body)])
