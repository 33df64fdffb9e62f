"""OpenTelemetry, by its API alone: what becomes of spans and metrics is up to the host's SDK.

Metrics have no attribute that grows with the plans; spans name the plan.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import StatusCode

from plangate.application.errors import StoreError
from plangate.application.telemetry import registries
from plangate.domain.errors import PlangateError

_NAME: Final = "plangate"

T = TypeVar("T")


class Instruments:
    """The tracer and the metrics of this process."""

    def __init__(
        self,
        tracers: trace.TracerProvider | None = None,
        meters: metrics.MeterProvider | None = None,
    ) -> None:
        """Of the given providers, or of those that the host has set or will set."""
        self._tracer: Final = trace.get_tracer(_NAME, tracer_provider=tracers)
        meter = metrics.get_meter(_NAME, meter_provider=meters)

        def counter(name: str, description: str) -> metrics.Counter:
            return meter.create_counter(f"plangate.{name}", description=description)

        self.commands: Final = counter("commands", "Commands, by name and outcome")
        self.refusals: Final = counter("refusals", "Refused commands, by name and error")
        self.conflicts: Final = counter("conflicts", "Decisions on a plan that had just changed")
        self.replans: Final = counter("replans", "Replans that gates triggered")
        self.verdicts: Final = counter("verdicts", "Answers of the gate, by verdict")
        meter.create_observable_gauge(
            "plangate.view.lag",
            [_view_lags],
            description="Positions of the log that a view is behind, in the store furthest behind",
        )

    @contextmanager
    def span(self, name: str, plan_id: object) -> Iterator[None]:
        """A span of a call on a plan, if it names one; a refusal does not make it an error."""
        given = {"plangate.plan_id": plan_id} if isinstance(plan_id, str) else {}
        with self._tracer.start_as_current_span(
            f"plangate.{name}",
            attributes=given,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                if not _is_refusal(error):
                    span.set_status(StatusCode.ERROR)
                raise

    def command(self, name: str, plan_id: object, call: Callable[[], T]) -> T:
        """Execute a command, which is counted, in a span."""
        outcome = "failed"
        try:
            with self.span(name, plan_id):
                answer = call()
            outcome = "done"
        except PlangateError as error:
            if _is_refusal(error):
                outcome = "refused"
                self.refusals.add(1, {"command": name, "error.type": type(error).__name__})
            raise
        else:
            return answer
        finally:
            self.commands.add(1, {"command": name, "outcome": outcome})


def is_set() -> bool:
    """Whether the host has set a provider: until then there are those of the API itself."""
    providers = trace.get_tracer_provider(), metrics.get_meter_provider()
    modules = [type(provider).__module__ for provider in providers]
    return not all(
        name.startswith(("opentelemetry.trace", "opentelemetry.metrics")) for name in modules
    )


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, PlangateError) and not isinstance(error, StoreError)


def _view_lags(_: CallbackOptions) -> Iterator[Observation]:
    """How far each view is behind in the store where it is furthest behind."""
    lags: dict[str, int] = {}
    for registry in list(registries):
        for view in registry.health().views:
            lags[view.name] = max(view.lag, lags.get(view.name, 0))
    for name, lag in lags.items():
        yield Observation(lag, {"view": name})
