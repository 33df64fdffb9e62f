"""What happens after the gate says "replan": revise the plan, retry a task, or approve.

A revision is judged whole: its changes may pass through states that could not
stay, as long as the plan they lead to can.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, assert_never

from plangate.domain.commands import (
    AddTask,
    ApproveGate,
    Change,
    ChangeTask,
    DropTask,
    MoveTask,
    NewTask,
    ReplaceTask,
    RetryTask,
    RevisePlan,
    SplitTask,
)
from plangate.domain.dependencies import require_sound
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.events import (
    AttemptStarted,
    GateApproved,
    PlanEvent,
    PlannedTask,
    PlanRevised,
    TaskAdded,
    TaskChanged,
    TaskDropped,
    TaskMoved,
    TaskReplaced,
    TaskSplit,
)
from plangate.domain.plan import Plan, fold
from plangate.domain.task import Task
from plangate.domain.vocabulary import MAX_TASKS, StatusCause, TaskStatus

UNSUCCESSFUL = frozenset({TaskStatus.FAILED, TaskStatus.REPLANNING})


def revise(plan: Plan, command: RevisePlan, now: datetime) -> list[PlanEvent]:
    """Why the plan is revised, and each change; a failed task that is changed starts again."""
    events: list[PlanEvent] = [PlanRevised(at=now, reason=command.reason)]
    revised = fold(plan, events)
    for place, change in enumerate(command.changes):
        brought = list(_granted(revised, change, now, f"changes[{place}]"))
        events += brought
        revised = fold(revised, brought)
    if not 1 <= len(revised.order) <= MAX_TASKS:
        raise InvalidInput([Problem("changes", f"a plan holds 1 to {MAX_TASKS} tasks")])
    require_sound({task.id: task.depends_on for task in revised})
    return events


def retry(plan: Plan, command: RetryTask, now: datetime) -> list[PlanEvent]:
    """A failed or replanning task starts again; any other is refused."""
    task = plan.task(command.task_id)
    if task.status not in UNSUCCESSFUL:
        problem = (
            f"the task {task.id!r} is {task.status}; only a failed or replanning one is retried"
        )
        raise InvalidInput([Problem("task_id", problem)])
    return _another_attempt(task, StatusCause.RETRIED, now, command.reason)


def approve(plan: Plan, command: ApproveGate, now: datetime) -> list[PlanEvent]:
    """A replan that is due is waived, and replans that are exhausted are granted anew.

    Otherwise there is nothing to approve.
    """
    asked = plan.replan_due or plan.is_exhausted
    return [GateApproved(at=now, reason=command.reason)] if asked else []


def planned(task: NewTask) -> PlannedTask:
    """A task as its event records it, what is empty left out."""
    return PlannedTask(
        id=task.id,
        title=task.title,
        description=task.description or None,
        metadata=task.metadata or None,
        depends_on=task.depends_on or None,
        priority=task.priority,
        labels=task.labels or None,
    )


def _granted(plan: Plan, change: Change, now: datetime, place: str) -> Iterator[PlanEvent]:
    match change:
        case AddTask():
            _require_new_ids(plan, (change.task,), place)
            before = _before(plan, plan.order, change)
            yield TaskAdded(at=now, task=planned(change.task), before=before)
        case ChangeTask():
            yield from _changed(plan, change, now, place)
        case MoveTask():
            task = plan.task(change.task_id)
            if task.id in {change.before, change.after}:
                raise InvalidInput([Problem(place, f"{task.id!r} cannot stand beside itself")])
            others = tuple(other for other in plan.order if other != task.id)
            yield TaskMoved(at=now, task_id=task.id, before=_before(plan, others, change))
        case DropTask():
            task = plan.task(change.task_id)
            yield TaskDropped(at=now, task_id=task.id, dependants=plan.dependants(task.id))
        case SplitTask():
            task = plan.task(change.task_id)
            _require_new_ids(plan, change.into, place)
            into = tuple(_successor(task, part) for part in change.into)
            yield TaskSplit(at=now, task_id=task.id, into=into)
        case ReplaceTask():
            task = plan.task(change.task_id)
            _require_new_ids(plan, (change.by,), place)
            yield TaskReplaced(at=now, task_id=task.id, by=_successor(task, change.by))
        case _:
            assert_never(change)


def _changed(plan: Plan, change: ChangeTask, now: datetime, place: str) -> Iterator[PlanEvent]:
    task = plan.task(change.task_id)
    said: dict[str, Any] = change.model_dump(exclude_none=True, exclude={"op", "task_id"})
    if said:
        yield TaskChanged(at=now, task_id=task.id, **said)
    if task.status in UNSUCCESSFUL:
        yield from _another_attempt(task, StatusCause.REVISED, now)
    elif not said:
        raise InvalidInput([Problem(place, f"changes nothing about the task {task.id!r}")])


def _another_attempt(
    task: Task, cause: StatusCause, now: datetime, reason: str | None = None
) -> list[PlanEvent]:
    started = AttemptStarted(at=now, task_id=task.id, attempt=task.attempt + 1, reason=reason)
    return [started, *task.move(TaskStatus.PENDING, cause, now)]


def _successor(task: Task, new: NewTask) -> PlannedTask:
    """A task that takes another's place has what it does not say itself from that other."""
    inherited = {
        "depends_on": task.depends_on or None,
        "priority": task.priority,
        "labels": task.labels or None,
    }
    unsaid = {name: value for name, value in inherited.items() if name not in new.model_fields_set}
    return planned(new).model_copy(update=unsaid)


def _before(plan: Plan, order: tuple[str, ...], change: AddTask | MoveTask) -> str | None:
    """The task of `order` in front of which the change puts its task; None for the end."""
    if change.before is not None:
        return plan.task(change.before).id
    if change.after is None:
        return None
    behind = order.index(plan.task(change.after).id) + 1
    return order[behind] if behind < len(order) else None


def _require_new_ids(plan: Plan, tasks: tuple[NewTask, ...], place: str) -> None:
    taken = [
        task.id
        for position, task in enumerate(tasks)
        if task.id in plan.tasks
        or task.id in plan.retired
        or any(other.id == task.id for other in tasks[:position])
    ]
    if taken:
        problem = f"task ids are not used twice; taken: {', '.join(taken)}"
        raise InvalidInput([Problem(place, problem)])
