"""The obstacles of a plan: why its tasks cannot be claimed or finished."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from plangate.domain.plan import Plan
from plangate.domain.trait_tree import Trait
from plangate.domain.vocabulary import ObstacleKind, TaskStatus

_NOT_HELD_BACK: Final = {TaskStatus.DONE, TaskStatus.IN_PROGRESS}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason, and the tasks it concerns.

    `reasons` are what was written about each of them, where that is known.
    """

    kind: ObstacleKind
    task_ids: tuple[str, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)


def obstacles(plan: Plan) -> tuple[Obstacle, ...]:
    """All obstacles of the plan; it may be active all the same if other tasks are ready."""
    return tuple(obstacle for obstacle in _all(plan) if obstacle.task_ids)


def _all(plan: Plan) -> Iterator[Obstacle]:
    def having(trait: Trait) -> tuple[str, ...]:
        return tuple(plan.traits.having(trait))

    yield Obstacle(ObstacleKind.FAILED, having(Trait.FAILED))
    yield Obstacle(ObstacleKind.REPLANNING, having(Trait.REPLANNING))
    yield Obstacle(ObstacleKind.UNMET_DEPENDENCIES, having(Trait.UNMET))
    deferred = (task for task in plan.having(Trait.DEFERRED) if task.status is TaskStatus.PENDING)
    waiting = {task.id: task.deferred.reason for task in deferred if task.deferred}
    reasons = {task_id: reason for task_id, reason in waiting.items() if reason is not None}
    yield Obstacle(ObstacleKind.DEFERRED, tuple(waiting), reasons)
    yield Obstacle(ObstacleKind.AWAITS_JUDGES, having(Trait.AWAITS_JUDGES))
    if plan.is_exhausted:
        yield Obstacle(
            ObstacleKind.REPLANS_EXHAUSTED,
            tuple(task.id for task in plan if task.status not in _NOT_HELD_BACK),
        )
    elif plan.is_held:
        yield Obstacle(ObstacleKind.GATE_HELD, having(Trait.READY))
