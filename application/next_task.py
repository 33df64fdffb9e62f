"""Hands out the next task: of one plan, or of all plans by priority."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler
from plangate.application.commands import NextTask
from plangate.application.plan_queries import PlanQueries
from plangate.application.results import TaskView
from plangate.application.stream_cache import Stream
from plangate.domain.commands import ClaimNextTask
from plangate.domain.errors import InvalidInput, PlanHeld, PlanNotFound, Problem
from plangate.domain.events import PlanEvent, TaskStatusChanged
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import StatusCause, TaskStatus


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
            return self._claim_of_all(command, context)
        if command.labels:
            raise InvalidInput([Problem("labels", "choose among all plans: give no plan_id")])
        claim = ClaimNextTask(worker=command.worker, lease=command.lease)
        return _claimed(*self._handler.handle(plan_id, claim, context))

    def _claim_of_all(self, command: NextTask, context: CommandContext) -> TaskView | None:
        now, key = self._handler.now(), context.idempotency_key
        # A retry may be of any plan; a new request only looks where there may be work.
        candidates = self._plans.with_work(now) if key is None else None
        streams = [s for s in self._plans.readable(candidates) if isinstance(s, Stream)]
        for stream in streams:
            if key in stream.receipts:
                return self._claim(stream.plan.plan_id, None, command, context)
        plans = (stream.plan for stream in streams if stream.plan.exists)
        for plan_id, task_id in by_priority(plans, frozenset(command.labels), now):
            try:
                task = self._claim(plan_id, task_id, command, context)
            except (PlanHeld, PlanNotFound):  # since it was read
                continue
            if task is not None:
                return task
        return None

    def _claim(
        self, plan_id: str, task_id: str | None, command: NextTask, context: CommandContext
    ) -> TaskView | None:
        claim = ClaimNextTask(worker=command.worker, lease=command.lease, task_id=task_id)
        return _claimed(*self._handler.handle(plan_id, claim, context, arguments=command))


def by_priority(
    plans: Iterable[Plan], labels: frozenset[str], now: datetime
) -> list[tuple[str, str]]:
    """Plan and task ids of what could be taken now: highest priority first, then oldest plan.

    `plans` come oldest first. A task without a priority of its own has its plan's;
    it has its plan's labels beside its own, and must have all of `labels`.
    """
    free = (plan for plan in plans if not (plan.paused or plan.archived or plan.is_held))
    found = [(plan, task) for plan in free for task in _takeable(plan, now)]
    matching = [(p, t) for p, t in found if labels <= {*p.labels, *t.labels}]
    ranked = sorted(matching, key=lambda pair: _priority(*pair), reverse=True)
    return [(plan.plan_id, task.id) for plan, task in ranked]


def _takeable(plan: Plan, now: datetime) -> Iterator[Task]:
    """Tasks that are ready, or whose lease has expired."""
    for task in plan:
        expired = (
            task.status is TaskStatus.IN_PROGRESS and task.claim and task.claim.has_expired(now)
        )
        if plan.is_ready(task) or (expired and not plan.unmet(task)):
            yield task


def _priority(plan: Plan, task: Task) -> int:
    return plan.priority if task.priority is None else task.priority


def _claimed(plan: Plan, events: Sequence[PlanEvent]) -> TaskView | None:
    for event in events:
        if isinstance(event, TaskStatusChanged) and event.cause is StatusCause.CLAIMED:
            return TaskView.of(plan.task(event.task_id), plan)
    return None
