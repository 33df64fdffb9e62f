"""What can be asked about a plan's past: how it stood, what is different since, and why."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from plangate.application.event_store import EventStore
from plangate.application.history.audit import AuditEntry, AuditWanted, audited
from plangate.application.history.diff import PlanDiff, different
from plangate.application.history.explain import Explanation, explained
from plangate.application.history.points import (
    Point,
    refuse_backwards,
    validate_moment,
    validate_point,
    validate_version,
    version_at,
    walk,
)
from plangate.application.paging import Page
from plangate.application.progress import Progress, no_progress
from plangate.application.recorded_event import RecordedEvent
from plangate.application.results import PlanStatus
from plangate.application.validation import validate, validate_identifier
from plangate.domain.errors import InvalidInput, PlanNotFound, Problem
from plangate.domain.vocabulary import ScoreKind


class HistoryQueries:
    """Answers from the recorded events of one store."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def of(self, plan_id: str) -> Sequence[RecordedEvent]:
        """Everything that happened to a plan, in order, also after its deletion.

        Raises `PlanNotFound`.
        """
        events = self._store.read(validate_identifier("plan_id", plan_id))
        if not events:
            raise PlanNotFound(plan_id)
        return events

    def events(self, *, after: int = 0, limit: int = 1_000) -> Sequence[RecordedEvent]:
        """The log of all plans in commit order: the `limit` events beyond a position.

        Continue with the position of the last one; an empty answer means that nothing is
        newer. At most 10,000 at a time.
        """
        page = validate(Page, {"after": after, "limit": limit})
        return self._store.read_all(after=page.after, limit=page.limit)

    def last_position(self) -> int:
        """The position of the newest event; 0 in an empty log.

        Views take it as `at_least`, to reflect everything recorded so far.
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
        limit: int | None = None,
        progress: Progress = no_progress,
    ) -> Iterator[AuditEntry]:
        """Who did what to a plan, or to all, when and why, and what it changed: event by event.

        Of one plan in the order of its versions, beyond version `after`; of all in commit
        order, beyond position `after`. Those that match all that is said: `kind` is a stored
        name (`task-scored`) or a kind of score; `scorer` a name, with kind or version
        before or behind it (`model:judge@2`); `since` is included, `until` is not, and both
        go by when events were recorded. Entries are read as they are asked for; events
        that cannot be read are among them. Raises `InvalidInput`, `PlanNotFound`.
        """
        wanted = validate(
            AuditWanted,
            {
                "plan_id": plan_id,
                "task": task,
                "kind": kind,
                "actor": actor,
                "scorer": scorer,
                "since": None if since is None else validate_moment("since", since),
                "until": None if until is None else validate_moment("until", until),
                "after": after,
                "limit": limit,
            },
        )
        kinds = (*self._store.format.kinds, *ScoreKind)
        if wanted.kind is not None and wanted.kind not in kinds:
            raise InvalidInput([Problem("kind", f"must be one of {', '.join(kinds)}")])
        one = wanted.plan_id
        if one and not (self._store.read_stored(one, until=1) or self._store.read_stored(one)):
            raise PlanNotFound(one)
        return islice(audited(self._store, wanted, progress), wanted.limit)

    def as_of(
        self, plan_id: str, *, version: int | None = None, at: datetime | None = None
    ) -> PlanStatus:
        """How a plan stood at a version, or at a moment with its zone; also one deleted since.

        A moment goes by when events were recorded: it means the last version before
        the first later one. Raises `InvalidInput` beyond the history or before it.
        """
        if (version is None) is (at is None):
            raise InvalidInput([Problem("version", "name a version, or a time as at")])
        plan_id = validate_identifier("plan_id", plan_id)
        if at is None:
            point: Point = validate_version("version", version)
        else:
            point = validate_moment("at", at)
        until = version_at(self._store, plan_id, "version" if at is None else "at", point)
        for step in walk(self._store, plan_id, until):
            plan = step.after
        return PlanStatus.of(plan)

    def diff(self, plan_id: str, a: int | datetime, b: int | datetime | None = None) -> PlanDiff:
        """What is different in a plan at `b`, or now, from how it was at `a`.

        Both are versions, or moments as in `as_of`; `a` does not come after `b`.
        """
        store, plan_id = self._store, validate_identifier("plan_id", plan_id)
        begin = version_at(store, plan_id, "a", validate_point("a", a))
        until = None if b is None else version_at(store, plan_id, "b", validate_point("b", b))
        refuse_backwards("a", begin, until)
        return different(walk(store, plan_id, until), begin)

    def explain(
        self,
        plan_id: str,
        *,
        version: int | None = None,
        since: int | datetime | None = None,
    ) -> Explanation:
        """What makes up a plan's rolling confidence, now or at a version, and what would flip it.

        With `since`, an earlier version or a moment, also what moved the figure from
        there on. Raises `InvalidInput` as `as_of` does.
        """
        store, plan_id = self._store, validate_identifier("plan_id", plan_id)
        until = begin = None
        if version is not None:
            until = version_at(store, plan_id, "version", validate_version("version", version))
        if since is not None:
            begin = version_at(store, plan_id, "since", validate_point("since", since))
            refuse_backwards("since", begin, until)
        return explained(walk(store, plan_id, until), begin)
