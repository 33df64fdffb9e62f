"""The `registry.history` group: recorded events, the audit trail, earlier states, and why."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from plangate.application import telemetry
from plangate.application.event_store import EventStore
from plangate.application.history.audit import AuditEntry, AuditFilter, audit_entries
from plangate.application.history.diff import PlanDiff, plan_diff
from plangate.application.history.explain import Explanation, explain
from plangate.application.history.feed import feed, page
from plangate.application.history.points import (
    refuse_backwards,
    validate_moment,
    validate_version,
    version_at,
)
from plangate.application.models import Model
from plangate.application.plan_log import has_events, plan_steps
from plangate.application.progress import Progress, no_progress, require_progress
from plangate.application.recorded_event import RecordedEvent
from plangate.application.results import PlanStatus
from plangate.application.validation import validate, validate_identifier
from plangate.application.views.requests import PageLimit, Position
from plangate.domain.errors import InvalidInput, PlanNotFound, Problem
from plangate.domain.vocabulary import ScoreKind


class _Page(Model):
    after: Position
    limit: PageLimit


@telemetry.questions_of("history")
class HistoryQueries:
    """Answers from the recorded events of one store."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def of(self, plan_id: str) -> Sequence[RecordedEvent]:
        """All events of a plan in order, also of a deleted one. Raises `PlanNotFound`."""
        events = self._store.read(validate_identifier("plan_id", plan_id))
        if not events:
            raise PlanNotFound(plan_id)
        return events

    def events(
        self,
        *,
        after: int = 0,
        limit: int = 1_000,
        kinds: Sequence[str] | str | None = None,
        plan_id: str | None = None,
    ) -> Sequence[RecordedEvent]:
        """The events of all plans after a position, in commit order, at most 10,000 at a time.

        `kinds` are stored names (`replan-triggered`); with `plan_id` they are of this plan alone.
        Continue with the position of the last one; an empty page is the end of the log.
        Raises `UnreadableEvent` where the first of them cannot be read; continue with its
        `position` to step over it.
        """
        size = validate(_Page, {"after": after, "limit": limit}).limit
        asked = feed(self._store, after=after, kinds=kinds)
        if kinds is None and plan_id is None:
            return self._store.read_all(after=asked.after, limit=size)
        if plan_id is not None:
            plan_id = validate_identifier("plan_id", plan_id)
        return page(self._store, asked, plan_id, size)

    def last_position(self) -> int:
        """The position of the newest event; 0 in an empty log.

        Views that have come so far reflect everything recorded until now.
        """
        return self._store.last_position()

    def audit(
        self,
        plan_id: str | None = None,
        *,
        task: str | None = None,
        kind: str | None = None,
        actor: str | None = None,
        scorer: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: int = 0,
        after_version: int = 0,
        limit: int | None = None,
        progress: Progress = no_progress,
    ) -> Iterator[AuditEntry]:
        """Who did what, when and why, and what each event changed.

        The events of one plan come by version, those of all plans in commit order; both begin
        after the position `after`, and those of one plan after `after_version` too. An event
        must match every filter: `kind` is a stored name (`task-scored`) or a kind of score;
        `scorer` a name, optionally with kind and version (`model:judge@2`); `since` (inclusive)
        and `until` (exclusive) compare with when events were recorded. Events that cannot be
        read are always listed. Entries are read lazily. Raises `InvalidInput`,
        `PlanNotFound`.
        """
        require_progress(progress)
        chosen = validate(
            AuditFilter,
            {
                "plan_id": plan_id,
                "task": task,
                "kind": kind,
                "actor": actor,
                "scorer": scorer,
                "since": None if since is None else validate_moment("since", since),
                "until": None if until is None else validate_moment("until", until),
                "after": after,
                "after_version": after_version,
                "limit": limit,
            },
        )
        kinds = (*self._store.format.kinds, *ScoreKind)
        if chosen.kind is not None and chosen.kind not in kinds:
            raise InvalidInput([Problem("kind", f"must be one of {', '.join(kinds)}")])
        if chosen.after_version and chosen.plan_id is None:
            raise InvalidInput([Problem("after_version", "counts the events of one plan; name it")])
        if chosen.plan_id and not has_events(self._store, chosen.plan_id):
            raise PlanNotFound(chosen.plan_id)
        return islice(audit_entries(self._store, chosen, progress), chosen.limit)

    def as_of(
        self, plan_id: str, *, version: int | None = None, at: datetime | None = None
    ) -> PlanStatus:
        """A plan's status at a version or a moment, also of a deleted plan.

        A moment has a time zone, and means the last version before the first one that was
        recorded later. Raises `InvalidInput` for a point outside the history.
        """
        if (version is None) is (at is None):
            raise InvalidInput([Problem("version", "name a version, or a time as at")])
        plan_id = validate_identifier("plan_id", plan_id)
        field = "version" if at is None else "at"
        point = validate_version(field, version) if at is None else validate_moment(field, at)
        until = version_at(self._store, plan_id, field, point)
        for step in plan_steps(self._store, plan_id, until):
            plan, now = step.after, step.recorded.event.at
        return PlanStatus.of(plan, now if at is None else at)

    def diff(self, plan_id: str, a: int | datetime, b: int | datetime | None = None) -> PlanDiff:
        """Compare a plan at `a` with the same plan at `b`, or now.

        Both are versions, or moments as in `as_of`; `a` must not come after `b`.
        """
        store, plan_id = self._store, validate_identifier("plan_id", plan_id)
        begin = version_at(store, plan_id, "a", a)
        until = None if b is None else version_at(store, plan_id, "b", b)
        refuse_backwards("a", begin, until)
        return plan_diff(plan_steps(store, plan_id, until), begin)

    def explain(
        self, plan_id: str, *, version: int | None = None, since: int | datetime | None = None
    ) -> Explanation:
        """Explain a plan's rolling confidence now or at a version, and what would flip its gate.

        With `since`, an earlier version or moment, also list what changed the confidence
        after it. Raises `InvalidInput` as `as_of` does.
        """
        store, plan_id = self._store, validate_identifier("plan_id", plan_id)
        until = begin = None
        if version is not None:
            until = version_at(store, plan_id, "version", validate_version("version", version))
        if since is not None:
            begin = version_at(store, plan_id, "since", since)
            refuse_backwards("since", begin, until)
        return explain(plan_steps(store, plan_id, until), begin)
