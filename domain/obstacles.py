"""The obstacles of a plan: why its tasks cannot be claimed or finished."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from plangate.domain.plan import Plan
from plangate.domain.vocabulary import ObstacleKind, TaskStatus

_NOT_HELD_BACK: Final = {TaskStatus.DONE, TaskStatus.IN_PROGRESS}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason, and the tasks it concerns."""

    kind: ObstacleKind
    task_ids: tuple[str, ...]


def obstacles(plan: Plan) -> tuple[Obstacle, ...]:
    """All obstacles of the plan; it may be active all the same if other tasks are ready."""
    return tuple(obstacle for obstacle in _all(plan) if obstacle.task_ids)


def _all(plan: Plan) -> Iterator[Obstacle]:
    def having(status: TaskStatus) -> tuple[str, ...]:
        return tuple(task.id for task in plan if task.status is status)

    pending = [task for task in plan if task.status is TaskStatus.PENDING]
    yield Obstacle(ObstacleKind.FAILED, having(TaskStatus.FAILED))
    yield Obstacle(ObstacleKind.REPLANNING, having(TaskStatus.REPLANNING))
    yield Obstacle(
        ObstacleKind.UNMET_DEPENDENCIES, tuple(task.id for task in pending if plan.unmet(task))
    )
    if plan.is_exhausted:
        yield Obstacle(
            ObstacleKind.REPLANS_EXHAUSTED,
            tuple(task.id for task in plan if task.status not in _NOT_HELD_BACK),
        )
    elif plan.is_held:
        ready = tuple(task.id for task in pending if plan.is_ready(task))
        yield Obstacle(ObstacleKind.GATE_HELD, ready)
