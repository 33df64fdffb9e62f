"""The confidence timeline: how a plan's confidence moved, score by score."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from plangate.application.views.projection import Row, RowChanges
from plangate.application.views.requests import PageLimit, PageRequest, RowPage
from plangate.application.views.run import AppliedEvent, Run
from plangate.domain.events import TaskScored
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Identifier, ScoreKind, Scorer


class TimelineEntry(Row):
    """A score as it was recorded, with the confidence of its task and its plan after it.

    The entry stays when its task leaves the plan.
    """

    plan_id: str
    version: int
    position: int
    at: datetime
    occurred_at: datetime | None
    task_id: str
    kind: ScoreKind
    score: float
    raw_score: float | None
    scorer: Scorer | None
    attempt: int
    task_confidence: float | None
    rolling_confidence: float
    confidence_threshold: float


class TimelineRequest(PageRequest):
    """The scores of a plan."""

    plan_id: Identifier
    limit: PageLimit = 1_000


class TimelinePage(RowPage[TimelineEntry]):
    """A plan's scores in the order they were recorded."""

    scores: tuple[TimelineEntry, ...]

    @property
    def _rows(self) -> tuple[TimelineEntry, ...]:
        return self.scores


def project(_state: None, run: Run) -> tuple[None, RowChanges]:
    """An entry for each score. No state is needed: the plan keeps its rolling confidence."""
    plan = run.after
    if plan.deleted:
        return None, RowChanges(deletes=((plan.plan_id, None),))
    return None, RowChanges(
        upserts=[
            _entry(step, step.recorded.event, plan.policy)
            for step in run.steps
            if type(step.recorded.event) is TaskScored
        ]
    )


def _entry(step: AppliedEvent, event: TaskScored, policy: Policy) -> Mapping[str, Any]:
    task, envelope = step.task, step.recorded.envelope
    return {
        "plan_id": envelope.plan_id,
        "version": envelope.version,
        "position": step.position,
        "at": event.at,
        "occurred_at": event.occurred_at and event.occurred_at.astimezone(UTC),
        "task_id": event.task_id,
        "kind": event.kind,
        "score": event.score,
        "raw_score": event.raw_score,
        "scorer": event.scorer,
        "attempt": task.attempt if task else 1,
        "task_confidence": task.confidence(policy) if task else None,
        "rolling_confidence": step.rolling_confidence,
        "confidence_threshold": policy.confidence_threshold,
    }
