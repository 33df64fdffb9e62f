"""What holds of every plan whose events commands recorded, whatever the rules of their time.

An import requires it of the events that it adds. Whether today's rules give the same
decisions is another question, which `decisions` answers.
"""

from collections import Counter
from datetime import datetime, timedelta

from plangate.domain import events
from plangate.domain.claims import MAX_LEASE
from plangate.domain.dependencies import require_sound
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import MAX_TASKS


def require_possible(plan: Plan, event: events.PlanEvent) -> None:
    """Raise `InvalidInput` for an event that no command records of a plan in this state."""
    lease_until: datetime | None = getattr(event, "lease_until", None)
    if lease_until is not None and not timedelta() <= lease_until - event.at <= MAX_LEASE:
        problem = f"must be at most {MAX_LEASE.days} days after {event.at.isoformat()}"
        raise InvalidInput([Problem("lease_until", problem)])
    match event:
        case events.PlanCreated():
            _require_new(plan, "tasks", event.tasks)
        case events.TaskAdded():
            _require_new(plan, "task.id", (event.task,))
            _require_known(plan, "before", event.before)
        case events.TaskSplit():
            _require_known(plan, "task_id", event.task_id)
            _require_new(plan, "into", event.into)
        case events.TaskReplaced():
            _require_known(plan, "task_id", event.task_id)
            _require_new(plan, "by.id", (event.by,))
        case events.TaskMoved():
            _require_known(plan, "task_id", event.task_id)
            _require_known(plan, "before", event.before)
        case events.AttemptStarted():
            _require_known(plan, "task_id", event.task_id)
            if event.attempt != (expected := plan.tasks[event.task_id].attempt + 1):
                raise InvalidInput([Problem("attempt", f"must be {expected}, the next attempt")])
        case events.OutcomeRecorded() if event.task_id in plan.retired:
            pass  # an outcome may come after its task has left the plan
        case _:
            _require_known(plan, "task_id", next(iter(events.touches(event).task_ids), None))


def require_whole(plan: Plan) -> None:
    """Raise `InvalidInput` for a plan that no command leaves: its tasks or dependencies."""
    if not 1 <= len(plan.order) <= MAX_TASKS:
        problem = f"a plan holds 1 to {MAX_TASKS} tasks, not {len(plan.order)}"
        raise InvalidInput([Problem("tasks", problem)])
    require_sound({task.id: task.depends_on for task in plan})


def changes_tasks(event: events.PlanEvent) -> bool:
    """Whether an event changes which tasks there are, or what they depend on."""
    if isinstance(event, events.TaskChanged):
        return event.depends_on is not None
    return isinstance(
        event,
        events.PlanCreated
        | events.TaskAdded
        | events.TaskDropped
        | events.TaskSplit
        | events.TaskReplaced,
    )


def _require_known(plan: Plan, field: str, task_id: str | None) -> None:
    if task_id is not None and task_id not in plan.tasks:
        raise InvalidInput([Problem(field, f"there is no task {task_id!r} in the plan by then")])


def _require_new(plan: Plan, field: str, tasks: tuple[events.PlannedTask, ...]) -> None:
    times = Counter(task.id for task in tasks)
    taken = [one for one in times if times[one] > 1 or one in plan.tasks or one in plan.retired]
    if taken:
        problem = f"task ids are not used twice; taken: {', '.join(map(repr, taken[:10]))}"
        raise InvalidInput([Problem(field, problem)])
