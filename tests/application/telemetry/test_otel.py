"""OpenTelemetry, with the SDK's exporters in memory: spans and metrics of what was asked for."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import plangate
from plangate.application import telemetry
from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.errors import ConcurrentChange, StoreUnavailable
from plangate.application.registry import PlanRegistry
from plangate.application.telemetry.otel import Instruments
from plangate.domain.errors import InvalidInput, PlanNotFound

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


class Host:
    """A host with an SDK, and what it exported."""

    def __init__(self) -> None:
        self._spans, self._metrics = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._metrics], shutdown_on_exit=False)
        self.instruments = Instruments(self.tracers, self.meters)

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that ended."""
        return list(self._spans.get_finished_spans())

    def metrics(self) -> dict[str, dict[tuple[str, ...], float]]:
        """The value of each metric by the values of its attributes."""
        data: Any = self._metrics.get_metrics_data()
        return {
            metric.name: {
                tuple(str(value) for _, value in sorted(point.attributes.items())): point.value
                for point in metric.data.data_points
            }
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host that has set its providers; no registry of another test is among its own."""
    found = Host()
    telemetry.registries.clear()
    monkeypatch.setattr(telemetry, "instruments", lambda: found.instruments)
    yield found
    found.meters.shutdown()
    found.tracers.shutdown()


def test_commands_and_questions_are_spans(host: Host, registry: PlanRegistry) -> None:
    registry.create("g", TASKS, plan_id="p")
    registry.get_status("p")
    registry.history.of(plan_id="p")
    registry.views.plans()
    with host.tracers.get_tracer("host").start_as_current_span("request") as request:
        registry.pause("p", "lunch")
    assert [(span.name, dict(span.attributes or {})) for span in host.spans] == [
        ("plangate.create", {"plangate.plan_id": "p"}),
        ("plangate.get_status", {"plangate.plan_id": "p"}),
        ("plangate.history.of", {"plangate.plan_id": "p"}),
        ("plangate.views.plans", {}),
        ("plangate.pause", {"plangate.plan_id": "p"}),
        ("request", {}),
    ]
    parent = host.spans[4].parent
    assert parent
    assert parent.span_id == request.get_span_context().span_id


def test_a_refusal_is_named_and_a_failure_is_an_error(
    host: Host, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PlanNotFound):
        registry.get_status("p")
    with pytest.raises(InvalidInput):
        registry.create("", TASKS)

    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(registry._store, "append", fail)
    with pytest.raises(StoreUnavailable):
        registry.create("g", TASKS)
    with pytest.raises(TypeError):
        registry.create()  # type: ignore[call-overload]
    found = [((s.attributes or {})["error.type"], s.status.status_code) for s in host.spans]
    assert found == [
        ("PlanNotFound", StatusCode.UNSET),
        ("InvalidInput", StatusCode.UNSET),
        ("StoreUnavailable", StatusCode.ERROR),
        ("TypeError", StatusCode.ERROR),
    ]
    metrics = host.metrics()
    assert metrics["plangate.commands"] == {("create", "refused"): 1, ("create", "failed"): 2}
    assert metrics["plangate.refusals"] == {("create", "InvalidInput"): 1}


def test_metrics_count_commands_replans_verdicts_and_conflicts(
    host: Host, registry: PlanRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.create("g", TASKS, plan_id="p")
    registry.gate("p")
    registry.score_output("p", "a", 0.1)
    registry.gate("p")
    append, refusals = registry._store.append, iter([ConcurrentChange("p")])

    def appended(*args: Any, **given: Any) -> Any:
        for refusal in refusals:
            raise refusal
        return append(*args, **given)

    monkeypatch.setattr(registry._store, "append", appended)
    registry.pause("p", "lunch")
    registry.execute("p", {"op": "resume", "reason": "back"})
    for op in ("an id of the caller", 7):
        with pytest.raises(InvalidInput):
            registry.execute("p", {"op": op})
    metrics = host.metrics()
    assert metrics["plangate.commands"] == {
        ("create", "done"): 1,
        ("score_output", "done"): 1,
        ("pause", "done"): 1,
        ("resume", "done"): 1,
        ("execute", "refused"): 2,
    }
    assert metrics["plangate.refusals"] == {("execute", "InvalidInput"): 2}
    assert metrics["plangate.replans"] == {(): 1}
    assert metrics["plangate.verdicts"] == {("go",): 1, ("replan",): 1}
    assert metrics["plangate.conflicts"] == {(): 1}


def test_the_lag_of_views_is_that_of_the_store_furthest_behind(
    host: Host, registry: PlanRegistry
) -> None:
    telemetry.registries.add(registry)
    registry.create("g", TASKS, plan_id="p")
    assert host.metrics()["plangate.view.lag"][("plans",)] == 1
    registry.views.plans()
    assert host.metrics()["plangate.view.lag"] == {
        (view.name,): 0 for view in registry.health().views
    }
    registry.close()
    assert "plangate.view.lag" not in host.metrics()


def test_in_a_transaction_of_the_host_its_commands_are_reported_and_no_health_is_asked_for(
    host: Host, tmp_path: Path
) -> None:
    connection = sqlite3.connect(tmp_path / "plans.db")
    with (
        plangate.connect(tmp_path / "plans.db") as registry,
        registry.in_transaction(connection) as inside,
    ):
        inside.create("g", TASKS, plan_id="p")
        assert list(telemetry.registries) == [registry]
        metrics = host.metrics()
    connection.close()
    assert metrics["plangate.commands"] == {("create", "done"): 1}
    assert metrics["plangate.view.lag"][("plans",)] == 0
    assert [span.name for span in host.spans] == ["plangate.create"]


def test_a_task_of_asyncio_is_the_parent_of_its_commands(
    host: Host, registry: PlanRegistry
) -> None:
    async def main() -> None:
        async with AsyncPlanRegistry(lambda: registry) as opened:
            with host.tracers.get_tracer("host").start_as_current_span("request"):
                await opened.create("g", TASKS)

    asyncio.run(main())
    created, request = host.spans
    assert created.parent == request.get_span_context()


HOST = """
import sys
import plangate
from plangate.application import telemetry
telemetry.LOOK_EVERY = 0.0
registry = plangate.connect("memory:")
registry.create("g", [{"title": "A"}])
assert not any(name.startswith("opentelemetry") for name in sys.modules)
from opentelemetry import metrics, trace
registry.create("g", [{"title": "A"}])
registry.list_plans()
assert not any(name.startswith("opentelemetry.sdk") for name in sys.modules)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(spans))
metrics.set_meter_provider(MeterProvider([reader]))
registry.create("g", [{"title": "A"}])
print(*(span.name for span in spans.get_finished_spans()))
print("plangate.commands" in reader.get_metrics_data().to_json())
"""


def test_it_is_not_imported_for_a_host_without_it_and_found_where_one_sets_it_later() -> None:
    command = [sys.executable, "-c", HOST]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["plangate.create", "True"]
