"""Hands out the next task: of one plan, or of all plans by priority."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from typing import NamedTuple

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler, Handled
from plangate.application.commands import NextTask
from plangate.application.errors import IdempotencyKeyReused
from plangate.application.event_store import KeyUsed
from plangate.application.plan_queries import Candidate, PlanQueries
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.results import TaskView
from plangate.application.stream_cache import Stream
from plangate.domain.commands import ClaimNextTask
from plangate.domain.errors import InvalidInput, PlanHeld, PlanNotFound, Problem
from plangate.domain.events import TaskStatusChanged
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.trait_tree import Trait
from plangate.domain.verdict import may_continue, priority_of, takeable
from plangate.domain.vocabulary import StatusCause


class TaskDispatcher:
    """Claims tasks in one store."""

    def __init__(self, plans: PlanQueries, handler: CommandHandler) -> None:
        self._plans = plans
        self._handler = handler

    def claim(
        self, plan_id: str | None, command: NextTask, context: CommandContext
    ) -> TaskView | None:
        """Claim the next task of a plan, or of all plans; None where none is ready."""
        command = command.model_copy(update={"worker": command.worker or context.actor})
        if plan_id is None:
            if {command.if_version, context.if_version} != {None}:
                raise InvalidInput([Problem("if_version", "is a plan's: name the plan_id too")])
            return self._claim_of_all(command, context)
        if command.labels:
            raise InvalidInput([Problem("labels", "choose among all plans: give no plan_id")])
        claim = ClaimNextTask(
            worker=command.worker, lease=command.lease, if_version=command.if_version
        )
        return _claimed(self._handler.handle(plan_id, claim, context))

    def _claim_of_all(self, command: NextTask, context: CommandContext) -> TaskView | None:
        while True:
            earlier = self._recorded(command, context)
            if earlier is not None:
                return _claimed(earlier)
            try:
                return self._claim_first(command, context)
            except KeyUsed:  # since it was looked for
                continue

    def _recorded(self, command: NextTask, context: CommandContext) -> Handled | None:
        """What the key stands for, on whichever plan; None where it is not used yet."""
        key, reused = context.idempotency_key, None
        for plan_id in self._plans.store.plans_with_key(key) if key else ():
            try:
                return self._handle(plan_id, None, command, context)
            except IdempotencyKeyReused as error:
                reused = reused or error
        if reused is not None:
            raise reused
        return None

    def _claim_first(self, command: NextTask, context: CommandContext) -> TaskView | None:
        now = self._handler.now()
        candidates = self._plans.with_work(now)
        ready = by_priority(candidates, self._plan, frozenset(command.labels), now)
        for plan_id, task_id in ready:
            try:
                task = _claimed(self._handle(plan_id, task_id, command, context))
            except (PlanHeld, PlanNotFound):  # since it was read
                continue
            if task is not None:
                return task
        return None

    def _plan(self, plan_id: str) -> Plan | None:
        """A plan now; None where it does not exist or cannot be read."""
        for found in self._plans.readable([plan_id]):
            if isinstance(found, Stream) and found.plan.exists:
                return found.plan
        return None

    def _handle(
        self, plan_id: str, task_id: str | None, command: NextTask, context: CommandContext
    ) -> Handled:
        claim = ClaimNextTask(worker=command.worker, lease=command.lease, task_id=task_id)
        key = context.idempotency_key
        record = None if key is None else partial(self._record_once, key)
        return self._handler.handle(plan_id, claim, context, arguments=command, record=record)

    def _record_once(
        self, key: str, recorded: Sequence[RecordedEvent], after: StoredEntry | None
    ) -> StoredEntry:
        """Record a claim; callers with one key may have chosen different plans at once."""
        return self._plans.store.append(recorded, after=after, unused_key=key)


class _Ready(NamedTuple):
    """The next task of a plan, and what decides which of several is taken first."""

    precedence: tuple[int, int]
    plan: Plan
    task: Task
    others: Iterator[Task]


def by_priority(
    candidates: Iterable[Candidate],
    read: Callable[[str], Plan | None],
    labels: frozenset[str],
    now: datetime,
) -> Iterator[tuple[str, str]]:
    """Plan and task ids of what can be taken now: highest priority first, then oldest plan.

    A task without a priority of its own has its plan's; it has its plan's labels beside its
    own, and must have all of `labels`. A plan is read when none of those before it has a task
    that comes before all that it can have.
    """
    waiting: list[_Ready] = []
    for plan_id, position, highest in candidates:
        while waiting and highest is not None and waiting[0].precedence < (-highest, position):
            yield _first(waiting)
        plan = read(plan_id)
        if plan is not None and may_continue(plan, now):
            _wait(waiting, position, plan, _ready(plan, labels, now))
    while waiting:
        yield _first(waiting)


def _ready(plan: Plan, labels: frozenset[str], now: datetime) -> Iterator[Task]:
    """The tasks of a plan that can be taken, those with the highest priority first."""
    found = (task for task in takeable(plan, now) if labels <= {*plan.labels, *task.labels})
    if not plan.traits.count(Trait.PRIORITISED):
        return found
    return iter(sorted(found, key=partial(priority_of, plan), reverse=True))


def _wait(waiting: list[_Ready], position: int, plan: Plan, tasks: Iterator[Task]) -> None:
    for task in tasks:
        heappush(waiting, _Ready((-priority_of(plan, task), position), plan, task, tasks))
        return


def _first(waiting: list[_Ready]) -> tuple[str, str]:
    """Take out the first task; the next one of its plan waits in its stead."""
    (_, position), plan, task, others = heappop(waiting)
    _wait(waiting, position, plan, others)
    return plan.plan_id, task.id


def _claimed(handled: Handled) -> TaskView | None:
    for entry in handled.recorded:
        event = entry.event
        if isinstance(event, TaskStatusChanged) and event.cause is StatusCause.CLAIMED:
            return TaskView.of(handled.plan.task(event.task_id), handled.plan)
    return None
