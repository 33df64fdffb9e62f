"""Review the scores of plans, and report what to look at, with the events that show it.

Plans are reviewed one at a time. Beyond its plan, the failures of each work are kept: a
threshold cannot be lowered within a plan, but the same work can be planned again. Of every
plan a sample is kept, so that judges and actors are compared with each other at the end.
"""

from collections import Counter
from typing import Final

from plangate.application.errors import AnalysisMissing
from plangate.application.event_store import EventStore
from plangate.application.evidence.distributions.distributions import Distributions
from plangate.application.evidence.finding import (
    FROM_DISTRIBUTIONS,
    Finding,
    FindingKind,
    Severity,
)
from plangate.application.evidence.findings_config import FindingsConfig, Names
from plangate.application.evidence.plan_reviews import PlanReviews
from plangate.application.evidence.same_work import WorkKey, work_of
from plangate.application.evidence.statistics import MakeStatistics
from plangate.application.evidence.works_in_log import creation_of
from plangate.application.plan_log import PlanIds, selected
from plangate.application.progress import Progress, no_progress
from plangate.application.rerun.over_plans import Workers, adding_plans
from plangate.application.results import Result, UnreadablePlan

MAX_LISTED: Final = 1_000
"""How many findings are listed; all are counted."""


class AcceptedFinding(Result):
    """A finding that an accepted exception covers, and the reason of that."""

    finding: Finding
    reason: str


class FindingsReport(Result):
    """How much was reviewed, and what to look at.

    `findings` lists the first 1,000, ordered by the plans' creation and then by event, at last
    those from distributions; `finding_count`, `by_kind` and `by_severity` count all. Those
    that an exception covers are not among them: `accepted` lists the first 1,000,
    `accepted_count` counts all. `not_judged` says why no distributions were compared.
    """

    plans: int
    events: int
    finding_count: int
    by_kind: dict[FindingKind, int]
    by_severity: dict[Severity, int]
    findings: tuple[Finding, ...]
    accepted_count: int = 0
    accepted: tuple[AcceptedFinding, ...] = ()
    unreadable: tuple[UnreadablePlan, ...] = ()
    not_judged: str | None = None


class Review:
    """Reviews plans one after the other, oldest first."""

    def __init__(
        self,
        store: EventStore,
        config: FindingsConfig,
        statistics: MakeStatistics,
        workers: Workers | None = None,
    ) -> None:
        self._store = store
        self._config = config
        self._statistics = statistics
        self._distributions = Distributions()
        self._not_judged: str | None = None
        self._workers = workers
        self._reviews = PlanReviews(store, Names(config.aliases))
        self._plans = self._events = 0
        self._by_kind: Counter[FindingKind] = Counter()
        self._by_severity: Counter[Severity] = Counter()
        self._listed: list[Finding] = []
        self._accepted_count = 0
        self._accepted: list[AcceptedFinding] = []
        self._unreadable: list[UnreadablePlan] = []

    def report(self, plan_ids: PlanIds, progress: Progress) -> FindingsReport:
        """Review some plans or all; for some, older plans of the same work are read too."""
        if plan_ids is None:
            for _ in adding_plans(self._reviews, self._store, self._workers, None, progress):
                self._count_reviewed()
        else:
            self._add_some(list(selected(self._store, plan_ids, no_progress)), progress)
        self._compare()
        return FindingsReport(
            plans=self._plans,
            events=self._events,
            finding_count=self._by_kind.total(),
            by_kind={kind: self._by_kind[kind] for kind in FindingKind if self._by_kind[kind]},
            by_severity={one: self._by_severity[one] for one in Severity if self._by_severity[one]},
            findings=tuple(self._listed),
            accepted_count=self._accepted_count,
            accepted=tuple(self._accepted),
            unreadable=tuple(self._unreadable),
            not_judged=self._not_judged,
        )

    def _add_some(self, chosen: list[str], progress: Progress) -> None:
        remaining = set(chosen)
        works = {self._work(plan_id) for plan_id in chosen} - {None}
        for plan_id in selected(self._store, None, progress):
            if plan_id in remaining:
                remaining.remove(plan_id)
                self._add(plan_id)
            elif remaining and self._work(plan_id) in works:
                self._reviews.review(self._store, plan_id)
        for plan_id in sorted(remaining):  # their creation is missing, so they have no order
            self._add(plan_id)

    def _compare(self) -> None:
        """Find what is to be seen only in many plans together."""
        if self._config.are_off(FROM_DISTRIBUTIONS):
            return
        try:
            found = list(self._distributions.findings(self._statistics))
        except AnalysisMissing as missing:
            self._not_judged = f"Distributions were not judged: {missing}"
            return
        for finding in self._config.applied(found):
            self._count(finding)

    def _add(self, plan_id: str) -> None:
        self._reviews.add(self._store, plan_id)
        self._count_reviewed()

    def _count_reviewed(self) -> None:
        for plan in self._reviews.take():
            self._distributions.add(plan.sample)
            self._plans += 1
            self._events += plan.events
            for finding in self._config.applied(plan.found):
                self._count(finding)
            if plan.unreadable is not None:
                self._unreadable.append(plan.unreadable)

    def _count(self, finding: Finding) -> None:
        exception = self._config.exception(finding)
        if exception is not None:
            self._accepted_count += 1
            if len(self._accepted) < MAX_LISTED:
                accepted = AcceptedFinding(finding=finding, reason=exception.reason)
                self._accepted.append(accepted)
            return
        self._by_kind[finding.kind] += 1
        self._by_severity[finding.severity] += 1
        if len(self._listed) < MAX_LISTED:
            self._listed.append(finding)

    def _work(self, plan_id: str) -> WorkKey | None:
        """What a plan is about."""
        created = creation_of(self._store, plan_id)
        return None if created is None else work_of(created)
