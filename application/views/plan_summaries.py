"""Plan summaries: which plans are there, and how they stand."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from plangate.application.plan_log import Step
from plangate.application.views.rows import PlanSummary
from plangate.application.views.view_store import Changes
from plangate.domain.events import touches
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import PlanState, TaskStatus

VERSION: Final = 2


def project(first: int | None, steps: Sequence[Step]) -> tuple[int, Changes]:
    """The summary after the steps. The state is the position of the plan's first event."""
    if first is None:
        first = steps[0].position
    plan = steps[-1].after
    if plan.deleted:
        return first, Changes(gone=((plan.plan_id, None),))
    reworded = any(touches(step.recorded.event).text for step in steps)
    return first, Changes(
        put=(_summary(plan, first, steps[-1].position),),
        texts=((first, _text(plan)),) if reworded else (),
    )


def _summary(plan: Plan, first: int, latest: int) -> PlanSummary:
    count = Counter(task.status for task in plan)
    state = plan.state
    return PlanSummary.model_validate(
        {
            "plan_id": plan.plan_id,
            "goal": plan.goal,
            "state": state,
            "rolling_confidence": plan.rolling_confidence,
            "confidence_threshold": plan.policy.confidence_threshold,
            "needs_replan": plan.needs_replan,
            "replan_due": plan.replan_due,
            "replan_count": plan.replan_count,
            "gate_tripped": plan.gate.tripped,
            "gate_lows": plan.gate.lows,
            "gate_replans": plan.gate.replans,
            "gate_exhausted": plan.is_exhausted,
            "next_task_id": _next(plan) if state is PlanState.ACTIVE else None,
            "task_count": len(plan.order),
            **{status.value: count[status] for status in TaskStatus},
            "priority": plan.priority,
            "labels": plan.labels,
            "created_at": plan.created_at,
            "updated_at": plan.updated_at,
            "version": plan.version,
            "created_position": first,
            "updated_position": latest,
        }
    )


def _next(plan: Plan) -> str:
    return next(task.id for task in plan if plan.is_ready(task))


def _text(plan: Plan) -> str:
    """What a plan can be found by: its goal and its tasks' titles."""
    return "\n".join(filter(None, (plan.goal, *(task.title for task in plan))))
