"""The confidence timeline: how a plan's confidence moved, score by score."""

from collections.abc import Sequence
from datetime import UTC, datetime

from plangate.application.plan_log import Step
from plangate.application.views.projection import Row, RowChanges
from plangate.application.views.requests import PageLimit, PageRequest, RowPage
from plangate.domain.events import ScoreChange, TaskScored
from plangate.domain.recency_tree import ConfidenceTree, tree_of
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


def project(
    tree: ConfidenceTree | None, steps: Sequence[Step]
) -> tuple[ConfidenceTree | None, RowChanges]:
    """An entry for each score. The state is a tree of the plan, or None until it is needed.

    A task that is added, dropped or moved invalidates the tree; the next score builds
    another, so that a revision of many changes costs one tree.
    """
    entries: list[TimelineEntry] = []
    for step in steps:
        event, plan = step.recorded.event, step.after
        if tree is not None and tree.order is not plan.order:
            tree = None
        if not isinstance(event, ScoreChange):
            continue
        task = plan.tasks.get(event.task_id)
        confidence = task.confidence(plan.policy) if task else None
        if tree is not None and task is not None:
            tree = tree.rescored(task, confidence)
        if isinstance(event, TaskScored):
            tree = tree or tree_of(plan.order, plan.tasks, plan.policy)
            entry = TimelineEntry(
                plan_id=plan.plan_id,
                version=plan.version,
                position=step.position,
                at=event.at,
                occurred_at=event.occurred_at and event.occurred_at.astimezone(UTC),
                task_id=event.task_id,
                kind=event.kind,
                score=event.score,
                raw_score=event.raw_score,
                scorer=event.scorer,
                attempt=task.attempt if task else 1,
                task_confidence=confidence,
                rolling_confidence=tree.rolling_confidence,
                confidence_threshold=plan.policy.confidence_threshold,
            )
            entries.append(entry)
    plan = steps[-1].after
    if plan.deleted:
        return tree, RowChanges(deletes=((plan.plan_id, None),))
    return tree, RowChanges(upserts=entries)
