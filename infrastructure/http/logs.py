"""Logs of a server: one JSON object a line, on stderr, with the request that it belongs to.

Neither headers nor query values are logged, and a token that comes into a message in another
way is cut short.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from plangate.application.access.tokens import PREFIX
from plangate.infrastructure.http.caller import utf8
from plangate.infrastructure.http.metrics import Metrics, route_of

_log: Final = logging.getLogger("plangate.http")
_correlation_id: Final[ContextVar[str | None]] = ContextVar("plangate_correlation", default=None)
_TOKEN: Final = re.compile(rf"({PREFIX}_[0-9A-Za-z]+)_[0-9A-Za-z]+")
_GIVEN: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_TRACE: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by programs: logged only where they are refused or fail."""

_REFUSED: Final = 400
_STREAM: Final = "text/event-stream"
_LOGGERS: Final = ("plangate", "uvicorn.error")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        facts: Mapping[str, Any] = getattr(record, "facts", {})
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "correlation_id": _correlation_id.get(),
            **facts,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        kept = {name: value for name, value in line.items() if value is not None}
        return without_tokens(json.dumps(kept, default=str))


def without_tokens(text: str) -> str:
    """A text in which tokens are cut down to their ids."""
    return _TOKEN.sub(r"\1_…", text)


@contextmanager
def logs_on_stderr() -> Iterator[None]:
    """Have the logs of a server go to stderr while it runs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(one.handlers, one.propagate, one.level) for one in loggers]
    for one in loggers:
        one.handlers, one.propagate = [handler], False
        one.setLevel(logging.INFO if one.name == "plangate" else logging.WARNING)
    try:
        yield
    finally:
        for one, (handlers, propagate, level) in zip(loggers, before, strict=True):
            one.handlers, one.propagate = handlers, propagate
            one.setLevel(level)


class Observed:
    """Logs and counts every request, and gives it the id that it is found by."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        correlation_id = _asked_for(Headers(scope=scope)) or uuid4().hex
        token = _correlation_id.set(correlation_id)
        began = perf_counter()
        status: int | None = None
        streams = False

        async def observed(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Correlation-ID"] = correlation_id.encode().decode("latin-1")
                if headers.get("content-type", "").startswith(_STREAM):
                    streams = True
                    self._metrics.stream_opened()
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            took = perf_counter() - began
            self._metrics.answered(scope, status, None if streams else took)
            if streams:
                self._metrics.stream_closed()
            _write(scope, status, took)
            _correlation_id.reset(token)
        return None


def _write(scope: Scope, status: int | None, took: float) -> None:
    if scope["path"] in _QUIET and status is not None and status < _REFUSED:
        return
    client = scope.get("client")
    facts = {
        "method": scope["method"],
        "path": scope["path"],
        "route": route_of(scope),
        "status": status,
        "seconds": round(took, 4),
        "client": client[0] if client else None,
        "key": getattr(scope.get("state", {}).get("api_key"), "key_id", None),
    }
    _log.info("request", extra={"facts": facts})


def _asked_for(headers: Headers) -> str | None:
    """The correlation id that a request names, or that of its trace."""
    given = utf8(headers.get("x-correlation-id")) or ""
    trace = _TRACE.fullmatch(headers.get("traceparent") or "")
    return given if _GIVEN.fullmatch(given) else trace[1] if trace else None
