"""Review the scores of plans, and report what to look at, with the events that show it.

Plans are reviewed one at a time. Only the failures of each work are kept beyond its plan: a
threshold cannot be lowered within a plan, but the same work can be planned again.
"""

from collections import Counter
from typing import Final

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventStore
from plangate.application.evidence.finding import Finding, FindingKind
from plangate.application.evidence.review import PlanReview
from plangate.application.evidence.same_work import FailedWork, WorkKey, work_of
from plangate.application.plan_log import PlanIds, plan_steps, selected
from plangate.application.progress import Progress, no_progress
from plangate.application.results import Result, UnreadablePlan
from plangate.domain.events import PlanCreated

MAX_LISTED: Final = 1_000
"""How many findings are listed; all are counted."""


class FindingsReport(Result):
    """How much was reviewed, and what to look at.

    `findings` lists the first 1,000, ordered by the plans' creation and then by event;
    `finding_count` and `by_kind` count all.
    """

    plans: int
    events: int
    finding_count: int
    by_kind: dict[FindingKind, int]
    findings: tuple[Finding, ...]
    unreadable: tuple[UnreadablePlan, ...] = ()


class Review:
    """Reviews plans one after the other, oldest first."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._failed = FailedWork()
        self._plans = self._events = 0
        self._by_kind: Counter[FindingKind] = Counter()
        self._listed: list[Finding] = []
        self._unreadable: list[UnreadablePlan] = []

    def report(self, plan_ids: PlanIds, progress: Progress) -> FindingsReport:
        """Review some plans or all; for some, older plans of the same work are read too."""
        if plan_ids is None:
            for plan_id in selected(self._store, None, progress):
                self._add(plan_id)
        else:
            self._add_some(list(selected(self._store, plan_ids, no_progress)), progress)
        return FindingsReport(
            plans=self._plans,
            events=self._events,
            finding_count=self._by_kind.total(),
            by_kind={kind: self._by_kind[kind] for kind in FindingKind if self._by_kind[kind]},
            findings=tuple(self._listed),
            unreadable=tuple(self._unreadable),
        )

    def _add_some(self, chosen: list[str], progress: Progress) -> None:
        remaining = set(chosen)
        works = {self._work(plan_id) for plan_id in chosen} - {None}
        for plan_id in selected(self._store, None, progress):
            if plan_id in remaining:
                remaining.remove(plan_id)
                self._add(plan_id)
            elif remaining and self._work(plan_id) in works:
                self._review(plan_id)
        for plan_id in sorted(remaining):  # their creation is missing, so they have no order
            self._add(plan_id)

    def _add(self, plan_id: str) -> None:
        found, events, unreadable = self._review(plan_id)
        self._plans += 1
        self._events += events
        self._by_kind.update(finding.kind for finding in found)
        self._listed += found[: MAX_LISTED - len(self._listed)]
        if unreadable is not None:
            self._unreadable.append(unreadable)

    def _review(self, plan_id: str) -> tuple[list[Finding], int, UnreadablePlan | None]:
        """Review a plan to its end, or to the first event that cannot be read."""
        review, events = PlanReview(plan_id, self._failed), 0
        try:
            for step in plan_steps(self._store, plan_id):
                review.add(step)
                events += 1
        except CorruptEvent as error:
            return review.finish(), events, UnreadablePlan.of(error)
        return review.finish(), events, None

    def _work(self, plan_id: str) -> WorkKey | None:
        """What a plan is about, from its first event alone."""
        try:
            first = [entry.event for entry in self._store.read(plan_id, until=1)]
        except CorruptEvent:
            return None
        return next((work_of(event) for event in first if isinstance(event, PlanCreated)), None)
