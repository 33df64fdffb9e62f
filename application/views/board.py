"""The task board: who is where, and since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from rpds import HashTrieMap

from plangate.application.plan_log import Step
from plangate.application.views.rows import BoardTask
from plangate.application.views.view_store import Changes
from plangate.domain.events import TaskStatusChanged, touches
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import TaskStatus

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class _Board:
    """What the board needs to know of a plan: where each task is, and since when."""

    plan_position: int
    order: tuple[str, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)
    since: "HashTrieMap[str, datetime]" = HashTrieMap()  # noqa: RUF009  (it never changes)


def project(board: _Board | None, steps: Sequence[Step]) -> tuple[_Board, Changes]:
    """The board after the steps, and the tasks that changed on it or left it."""
    before = board or _Board(steps[0].position)
    plan = steps[-1].after
    if plan.deleted:
        return before, Changes(gone=((plan.plan_id, None),))
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
    return after, Changes(
        put=[_task(plan, after, task_id) for task_id in touched if task_id in after.places],
        gone=[(plan.plan_id, task_id) for task_id in before.places if task_id not in after.places]
        if after.places is not before.places
        else (),
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
