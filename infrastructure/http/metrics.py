"""Figures of a server for Prometheus, at `/metrics`. No plan's id is in them."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

from plangate.application.health import RegistryHealth

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def route_of(scope: Scope) -> str:
    """The template of the path that a request was answered at."""
    # FastAPI's route knows its path without the prefix that it was included under.
    context = scope.get("fastapi", {}).get("effective_route_context")
    route = scope.get("route")
    return str(getattr(context, "path", None) or getattr(route, "path", None) or "(none)")


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._all = CollectorRegistry()
        self._requests = Counter(
            "plangate_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._all,
        )
        self._seconds = Histogram(
            "plangate_http_request_seconds",
            "How long requests took, but for event streams.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._all,
        )
        self._streams = Gauge(
            "plangate_http_event_streams", "Event streams that are open.", registry=self._all
        )
        self._reachable = Gauge(
            "plangate_store_reachable", "1 while the store answers, else 0.", registry=self._all
        )
        self._lag = Gauge(
            "plangate_view_lag",
            "Positions of the log that a view has yet to project.",
            ("view",),
            registry=self._all,
        )
        self._stuck = Gauge(
            "plangate_view_stuck_plans",
            "Plans with an event that a view cannot project.",
            ("view",),
            registry=self._all,
        )

    def stream_opened(self) -> None:
        """An event stream begins."""
        self._streams.inc()

    def stream_closed(self) -> None:
        """An event stream ended."""
        self._streams.dec()

    def answered(self, scope: Scope, status: int | None, took: float | None) -> None:
        """A request ended; without a status the client had left, without a time it was a stream."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_of(scope)
        self._requests.labels(method, route, status or "none").inc()
        if took is not None:
            self._seconds.labels(method, route).observe(took)

    def text(self, health: RegistryHealth) -> bytes:
        """All figures, as Prometheus reads them."""
        self._reachable.set(health.reachable)
        for view in health.views:
            self._lag.labels(view.name).set(view.lag)
            self._stuck.labels(view.name).set(view.stuck)
        return generate_latest(self._all)
