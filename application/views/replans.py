"""The replan log: when and at which confidence gates fired, across plans."""

from collections.abc import Sequence
from datetime import datetime

from plangate.application.plan_log import Step
from plangate.application.views.projection import Row, RowChanges
from plangate.application.views.requests import PageRequest, RowPage
from plangate.domain.events import ReplanTriggered
from plangate.domain.vocabulary import Flag, Identifier


class ReplanEntry(Row):
    """A replan that the gate triggered. `replan_count` numbers the replans of a plan."""

    plan_id: str
    version: int
    position: int
    at: datetime
    task_id: str
    rolling_confidence: float
    confidence_threshold: float
    replan_count: int
    attempt: int


class ReplansRequest(PageRequest):
    """The replans of all plans, or of one."""

    plan_id: Identifier | None = None
    newest_first: Flag = False


class ReplanPage(RowPage[ReplanEntry]):
    """Replans in the order they happened, or the other way round."""

    replans: tuple[ReplanEntry, ...]

    @property
    def _rows(self) -> tuple[ReplanEntry, ...]:
        return self.replans


def project(_state: None, steps: Sequence[Step]) -> tuple[None, RowChanges]:
    """An entry for each replan. No state is needed: the plan counts its replans."""
    plan = steps[-1].after
    if plan.deleted:
        return None, RowChanges(deletes=((plan.plan_id, None),))
    return None, RowChanges(
        upserts=[
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
