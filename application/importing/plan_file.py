"""A plan file, as `plangate create` reads it, as a task list."""

from plangate.application.drafts import PlanDraft
from plangate.application.importing.task_list import EntryLocation, ListedTask, TaskList, slug
from plangate.application.json_pointers import json_pointer, steps_of
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem


def plan_file_list(data: object) -> TaskList:
    """The plan in a plan file; raises `InvalidInput` with all that is wrong with it."""
    try:
        draft = validate(PlanDraft, data)
    except InvalidInput as refused:
        problems = refused.problems
        raise InvalidInput(
            [Problem(json_pointer(*steps_of(one.field)), one.message) for one in problems]
        ) from None
    tasks = [
        ListedTask(
            id=task.id or slug(task.title) or f"task-{number + 1}",
            title=task.title,
            at=EntryLocation(json_pointer("tasks", number)),
            description=task.description,
            depends_on=task.depends_on,
            priority=task.priority,
            labels=task.labels,
            metadata=task.metadata,
        )
        for number, task in enumerate(draft.tasks)
    ]
    policy = draft.command(lambda number: tasks[number].id).policy
    return TaskList(
        plan_id=draft.plan_id or slug(draft.goal) or "plan",
        goal=draft.goal,
        tasks=tasks,
        metadata=draft.metadata,
        labels=draft.labels,
        priority=draft.priority,
        policy=policy,
    )
