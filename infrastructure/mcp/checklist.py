"""The open tasks of a Markdown checklist, as its own reader finds them for imports too."""

from typing import Any, Final

from plangate.application.importing.sound_tasks import few
from plangate.application.importing.task_list import ListedStatus, ListedTask
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.plan_formats.reading import plan_from_markdown

_SETTLED: Final = {ListedStatus.DONE, ListedStatus.CANCELLED}


def tasks_of(checklist: str) -> list[dict[str, Any]]:
    """Its tasks that are neither done nor cancelled; raises `InvalidInput` without any.

    A task waits for those inside it, and in a numbered list for the one before it.
    """
    listed = [task for one in plan_from_markdown(checklist).lists for task in one.tasks]
    tasks = [task for task in listed if task.status not in _SETTLED]
    if not tasks:
        problem = "holds no open item, as in `- [ ] Write the tests`"
        raise InvalidInput([Problem("checklist", problem)])
    ids = {task.id for task in few(tasks)}
    return [_draft(task, ids) for task in tasks]


def _draft(task: ListedTask, ids: set[str]) -> dict[str, Any]:
    return {
        "id": task.id,
        "title": task.title,
        "description": task.description,
        "depends_on": [one for one in task.depends_on if one in ids],
        "labels": list(task.labels),
    }
