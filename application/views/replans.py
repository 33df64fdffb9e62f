"""The replan log: when and on what figures gates fired, across plans."""

from collections.abc import Sequence
from typing import Final

from plangate.application.plan_log import Step
from plangate.application.views.rows import ReplanEntry
from plangate.application.views.view_store import Changes
from plangate.domain.events import ReplanTriggered

VERSION: Final = 1


def project(_state: None, steps: Sequence[Step]) -> tuple[None, Changes]:
    """An entry for each replan. There is nothing to remember: the plan counts its replans."""
    plan = steps[-1].after
    if plan.deleted:
        return None, Changes(gone=((plan.plan_id, None),))
    return None, Changes(
        put=[
            _entry(step, step.recorded.event)
            for step in steps
            if isinstance(step.recorded.event, ReplanTriggered)
        ]
    )


def _entry(step: Step, event: ReplanTriggered) -> ReplanEntry:
    task = step.after.tasks.get(event.task_id)
    return ReplanEntry(
        plan_id=step.after.plan_id,
        version=step.after.version,
        position=step.position,
        at=event.at,
        task_id=event.task_id,
        rolling_confidence=event.rolling_confidence,
        confidence_threshold=event.threshold,
        replan_count=step.after.replan_count,
        attempt=task.attempt if task else 1,
    )
