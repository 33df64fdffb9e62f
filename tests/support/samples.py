"""Samples of plans from events, and statistics that are sure of everything."""

from collections.abc import Iterable, Sequence
from typing import cast

from plangate.application.evidence.comparisons import Comparison, Significance
from plangate.application.evidence.distributions.plan_sample import PlanSample
from plangate.application.evidence.distributions.sampler import Sampler
from plangate.application.evidence.findings_config import Names
from plangate.application.evidence.statistics import Statistics
from plangate.application.plan_log import next_step
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.domain.events import PlanEvent
from plangate.domain.plan import Plan
from tests.support.examples import MORNING

ByActor = tuple[PlanEvent, str]


def sample_of(
    *events: PlanEvent | ByActor,
    plan_id: str = "p",
    first: int | None = 1,
    names: Names | None = None,
) -> PlanSample:
    """The sample of a plan with these events, the first of them at a position of the log."""
    plan, sampler = Plan(plan_id), Sampler(plan_id, names or Names({}))
    for number, one in enumerate(events):
        event, actor = one if isinstance(one, tuple) else (one, None)
        envelope = Envelope(
            plan_id=plan_id,
            version=number + 1,
            position=None if first is None else first + number,
            recorded_at=MORNING,
            actor=actor,
        )
        step = next_step(plan, RecordedEvent(event, envelope))
        sampler.add(step)
        plan = step.after
    return sampler.finish()


class Sure:
    """Statistics for which nothing is chance; they keep what was compared."""

    def __init__(self) -> None:
        self.compared: list[Sequence[Comparison]] = []

    def significances(self, comparisons: Iterable[Comparison]) -> list[Significance]:
        self.compared.append(list(comparisons))
        return [Significance(0.001, 0.002) for _ in self.compared[-1]]

    def __call__(self) -> Statistics:
        return cast("Statistics", self)
