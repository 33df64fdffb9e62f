"""Parts of a host's own tests: a clock that stands still, ids in order, histories, a check."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from secrets import token_hex
from typing import Any, Final, Self

from plangate.application.event_store import Clock, NewId
from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import TaskStatus
from plangate.infrastructure.bootstrap import connect

_BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)


class FrozenClock:
    """A clock that stands still until it is advanced: `connect(…, clock=FrozenClock())`."""

    def __init__(self, now: datetime = _BEGINNING) -> None:
        """Raises `InvalidInput` for anything but a time with a zone."""
        time: object = now
        if not isinstance(time, datetime) or time.utcoffset() is None:
            raise InvalidInput([Problem("now", f"must be a datetime with a zone, not {now!r}")])
        self._now = time

    def __call__(self) -> datetime:
        """The time now."""
        return self._now

    def advance(self, by: timedelta | float) -> datetime:
        """Move forward, by seconds if `by` is a number; backward if it is negative."""
        self._now += by if isinstance(by, timedelta) else timedelta(seconds=by)
        return self._now


class IdsInOrder:
    """Ids that are the same in every run: 1, 2, 3 … in hex digits."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self, digits: int) -> str:
        """The next id, of so many digits."""
        return f"{next(self._numbers):0{digits}x}"


class PlanBuilder:
    """Builds a plan with a history, by the registry's own commands.

    `PlanBuilder(registry).scored(design=0.9, build=0.4).status` is a plan with two scores.
    """

    def __init__(
        self,
        registry: PlanRegistry,
        tasks: Sequence[str | Mapping[str, Any]] = ("design", "build", "check"),
        *,
        goal: str = "A plan of a test",
        **options: Any,
    ) -> None:
        """Create the plan; a task that is a text is its id. Options are those of `create`."""
        self._registry = registry
        given = [{"id": one, "title": one} if isinstance(one, str) else one for one in tasks]
        self.plan_id: Final = registry.create(goal, given, **options).plan_id

    @property
    def status(self) -> PlanStatus:
        """The plan's status now."""
        return self._registry.get_status(self.plan_id)

    def claimed(self, worker: str = "worker", **options: Any) -> Self:
        """Claim the next task; an `AssertionError` where none is ready."""
        if self._registry.next_task(self.plan_id, worker=worker, **options) is None:
            raise AssertionError(f"no task of the plan {self.plan_id!r} is ready to be claimed")
        return self

    def scored(self, **scores: float) -> Self:
        """Score the outputs of tasks, each by its id, in this order."""
        for task_id, score in scores.items():
            self._registry.score_output(self.plan_id, task_id, score)
        return self

    def due_for_replan(self) -> Self:
        """Score the tasks that are not done as worthless, until a replan is due.

        An `AssertionError` where its policy lets none come due.
        """
        self._score_open(0.0, until_replan=True)
        if not self.status.replan_due:
            raise AssertionError(f"no replan of the plan {self.plan_id!r} came due")
        return self

    def completed(self) -> Self:
        """Score the tasks that are not done as perfect."""
        return self._score_open(1.0)

    def _score_open(self, score: float, *, until_replan: bool = False) -> Self:
        for task in self.status.tasks:
            if until_replan and self.status.replan_due:
                break
            if task.status is not TaskStatus.DONE:
                self.scored(**{task.id: score})
        return self


def assert_replay_is_clean(registry: PlanRegistry, *plan_ids: str) -> None:
    """Fail unless every recorded decision, of some plans or of all, follows from the rules."""
    found = registry.replay.check(plan_ids or None)
    if found.mismatch_count:
        listed = "\n".join(f"  {mismatch}" for mismatch in found.mismatches)
        raise AssertionError(
            f"{found.mismatch_count} recorded decisions do not follow from the rules:\n{listed}"
        )


@contextmanager
def in_new_schema(url: str, clock: Clock, new_id: NewId) -> Iterator[PlanRegistry]:
    """A registry on a new schema of a PostgreSQL database, which is dropped afterwards."""
    import psycopg  # noqa: PLC0415  (an extra)
    from psycopg.sql import SQL, Identifier  # noqa: PLC0415

    schema = f"plangate_test_{token_hex(8)}"
    try:
        with connect(url, schema=schema, clock=clock, new_id=new_id) as registry:
            yield registry
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema)))
