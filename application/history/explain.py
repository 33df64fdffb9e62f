"""Explain a plan's rolling confidence: its parts, what would flip the gate, what moved it.

The confidence is the sum of one contribution per scored task, and each of those of one per
score. Every part names its event.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Self

from plangate.application.history.flip import Balance, ScoreChange
from plangate.application.history.points import Moment
from plangate.application.history.running_confidence import RunningConfidence
from plangate.application.plan_log import Step
from plangate.application.results import Evidence, GateView, Result
from plangate.domain.confidence import UNSCORED, differ, score_shares
from plangate.domain.event_ids import event_id
from plangate.domain.events import TaskScored, touches
from plangate.domain.judging import Judgements
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import ScarceEvidence, TaskStatus

_Scores = Mapping[int, TaskScored]
"""The recorded scores of a plan, by the version at which each was given."""


class ScorePart(Result):
    """A score: its share of the task's confidence, and its contribution to the plan's.

    `raw_score`, `scale`, `clamped` and `occurred_at` are those of its event.
    """

    score: float
    raw_score: float | None
    scale: tuple[float, float] | None
    clamped: bool
    occurred_at: datetime | None
    event_id: str
    share: float
    contribution: float


class Contribution(Result):
    """One scored task's part of the rolling confidence.

    `weight` is 1 for the last task and less for each before it. `share` is the weight
    divided by the sum of all weights; `contribution` is share times confidence. `flip` is
    the smallest change of one of its scores that would flip the gate; None if none would.
    """

    task_id: str
    title: str | None
    status: TaskStatus
    confidence: float
    weight: float
    share: float
    contribution: float
    prompt: ScorePart | None
    output: ScorePart | None
    flip: ScoreChange | None


class ConfidenceMove(Result):
    """An event that changed the rolling confidence, and the values around it."""

    event_id: str
    task_id: str | None
    before: float
    after: float


class TaskShift(Result):
    """A task's contribution to the rolling confidence then and now."""

    task_id: str
    before: float
    after: float


class Movement(Result):
    """Changes of the rolling confidence since an earlier point, by event and by task.

    `rolling_confidence` and `base` are the values at that point.
    """

    since: Moment
    rolling_confidence: float
    base: float
    moves: tuple[ConfidenceMove, ...]
    tasks: tuple[TaskShift, ...]


class Explanation(Result):
    """Why a plan's rolling confidence is what it is, at one version.

    `rolling_confidence` is `base` plus all contributions; `base` is 1 while nothing is
    scored and 0 afterwards. `gate_threshold` is the threshold the gate compares with, or
    the exit threshold while the gate has tripped; `distance` is the confidence minus that.
    `flip` is the smallest flip of all contributions. `conditions` lists what else the gate
    checks.
    """

    plan_id: str
    goal: str | None
    at: Moment
    rolling_confidence: float
    confidence_threshold: float
    gate_threshold: float
    distance: float
    evidence: Evidence
    needs_replan: bool
    replan_due: bool
    gate: GateView
    conditions: tuple[str, ...]
    task_count: int
    base: float
    contributions: tuple[Contribution, ...]
    flip: ScoreChange | None
    movement: Movement | None = None

    @classmethod
    def of(cls, plan: Plan, at: Moment, scores: _Scores, movement: Movement | None = None) -> Self:
        """Explain a plan at one of its versions; `scores` are those recorded until then."""
        balance = Balance.of(plan)
        indexes = range(len(balance.tasks))
        parts = tuple(_contribution(balance, index, scores) for index in indexes)
        flips = (part.flip for part in parts if part.flip is not None)
        return cls(
            plan_id=plan.plan_id,
            goal=plan.goal,
            at=at,
            rolling_confidence=plan.rolling_confidence,
            confidence_threshold=plan.policy.confidence_threshold,
            gate_threshold=balance.line,
            distance=plan.rolling_confidence - balance.line,
            evidence=Evidence.of(plan),
            needs_replan=plan.needs_replan,
            replan_due=plan.replan_due,
            gate=GateView.of(plan),
            conditions=tuple(_conditions(plan)),
            task_count=len(plan.order),
            base=_base(plan),
            contributions=parts,
            flip=min(flips, key=lambda change: change.size, default=None),
            movement=movement,
        )


def explain(steps: Iterable[Step], since: int | None = None) -> Explanation:
    """Explain a plan after the last of its steps, and its movement since a version."""
    past: Step | None = None
    confidence, moves = RunningConfidence(), list[ConfidenceMove]()
    scores = dict[int, TaskScored]()
    for step in steps:
        if isinstance(event := step.recorded.event, TaskScored):
            scores[step.after.version] = event
        if past is not None:
            before, confidence = confidence.rolling_confidence, confidence.after(step)
            after = confidence.rolling_confidence
            if differ(before, after):
                task_id = next(iter(touches(step.recorded.event).task_ids), None)
                moves.append(
                    ConfidenceMove(
                        event_id=step.event_id, task_id=task_id, before=before, after=after
                    )
                )
        elif step.after.version == since:
            past, confidence = step, RunningConfidence(step.after.rolling_confidence)
    plan = step.after
    movement = None if past is None else _movement(past, moves, plan)
    return Explanation.of(plan, Moment.of(step), scores, movement)


def _movement(past: Step, moves: Sequence[ConfidenceMove], plan: Plan) -> Movement:
    then, now = _contributions(past.after), _contributions(plan)
    task_ids = dict.fromkeys([*now, *then])
    shifts = (
        TaskShift(task_id=task_id, before=then.get(task_id, 0.0), after=now.get(task_id, 0.0))
        for task_id in task_ids
    )
    return Movement(
        since=Moment.of(past),
        rolling_confidence=past.after.rolling_confidence,
        base=_base(past.after),
        moves=tuple(moves),
        tasks=tuple(shift for shift in shifts if differ(shift.before, shift.after)),
    )


def _contributions(plan: Plan) -> dict[str, float]:
    """Each scored task's part of the rolling confidence."""
    balance = Balance.of(plan)
    parts = zip(balance.tasks, balance.shares, balance.confidences, strict=True)
    return {task.id: share * confidence for task, share, confidence in parts}


def _conditions(plan: Plan) -> Iterator[str]:
    """What the gate checks besides the rolling confidence."""
    policy, gate = plan.policy, plan.gate
    if gate.tripped and policy.has_memory:
        again = "not again" if policy.latch else "so at every output score"
        until = f"until the confidence reaches {policy.reopens_at:g} or a replan is answered"
        yield f"it fired, and does {again} {until}"
    elif policy.consecutive_lows > 1:
        row = f"{policy.consecutive_lows} low output scores in a row"
        yield f"it fires at {row}: {gate.lows} so far"
    scored = sum(1 for _ in plan.scored())
    needed = min(policy.min_scored, len(plan.order))
    if needed > max(scored, 1):
        judges = policy.scarce_evidence is ScarceEvidence.JUDGE
        earlier = ", or once no other task can be scored" if judges else ""
        yield f"it fires at {needed} scored tasks{earlier}: {scored} so far"
    if policy.max_replans is not None:
        replans = "1 replan" if policy.max_replans == 1 else f"{policy.max_replans} replans"
        yield f"after {replans} only an approval leads on: {gate.replans} so far"


def _base(plan: Plan) -> float:
    return 0.0 if any(True for _ in plan.scored()) else UNSCORED


def _contribution(balance: Balance, index: int, scores: _Scores) -> Contribution:
    task, share = balance.tasks[index], balance.shares[index]
    plan = balance.plan
    prompt, output = score_shares(task.prompt_score, task.output_score, plan.policy)
    return Contribution(
        task_id=task.id,
        title=task.title,
        status=task.status,
        confidence=balance.confidences[index],
        weight=balance.weights[index],
        share=share,
        contribution=share * balance.confidences[index],
        prompt=_part(balance, task.prompt_judgements, scores, prompt, share),
        output=_part(balance, task.output_judgements, scores, output, share),
        flip=balance.smallest_change(index),
    )


def _part(
    balance: Balance, judgements: Judgements, scores: _Scores, part: float, share: float
) -> ScorePart | None:
    if not judgements:
        return None
    newest = judgements[0]
    event = scores[newest.version]
    return ScorePart(
        score=newest.score,
        raw_score=event.raw_score,
        scale=event.scale,
        clamped=event.clamped,
        occurred_at=event.occurred_at,
        event_id=event_id(balance.plan.plan_id, newest.version),
        share=part,
        contribution=share * part * newest.score,
    )
