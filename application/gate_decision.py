"""The gate's answer about a plan: whether to go on, why, and what leads on."""

from datetime import datetime
from typing import Final, Self

from plangate.application.advice import advice
from plangate.application.results import Evidence, Result
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.verdict import changes_at, may_continue, takeable, verdict
from plangate.domain.vocabulary import TaskStatus, Verdict

_DIGITS: Final = 3
_MOST_DIGITS: Final = 12
"""Decimals, more than usual where the confidence and its threshold would look the same."""


class GateDecision(Result):
    """Whether work on a plan can go on now.

    `may_continue`: `next_task` would hand out a task. Under `gate: advise` that can be
    so beside the verdict `replan`. `reason` is one sentence, `advice` what leads on.
    `due_since` is when the replan that is due was triggered. `changes_at` is the next time
    at which a lease or a deferral ends: until then, only an event changes the decision.
    It was made of the plan at `version`, with the log up to `position`.
    """

    plan_id: str
    verdict: Verdict
    may_continue: bool
    reason: str
    advice: tuple[str, ...]
    rolling_confidence: float
    threshold: float
    evidence: Evidence
    replan_due: bool
    due_since: datetime | None
    changes_at: datetime | None
    version: int
    position: int

    @classmethod
    def of(cls, plan: Plan, now: datetime, position: int) -> Self:
        """The decision about a plan at a time."""
        return cls(
            plan_id=plan.plan_id,
            verdict=verdict(plan, now),
            may_continue=may_continue(plan, now),
            reason=_reason(plan, now),
            advice=tuple(advice(plan, now)),
            rolling_confidence=plan.rolling_confidence,
            threshold=plan.policy.confidence_threshold,
            evidence=Evidence.of(plan),
            replan_due=plan.replan_due,
            due_since=plan.due_since,
            changes_at=changes_at(plan, now),
            version=plan.version,
            position=position,
        )


def _reason(plan: Plan, now: datetime) -> str:  # a branch a verdict
    match verdict(plan, now):
        case Verdict.DELETED:
            return "The plan was deleted."
        case Verdict.ARCHIVED:
            return "The plan is archived."
        case Verdict.PAUSED:
            return "The plan is paused."
        case Verdict.REPLAN:
            since = "" if plan.due_since is None else f" since {_time(plan.due_since)}"
            return f"A replan is due{since}: {_comparison(plan)}."
        case Verdict.COMPLETE:
            return "Every task is done."
        case Verdict.GO:
            task = next(takeable(plan, now))
            low = f", although {_comparison(plan)}: no replan is due" if plan.needs_replan else ""
            return f"The task {task.id!r} can be taken{low}."
        case Verdict.WAIT:
            return f"What is left is {_away(plan)}."
        case Verdict.BLOCKED:
            return f"{_blocked(plan)}."


def _comparison(plan: Plan) -> str:
    below = "below" if plan.needs_replan else "not below"
    confidence, threshold = plan.rolling_confidence, plan.policy.confidence_threshold
    digits = _DIGITS
    while digits < _MOST_DIGITS and f"{confidence:.{digits}f}" == f"{threshold:.{digits}f}":
        digits += 1
    return f"the rolling confidence {confidence:.{digits}f} is {below} {threshold:.{digits}f}"


def _away(plan: Plan) -> str:
    in_progress = any(task.status is TaskStatus.IN_PROGRESS for task in plan)
    deferred = any(task.deferred for task in plan)
    parts = ["in progress"] * in_progress + ["deferred"] * deferred
    return " or ".join(parts)


def _blocked(plan: Plan) -> str:
    if plan.is_exhausted:
        allowed = plan.policy.max_replans
        return (
            f"The replans are used up: {plan.gate.replans} without an approval, {allowed} allowed"
        )
    counts = [
        (len([task for task in plan if task.status is status]), status)
        for status in (TaskStatus.FAILED, TaskStatus.REPLANNING)
    ]
    waiting = [task for task in plan if _waits(plan, task)]
    parts = [f"{count} {status}" for count, status in counts if count]
    if waiting:
        parts.append(f"{len(waiting)} waiting for others")
    return f"No task can be taken: {', '.join(parts)}"


def _waits(plan: Plan, task: Task) -> bool:
    return task.status is TaskStatus.PENDING and bool(plan.unmet(task))


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
