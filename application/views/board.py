"""The task board: each task's status and worker, and since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rpds import HashTrieMap

from plangate.application.plan_log import Step
from plangate.application.views.projection import Row, RowChanges
from plangate.application.views.requests import PageRequest, RowPage
from plangate.domain.events import TaskStatusChanged, touches
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Identifier, TaskStatus


class BoardTask(Row):
    """A task in one row. Unscored is None.

    `place` counts the plan's tasks from 0, in plan order; `plan_position` is the
    position of the plan's first event. `worker` holds the task while it is in progress.
    """

    plan_id: str
    task_id: str
    title: str | None
    status: TaskStatus
    since: datetime
    prompt_score: float | None
    output_score: float | None
    confidence: float | None
    replan_count: int
    attempt: int
    worker: str | None
    lease_until: datetime | None
    priority: int | None
    labels: tuple[str, ...]
    place: int
    plan_position: int


class BoardRequest(PageRequest):
    """The tasks of a plan, or those in a status, or both."""

    plan_id: Identifier | None = None
    status: TaskStatus | None = None


class BoardPage(RowPage[BoardTask]):
    """Tasks: older plans first, each in plan order."""

    tasks: tuple[BoardTask, ...]

    @property
    def _rows(self) -> tuple[BoardTask, ...]:
        return self.tasks


@dataclass(frozen=True, slots=True)
class _Board:
    """The board's state of one plan: where each task is, and since when."""

    plan_position: int
    order: tuple[str, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)
    since: "HashTrieMap[str, datetime]" = HashTrieMap()  # noqa: RUF009  (it never changes)


def project(board: _Board | None, steps: Sequence[Step]) -> tuple[_Board, RowChanges]:
    """The board after the steps, and the tasks that changed on it or left it."""
    before = board or _Board(steps[0].position)
    plan = steps[-1].after
    if plan.deleted:
        return before, RowChanges(deletes=((plan.plan_id, None),))
    since = before.since
    touched = dict[str, None]()
    for step in steps:
        event = step.recorded.event
        about = touches(event)
        if about.every_task:
            touched |= dict.fromkeys(plan.order)
        for task_id in about.task_ids:
            touched[task_id] = None
            if task_id not in step.before.tasks or isinstance(event, TaskStatusChanged):
                since = since.insert(task_id, event.at)
    after = _Board(before.plan_position, before.order, before.places, since)
    if plan.order is not before.order:
        places = {task_id: place for place, task_id in enumerate(plan.order)}
        after = _Board(before.plan_position, plan.order, places, since)
        touched |= {i: None for i, place in places.items() if before.places.get(i) != place}
    left = [] if after.places is before.places else before.places.keys() - after.places.keys()
    return after, RowChanges(
        upserts=[_task(plan, after, task_id) for task_id in touched if task_id in after.places],
        deletes=[(plan.plan_id, task_id) for task_id in left],
    )


def _task(plan: Plan, board: _Board, task_id: str) -> BoardTask:
    task = plan.tasks[task_id]
    claim = task.claim if task.status is TaskStatus.IN_PROGRESS else None
    return BoardTask(
        plan_id=plan.plan_id,
        task_id=task_id,
        title=task.title,
        status=task.status,
        since=board.since[task_id],
        prompt_score=task.prompt_score,
        output_score=task.output_score,
        confidence=task.confidence(plan.policy),
        replan_count=task.replan_count,
        attempt=task.attempt,
        worker=claim.worker if claim else None,
        lease_until=claim.until if claim else None,
        priority=task.priority,
        labels=task.labels,
        place=board.places[task_id],
        plan_position=board.plan_position,
    )
