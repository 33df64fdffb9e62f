"""The gate's answer about a plan: whether to go on, why, and what leads on."""

from datetime import datetime
from typing import Self

from plangate.application.advice import advice, missing_judges
from plangate.application.numbers import number
from plangate.application.results import Evidence, Result
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.trait_tree import Trait
from plangate.domain.verdict import changes_at, may_continue, takeable, verdict
from plangate.domain.vocabulary import TaskStatus, Verdict


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
            link = ":" if plan.needs_replan else ", although by now"
            return f"A replan is due{since}{link} {_comparison(plan)}."
        case Verdict.COMPLETE:
            return "Every task is done."
        case Verdict.GO:
            task = next(takeable(plan, now))
            low = f", although {_comparison(plan)}: no replan is due" if plan.needs_replan else ""
            return f"The task {task.id!r} can be taken{low}{_judges(plan)}."
        case Verdict.WAIT:
            return f"No task can be taken now: {_left(plan, now)}{_judges(plan)}."
        case _:  # blocked
            return f"{_blocked(plan, now)}."


def _judges(plan: Plan) -> str:
    waiting = missing_judges(plan)
    return waiting and f"; {waiting}"


def _comparison(plan: Plan) -> str:
    if not plan.traits.count(Trait.SCORED):
        return "no score counts"
    below = "below" if plan.needs_replan else "not below"
    confidence, threshold = plan.rolling_confidence, plan.policy.confidence_threshold
    now, wanted = number(confidence, threshold), number(threshold, confidence)
    return f"the rolling confidence {now} is {below} {wanted}"


def _blocked(plan: Plan, now: datetime) -> str:
    if plan.is_exhausted:
        replans, allowed = plan.gate.replans, plan.policy.max_replans
        return f"The replans are used up: {replans} without an approval, {allowed} allowed"
    return f"No task can be taken: {_left(plan, now)}"


def _left(plan: Plan, now: datetime) -> str:
    """How many tasks are not done, by what keeps each from being taken."""
    traits = plan.traits
    deferred = sum(_is_deferred(task, now) for task in plan.having(Trait.DEFERRED))
    counts = {
        "in progress": traits.count(Trait.IN_PROGRESS),
        "deferred": deferred,
        "failed": traits.count(Trait.FAILED),
        "replanning": traits.count(Trait.REPLANNING),
        "waiting for others": traits.count(Trait.PENDING) - deferred,
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _is_deferred(task: Task, now: datetime) -> bool:
    waits = task.deferred is not None and not task.deferred.has_expired(now)
    return waits and task.status is TaskStatus.PENDING


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
