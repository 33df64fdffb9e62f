"""The replan log: when and at which confidence gates fired, across plans."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from plangate.application.views.projection import Row, RowChanges
from plangate.application.views.requests import PageRequest, RowPage
from plangate.application.views.run import AppliedEvent, Run
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


def project(_state: None, run: Run) -> tuple[None, RowChanges]:
    """An entry for each replan. No state is needed: the plan counts its replans."""
    plan = run.after
    if plan.deleted:
        return None, RowChanges(deletes=((plan.plan_id, None),))
    return None, RowChanges(
        upserts=[
            _entry(step, step.recorded.event)
            for step in run.steps
            if type(step.recorded.event) is ReplanTriggered
        ]
    )


def _entry(step: AppliedEvent, event: ReplanTriggered) -> Mapping[str, Any]:
    envelope = step.recorded.envelope
    return {
        "plan_id": envelope.plan_id,
        "version": envelope.version,
        "position": step.position,
        "at": event.at,
        "task_id": event.task_id,
        "rolling_confidence": event.rolling_confidence,
        "confidence_threshold": event.threshold,
        "replan_count": step.replan_count,
        "attempt": step.task.attempt if step.task else 1,
    }
