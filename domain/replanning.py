"""The answers to "replan": revise the plan, retry a task, or approve the gate.

Only the result of a revision must be valid; its changes may lead through states that
are not.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, assert_never

from plangate.domain import commands, events
from plangate.domain.dependencies import require_sound
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.events import PlanEvent, touches
from plangate.domain.evolve import fold
from plangate.domain.granted import Granted
from plangate.domain.invariants import changes_tasks
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.trait_tree import Trait
from plangate.domain.vocabulary import MAX_TASKS, StatusCause, TaskStatus

UNSUCCESSFUL = frozenset({TaskStatus.FAILED, TaskStatus.REPLANNING})


def revise(plan: Plan, command: commands.RevisePlan, now: datetime) -> Granted:
    """Record the reason, then each change; a changed failed task starts another attempt."""
    decided: list[PlanEvent] = [events.PlanRevised(at=now, reason=command.reason)]
    revised = fold(plan, decided)
    changed_by: dict[str, int] = {}
    for index, change in enumerate(command.changes):
        granted = list(_grant(revised, change, now, f"changes[{index}]"))
        decided += granted
        revised = fold(revised, granted)
        changed_by |= {
            task_id: index
            for event in granted
            if changes_tasks(event)
            for task_id in touches(event).task_ids
        }
    if not 1 <= len(revised.order) <= MAX_TASKS:
        raise InvalidInput([Problem("changes", f"a plan holds 1 to {MAX_TASKS} tasks")])
    require_sound(
        {task.id: task.depends_on for task in revised},
        lambda tasks: f"changes[{max(changed_by.get(one, 0) for one in tasks)}]",
    )
    return Granted(decided, revised)


def retry(plan: Plan, command: commands.RetryTask, now: datetime) -> list[PlanEvent]:
    """Start another attempt at a failed or replanning task; refuse any other."""
    task = plan.task(command.task_id)
    if task.status not in UNSUCCESSFUL:
        problem = (
            f"the task {task.id!r} is {task.status}; only a failed or replanning one is retried"
        )
        raise InvalidInput([Problem("task_id", problem)])
    return _another_attempt(task, StatusCause.RETRIED, now, command.reason)


def approve(plan: Plan, command: commands.ApproveGate, now: datetime) -> list[PlanEvent]:
    """A due replan is waived, exhausted replans are granted anew, accepted results are done.

    Otherwise there is nothing to approve.
    """
    accepted = list(_accepted(plan, command.accept))
    if not (plan.replan_due or plan.is_exhausted or accepted):
        return []
    decided: list[PlanEvent] = [
        events.GateApproved(at=now, reason=command.reason, accept=command.accept)
    ]
    for task in accepted:
        decided += task.move(TaskStatus.DONE, StatusCause.APPROVED, now)
    return decided


def _accepted(plan: Plan, accept: Literal["passing"] | tuple[str, ...] | None) -> Iterator[Task]:
    """The tasks to settle; raises `InvalidInput` for one that has no result to accept."""
    if accept == "passing":
        yield from (task for task in plan.having(Trait.REPLANNING) if plan.passes(task))
        return
    for task_id in accept or ():
        task = plan.task(task_id)
        if task.status in UNSUCCESSFUL or has_unsettled_result(task):
            yield task
        elif task.status is not TaskStatus.DONE:
            problem = (
                f"the task {task.id!r} is {task.status}; only the result of a failed or "
                "replanning one is accepted"
            )
            raise InvalidInput([Problem("accept", problem)])


def has_unsettled_result(task: Task) -> bool:
    """Whether a task in progress has a result that too few judges have scored."""
    return task.status is TaskStatus.IN_PROGRESS and task.awaits_judges


def planned(task: commands.NewTask) -> events.PlannedTask:
    """A task as its event records it, without empty fields."""
    return events.PlannedTask(
        id=task.id,
        title=task.title,
        description=task.description or None,
        metadata=task.metadata or None,
        depends_on=task.depends_on or None,
        priority=task.priority,
        labels=task.labels or None,
    )


def _grant(plan: Plan, change: commands.Change, now: datetime, field: str) -> Iterator[PlanEvent]:
    match change:
        case commands.AddTask():
            _require_new_ids(plan, (change.task,), field)
            before = _before(plan, plan.order, change)
            yield events.TaskAdded(at=now, task=planned(change.task), before=before)
        case commands.ChangeTask():
            yield from _change(plan, change, now, field)
        case commands.MoveTask():
            task = plan.task(change.task_id)
            if task.id in {change.before, change.after}:
                raise InvalidInput([Problem(field, f"{task.id!r} cannot be moved next to itself")])
            others = tuple(other for other in plan.order if other != task.id)
            yield events.TaskMoved(at=now, task_id=task.id, before=_before(plan, others, change))
        case commands.DropTask():
            task = plan.task(change.task_id)
            yield events.TaskDropped(at=now, task_id=task.id, dependants=plan.dependants(task.id))
        case commands.SplitTask():
            task = plan.task(change.task_id)
            _require_new_ids(plan, change.into, field)
            into = tuple(_successor(task, part) for part in change.into)
            yield events.TaskSplit(at=now, task_id=task.id, into=into)
        case commands.ReplaceTask():
            task = plan.task(change.task_id)
            _require_new_ids(plan, (change.by,), field)
            yield events.TaskReplaced(at=now, task_id=task.id, by=_successor(task, change.by))
        case _:
            assert_never(change)


def _change(
    plan: Plan, change: commands.ChangeTask, now: datetime, field: str
) -> Iterator[PlanEvent]:
    task = plan.task(change.task_id)
    given: dict[str, Any] = change.model_dump(exclude_none=True, exclude={"op", "task_id"})
    if given:
        yield events.TaskChanged(at=now, task_id=task.id, **given)
    if task.status in UNSUCCESSFUL:
        yield from _another_attempt(task, StatusCause.REVISED, now)
    elif not given:
        raise InvalidInput([Problem(field, f"changes nothing about the task {task.id!r}")])


def _another_attempt(
    task: Task, cause: StatusCause, now: datetime, reason: str | None = None
) -> list[PlanEvent]:
    started = events.AttemptStarted(
        at=now, task_id=task.id, attempt=task.attempt + 1, reason=reason
    )
    return [started, *task.move(TaskStatus.PENDING, cause, now)]


def _successor(task: Task, new: commands.NewTask) -> events.PlannedTask:
    """A successor inherits what it does not set itself."""
    inherited = {
        "depends_on": task.depends_on or None,
        "priority": task.priority,
        "labels": task.labels or None,
    }
    missing = {name: value for name, value in inherited.items() if name not in new.model_fields_set}
    return planned(new).model_copy(update=missing)


def _before(
    plan: Plan, order: tuple[str, ...], change: commands.AddTask | commands.MoveTask
) -> str | None:
    """The task of `order` before which the change puts its task; None for the end."""
    if change.before is not None:
        return plan.task(change.before).id
    if change.after is None:
        return None
    behind = order.index(plan.task(change.after).id) + 1
    return order[behind] if behind < len(order) else None


def _require_new_ids(plan: Plan, tasks: tuple[commands.NewTask, ...], field: str) -> None:
    taken = [
        task.id
        for position, task in enumerate(tasks)
        if task.id in plan.tasks
        or task.id in plan.retired
        or any(other.id == task.id for other in tasks[:position])
    ]
    if taken:
        problem = f"task ids are not used twice; taken: {', '.join(taken)}"
        raise InvalidInput([Problem(field, problem)])
