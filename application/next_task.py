"""Hands out the next task: of one plan, or of all plans by priority."""

from collections.abc import Iterable
from datetime import datetime

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler, Handled
from plangate.application.commands import NextTask
from plangate.application.plan_queries import PlanQueries
from plangate.application.results import TaskView
from plangate.application.stream_cache import Stream
from plangate.domain.commands import ClaimNextTask
from plangate.domain.errors import InvalidInput, PlanHeld, PlanNotFound, Problem
from plangate.domain.events import TaskStatusChanged
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.verdict import may_continue, takeable
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
            if command.if_version is not None:
                raise InvalidInput([Problem("if_version", "is a plan's: name the plan_id too")])
            return self._claim_of_all(command, context)
        if command.labels:
            raise InvalidInput([Problem("labels", "choose among all plans: give no plan_id")])
        claim = ClaimNextTask(
            worker=command.worker, lease=command.lease, if_version=command.if_version
        )
        return _claimed(self._handler.handle(plan_id, claim, context))

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
        return _claimed(self._handler.handle(plan_id, claim, context, arguments=command))


def by_priority(
    plans: Iterable[Plan], labels: frozenset[str], now: datetime
) -> list[tuple[str, str]]:
    """Plan and task ids of what could be taken now: highest priority first, then oldest plan.

    `plans` come oldest first. A task without a priority of its own has its plan's;
    it has its plan's labels beside its own, and must have all of `labels`.
    """
    found = [
        (plan, task) for plan in plans if may_continue(plan, now) for task in takeable(plan, now)
    ]
    matching = [(p, t) for p, t in found if labels <= {*p.labels, *t.labels}]
    ranked = sorted(matching, key=lambda pair: _priority(*pair), reverse=True)
    return [(plan.plan_id, task.id) for plan, task in ranked]


def _priority(plan: Plan, task: Task) -> int:
    return plan.priority if task.priority is None else task.priority


def _claimed(handled: Handled) -> TaskView | None:
    for entry in handled.recorded:
        event = entry.event
        if isinstance(event, TaskStatusChanged) and event.cause is StatusCause.CLAIMED:
            return TaskView.of(handled.plan.task(event.task_id), handled.plan)
    return None
