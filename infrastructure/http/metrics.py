"""Figures of a server for Prometheus, at `/metrics`. No plan's id is in them."""

from collections.abc import MutableMapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

from plangate.application.health import RegistryHealth

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STREAM: Final = "text/event-stream"


def route_of(scope: Scope) -> str:
    """The template of the path that a request was answered at."""
    route = scope.get("route")
    return str(getattr(route, "path", None) or "(none)")


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

    def exchange(self, scope: Scope) -> "Exchange":
        """One request, to be counted."""
        return Exchange(self, scope)

    def text(self, health: RegistryHealth) -> bytes:
        """All figures, as Prometheus reads them."""
        self._reachable.set(health.reachable)
        for view in health.views:
            self._lag.labels(view.name).set(view.lag)
            self._stuck.labels(view.name).set(view.stuck)
        return generate_latest(self._all)


class Exchange:
    """One request and its answer."""

    def __init__(self, metrics: Metrics, scope: Scope) -> None:
        self._metrics = metrics
        self._scope = scope
        self._streams = False

    def begin(self, _status: int, headers: MutableMapping[str, str]) -> None:
        """The answer begins."""
        self._streams = headers.get("content-type", "").startswith(_STREAM)
        if self._streams:
            self._metrics._streams.inc()  # noqa: SLF001

    def end(self, status: int | None, took: float) -> None:
        """The answer ended; without a status there was none, as the client had left."""
        labels = self._labels()
        metrics: Any = self._metrics
        metrics._requests.labels(*labels, status or "none").inc()
        if self._streams:
            metrics._streams.dec()
        else:
            metrics._seconds.labels(*labels).observe(took)

    def _labels(self) -> tuple[str, str]:
        method = self._scope["method"]
        return method if method in _METHODS else "other", route_of(self._scope)
