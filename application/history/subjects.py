"""Which tasks an event is about."""

from plangate.domain.events import PlanCreated, PlanEvent, TaskAdded, TaskReplaced, TaskSplit


def subjects(event: PlanEvent) -> tuple[str, ...]:
    """The ids of the tasks that an event names as its own, the one it happened to first."""
    match event:
        case PlanCreated():
            return tuple(task.id for task in event.tasks)
        case TaskAdded():
            return (event.task.id,)
        case TaskSplit():
            return (event.task_id, *(part.id for part in event.into))
        case TaskReplaced():
            return (event.task_id, event.by.id)
        case _:
            task_id: str | None = getattr(event, "task_id", None)
            return () if task_id is None else (task_id,)
