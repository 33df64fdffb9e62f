"""What makes up a plan's rolling confidence, what it would take to flip the gate, what moved it.

The figure is taken apart into what each scored task brings, and each of those into
what its scores bring; every part names the event that brought it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from plangate.application.history.flip import Balance, ScoreChange
from plangate.application.history.points import Moment
from plangate.application.history.running_confidence import RunningConfidence
from plangate.application.plan_log import Step
from plangate.application.results import GateView, Result
from plangate.domain.confidence import UNSCORED, differ, score_shares
from plangate.domain.event_ids import event_id
from plangate.domain.events import touches
from plangate.domain.plan import Plan
from plangate.domain.task import Judgements
from plangate.domain.vocabulary import TaskStatus


class ScorePart(Result):
    """A score that counts: its share of the task's confidence, what it brings to the plan's."""

    score: float
    event_id: str
    share: float
    contribution: float


class Contribution(Result):
    """What one scored task brings to the rolling confidence.

    `weight` is 1 for the task that counts most, less for each before it; `share` is that
    over the sum of all weights, and `contribution` is share times confidence. `flip` is
    the smallest change of one of its scores that would flip the gate; None if none can.
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
    """An event that moved the rolling confidence: from what to what."""

    event_id: str
    task_id: str | None
    before: float
    after: float


class TaskShift(Result):
    """What a task brought to the rolling confidence then, and what it brings now."""

    task_id: str
    before: float
    after: float


class Movement(Result):
    """What became of the figure since an earlier point, event by event and task by task.

    `rolling_confidence` is what it was then, and `base` as in an explanation.
    """

    since: Moment
    rolling_confidence: float
    base: float
    moves: tuple[ConfidenceMove, ...]
    tasks: tuple[TaskShift, ...]


class Explanation(Result):
    """Why a plan's rolling confidence is what it is, at one version.

    `base` and the contributions sum to `rolling_confidence`: `base` is 1 while nothing is
    scored, then 0. `gate_threshold` is what the gate holds the figure against: the
    threshold, or the exit threshold while it has tripped. `distance` is from there to the
    figure, less than 0 below it. `flip` is the smallest of all the contributions' changes.
    `conditions` say what else the gate goes by where its policy has a memory.
    """

    plan_id: str
    goal: str | None
    at: Moment
    rolling_confidence: float
    confidence_threshold: float
    gate_threshold: float
    distance: float
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
    def of(cls, plan: Plan, at: Moment, movement: Movement | None = None) -> Self:
        """The explanation of a plan as it stood at a moment."""
        balance = Balance.of(plan)
        parts = tuple(_contribution(balance, place) for place in range(len(balance.tasks)))
        flips = (part.flip for part in parts if part.flip is not None)
        return cls(
            plan_id=plan.plan_id,
            goal=plan.goal,
            at=at,
            rolling_confidence=plan.rolling_confidence,
            confidence_threshold=plan.policy.confidence_threshold,
            gate_threshold=balance.line,
            distance=plan.rolling_confidence - balance.line,
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


def explained(steps: Iterable[Step], since: int | None = None) -> Explanation:
    """The explanation of a plan after its first steps; of its movement too, `since` a version."""
    past: Step | None = None
    figure, moves = RunningConfidence(), list[ConfidenceMove]()
    for step in steps:
        if past is not None:
            before, figure = figure, figure.after(step)
            moves += _move(step, before.rolling_confidence, figure.rolling_confidence)
        elif step.after.version == since:
            past, figure = step, RunningConfidence(step.after.rolling_confidence)
    plan = step.after
    movement = None if past is None else _movement(past, moves, plan)
    return Explanation.of(plan, Moment.of(step), movement)


def _move(step: Step, before: float, after: float) -> Iterator[ConfidenceMove]:
    if differ(before, after):
        yield ConfidenceMove(
            event_id=step.recorded.envelope.event_id,
            task_id=next(iter(touches(step.recorded.event).task_ids), None),
            before=before,
            after=after,
        )


def _movement(past: Step, moves: Sequence[ConfidenceMove], plan: Plan) -> Movement:
    then, now = _brought(past.after), _brought(plan)
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


def _brought(plan: Plan) -> dict[str, float]:
    """What each scored task brings to the figure."""
    balance = Balance.of(plan)
    parts = zip(balance.tasks, balance.shares, balance.confidences, strict=True)
    return {task.id: share * confidence for task, share, confidence in parts}


def _conditions(plan: Plan) -> Iterator[str]:
    """What the gate goes by besides the figure, in words."""
    policy, gate = plan.policy, plan.gate
    if gate.tripped and policy.has_memory:
        again = "not again" if policy.latch else "so at every output score"
        until = f"until the figure reaches {policy.reopens_at:g} or a replan is answered"
        yield f"it fired, and does {again} {until}"
    elif policy.consecutive_lows > 1:
        row = f"{policy.consecutive_lows} low output scores in a row"
        yield f"it fires at {row}: {gate.lows} so far"
    if not plan.has_evidence:
        needed = min(policy.min_scored, len(plan.order))
        yield f"it fires at {needed} scored tasks: {sum(1 for _ in plan.scored())} so far"
    if policy.max_replans is not None:
        replans = "1 replan" if policy.max_replans == 1 else f"{policy.max_replans} replans"
        yield f"after {replans} only an approval leads on: {gate.replans} so far"


def _base(plan: Plan) -> float:
    return 0.0 if any(True for _ in plan.scored()) else UNSCORED


def _contribution(balance: Balance, place: int) -> Contribution:
    task, share = balance.tasks[place], balance.shares[place]
    plan = balance.plan
    prompt, output = score_shares(task.prompt_score, task.output_score, plan.policy)
    return Contribution(
        task_id=task.id,
        title=task.title,
        status=task.status,
        confidence=balance.confidences[place],
        weight=balance.weights[place],
        share=share,
        contribution=share * balance.confidences[place],
        prompt=_part(plan, task.prompt_judgements, prompt, share),
        output=_part(plan, task.output_judgements, output, share),
        flip=balance.smallest_change(place),
    )


def _part(plan: Plan, judgements: Judgements, part: float, share: float) -> ScorePart | None:
    if not judgements:
        return None
    newest = judgements[0]
    return ScorePart(
        score=newest.score,
        event_id=event_id(plan.plan_id, newest.version),
        share=part,
        contribution=share * part * newest.score,
    )
