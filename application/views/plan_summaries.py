"""Plan summaries: which plans there are, with their state, confidence and progress."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from plangate.application.results import Evidence
from plangate.application.views.projection import Row, RowChanges
from plangate.application.views.requests import Keys, PageRequest, RowPage
from plangate.application.views.run import Run
from plangate.domain.plan import Plan
from plangate.domain.verdict import changes_at, highest_priority, may_continue, takeable, verdict
from plangate.domain.vocabulary import Flag, Labels, PlanState, TaskStatus, Title, Verdict


class PlanSummary(Row):
    """A plan in one row. Positions are those of its first and its latest event.

    `verdict`, `may_continue` and `next_task_id` (the task that would be handed out next) are
    as of now in an answer, and as of the latest event in the table; `changes_at` is when a
    lease or a deferral ends next. `scored` to `awaits_judges` are the `Evidence`.
    `needs_replan` says that the rolling confidence is below its threshold; `replan_due` that
    the gate tripped and awaits an answer. The gate's memory: `gate_tripped`, the low scores in
    a row, the replans since the last approval, and whether these exhaust what the policy allows.
    `highest_priority` is that of the tasks that can be taken, now or once a lease or a deferral
    ends; None without any.
    """

    plan_id: str
    goal: str | None
    state: PlanState
    verdict: Verdict
    may_continue: bool
    changes_at: datetime | None
    rolling_confidence: float
    confidence_threshold: float
    scored: int
    scoring_failed: int
    clamped: int
    done_unscored: int
    awaits_judges: int
    needs_replan: bool
    replan_due: bool
    replan_count: int
    gate_tripped: bool
    gate_lows: int
    gate_replans: int
    gate_exhausted: bool
    next_task_id: str | None
    task_count: int
    pending: int
    in_progress: int
    done: int
    failed: int
    replanning: int
    priority: int
    highest_priority: int | None
    labels: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    version: int
    created_position: int
    updated_position: int


class PlanOrder(StrEnum):
    """How plans are ordered."""

    OLDEST = "oldest"
    NEWEST = "newest"
    UPDATED = "updated"
    CONFIDENCE = "confidence"
    PRIORITY = "priority"

    @property
    def keys(self) -> Keys:
        """Oldest, newest, latest update, lowest confidence or highest priority first."""
        return _ORDERS[self]


WORK_ORDER: Final[Keys] = (("highest_priority", True), ("created_position", False))
"""The plans whose tasks `next_task` takes first come first."""

_FIRST: Final = ("created_position", False)
_ORDERS: Final[dict[str, Keys]] = {
    PlanOrder.OLDEST: (_FIRST,),
    PlanOrder.NEWEST: (("created_position", True),),
    PlanOrder.UPDATED: (("updated_position", True),),
    PlanOrder.CONFIDENCE: (("rolling_confidence", False), _FIRST),
    PlanOrder.PRIORITY: (("priority", True), _FIRST),
}


class PlansRequest(PageRequest):
    """Plans that match every given filter: all the labels, every word of the text.

    A row whose `changes_at` has passed at `now`, or whose latest event is still to come,
    matches any verdict: it must be looked at again.
    """

    state: PlanState | None = None
    verdict: Verdict | None = None
    needs_replan: Flag | None = None
    now: datetime | None = None
    text: Title | None = None
    labels: Labels = ()
    order: PlanOrder = PlanOrder.OLDEST

    @property
    def words(self) -> tuple[str, ...] | None:
        """The words, or beginnings of words, of the text. None without a text."""
        return None if self.text is None else tuple(self.text.split())


class PlanPage(RowPage[PlanSummary]):
    """Plan summaries."""

    plans: tuple[PlanSummary, ...]

    @property
    def _rows(self) -> tuple[PlanSummary, ...]:
        return self.plans


def project(first: int | None, run: Run) -> tuple[int, RowChanges]:
    """The summary after the run. The state is the position of the plan's first event."""
    plan, last = run.after, run.steps[-1]
    if first is None:
        first = run.steps[0].position
    if plan.deleted:
        return first, RowChanges(deletes=((plan.plan_id, None),))
    changes_text = any(step.about.text for step in run.steps)
    return first, RowChanges(
        upserts=(_summary(plan, last.recorded.event.at, first, last.position),),
        texts=((first, _text(plan)),) if changes_text else (),
    )


def _summary(plan: Plan, now: datetime, first: int, latest: int) -> Mapping[str, Any]:
    count = Counter(task.status for task in plan)
    evidence = Evidence.of(plan)
    return {
        "plan_id": plan.plan_id,
        "goal": plan.goal,
        "state": plan.state,
        **at_time(plan, now),
        "rolling_confidence": plan.rolling_confidence,
        "confidence_threshold": plan.policy.confidence_threshold,
        "scored": evidence.scored,
        "scoring_failed": evidence.scoring_failed,
        "clamped": evidence.clamped,
        "done_unscored": evidence.done_unscored,
        "awaits_judges": evidence.awaits_judges,
        "needs_replan": plan.needs_replan,
        "replan_due": plan.replan_due,
        "replan_count": plan.replan_count,
        "gate_tripped": plan.gate.tripped,
        "gate_lows": plan.gate.lows,
        "gate_replans": plan.gate.replans,
        "gate_exhausted": plan.is_exhausted,
        "task_count": len(plan.order),
        **{status.value: count[status] for status in TaskStatus},
        "priority": plan.priority,
        "highest_priority": highest_priority(plan),
        "labels": plan.labels,
        "created_at": plan.created_at,
        "updated_at": plan.updated_at,
        "version": plan.version,
        "created_position": first,
        "updated_position": latest,
    }


def at_time(plan: Plan, now: datetime) -> dict[str, Any]:
    """The fields of a summary that change with time, without an event."""
    continues = may_continue(plan, now)
    end = changes_at(plan, now)
    return {
        "verdict": verdict(plan, now),
        "may_continue": continues,
        "changes_at": end and end.astimezone(UTC),
        "next_task_id": next(takeable(plan, now)).id if continues else None,
    }


def _text(plan: Plan) -> str:
    """What a plan can be found by: its goal and its tasks' titles."""
    return "\n".join(filter(None, (plan.goal, *(task.title for task in plan))))
