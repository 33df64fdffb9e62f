"""Review plans one after the other, or shared out over processes.

A review needs the failures of the same work before its plan. Another process knows only
those of its own plans; so a plan whose work failed before is reviewed again where all are
known. There are few of them.
"""

from dataclasses import dataclass
from typing import Any

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventStore
from plangate.application.evidence.distributions.plan_sample import PlanSample
from plangate.application.evidence.distributions.sampler import Sampler
from plangate.application.evidence.finding import Finding
from plangate.application.evidence.findings_config import Names
from plangate.application.evidence.review import PlanReview
from plangate.application.evidence.same_work import FailedWork, Failure, WorkKey
from plangate.application.plan_log import plan_steps
from plangate.application.results import UnreadablePlan


@dataclass(frozen=True, slots=True)
class ReviewedPlan:
    """What one plan's review found, and what the reviews of later plans need of it."""

    found: list[Finding]
    events: int
    sample: PlanSample
    work: WorkKey | None
    failure: Failure | None
    unreadable: UnreadablePlan | None = None


class PlanReviews:
    """The reviews that were not taken yet."""

    passes = 1

    def __init__(self, store: EventStore, names: Names) -> None:
        self._store: EventStore | None = store
        self._names = names
        self._failed = FailedWork()
        self._reviewed: list[ReviewedPlan] = []

    def __getstate__(self) -> dict[str, Any]:
        """Another process has its own store, and begins without the failures here."""
        return {"_names": self._names, "_reviewed": self._reviewed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin anew in another process, or hold what was found there."""
        self._store, self._failed = None, FailedWork()
        self._names, self._reviewed = state["_names"], state["_reviewed"]

    def add(self, store: EventStore, plan_id: str) -> None:
        """Review one more plan."""
        self._reviewed.append(self.review(store, plan_id))

    def extend(self, part: "PlanReviews") -> None:
        """Add the reviews of the plans that follow, from another process."""
        for plan in part.take():
            failed_before = plan.work is not None and self._failed.has(plan.work)
            if failed_before and self._store is not None:
                self.add(self._store, plan.sample.plan_id)
                continue
            if plan.work is not None and plan.failure is not None:
                self._failed.add(plan.work, plan.failure)
            self._reviewed.append(plan)

    def take(self) -> list[ReviewedPlan]:
        """The reviews since they were taken last, in the order of the plans."""
        taken, self._reviewed = self._reviewed, []
        return taken

    def review(self, store: EventStore, plan_id: str) -> ReviewedPlan:
        """Review a plan to its end, or to the first event that cannot be read."""
        review = PlanReview(plan_id, self._failed, self._names)
        sampler = Sampler(plan_id, self._names)
        events, unreadable = 0, None
        try:
            for step in plan_steps(store, plan_id):
                review.add(step)
                sampler.add(step)
                events += 1
        except UnreadableEvent as error:
            unreadable = UnreadablePlan.of(error)
        found, again = review.finish(), review.again
        return ReviewedPlan(found, events, sampler.finish(), again.work, again.failure, unreadable)
