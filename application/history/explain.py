"""Explain a plan's rolling confidence: its parts, what would flip the gate, what moved it.

The confidence is the sum of one contribution per scored task, and each of those of one per
score. Every part names its event.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Self

from plangate.application.advice import missing_judges
from plangate.application.history.event_text import move_sentence
from plangate.application.history.flip import Balance, ScoreChange
from plangate.application.history.flip_pair import ScorePair, smallest_pair
from plangate.application.history.outlook import Outlook
from plangate.application.history.points import Moment
from plangate.application.history.running_confidence import RunningConfidence
from plangate.application.history.score_parts import ScorePart, Scores, score_part
from plangate.application.plan_log import Step
from plangate.application.results import Evidence, GateView, Result
from plangate.domain.confidence import UNSCORED, differ, score_shares
from plangate.domain.events import TaskScored, touches
from plangate.domain.judging import judge_key
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import Judges, ScarceEvidence, ScoreKind, TaskStatus

LATEST_MOVES: Final = 10
"""How many moves of the confidence a page lists."""

MOST_JUDGED: Final = 20
"""Of how many tasks a page says what each judge said."""

LATEST_EVENTS: Final = 200
"""How many events back a page looks for them."""


def recent(version: int) -> int:
    """The version since which a page lists what moved the confidence of a plan."""
    return max(version - LATEST_EVENTS, 1)


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
    """An event that changed the rolling confidence, and the values around it.

    `judge` is who scored, where the event is a score: the kind and name of the scorer, or
    "unnamed". `sentence` says all of it.
    """

    event_id: str
    task_id: str | None
    judge: str | None
    before: float
    after: float
    sentence: str


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
    `flip` is the smallest flip of all contributions; where there is none, `flip_pair` is the
    smallest change of two scores that would do. `outlook` is where the confidence can end
    once the remaining tasks are judged. `conditions` lists what else the gate checks.
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
    flip_pair: ScorePair | None
    outlook: Outlook | None
    movement: Movement | None = None

    @property
    def judged_parts(self) -> tuple[tuple[str, ScoreKind, ScorePart], ...]:
        """The scores that several judges make, of the tasks that weigh most: those first."""
        heaviest = sorted(self.contributions, key=lambda part: -part.share)[:MOST_JUDGED]
        return tuple(
            (part.task_id, kind, score)
            for part in heaviest
            for kind, score in ((ScoreKind.OUTPUT, part.output), (ScoreKind.PROMPT, part.prompt))
            if score is not None and score.judges
        )

    @property
    def latest_moves(self) -> tuple[ConfidenceMove, ...]:
        """The latest moves of the confidence, the last one first; none without a `movement`."""
        moves = self.movement.moves if self.movement else ()
        return moves[: -LATEST_MOVES - 1 : -1]

    @classmethod
    def of(cls, plan: Plan, at: Moment, scores: Scores, movement: Movement | None = None) -> Self:
        """Explain a plan at one of its versions; `scores` are those recorded until then."""
        balance = Balance.of(plan)
        indexes = range(len(balance.tasks))
        parts = tuple(_contribution(balance, index, scores) for index in indexes)
        flips = (part.flip for part in parts if part.flip is not None)
        flip = min(flips, key=lambda change: change.size, default=None)
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
            flip=flip,
            flip_pair=None if flip else smallest_pair(balance),
            outlook=Outlook.of(plan, balance.line),
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
                moves.append(_move(step, before, after))
        elif step.after.version == since:
            past, confidence = step, RunningConfidence(step.after.rolling_confidence)
    plan = step.after
    movement = None if past is None else _movement(past, moves, plan)
    return Explanation.of(plan, Moment.of(step), scores, movement)


def _move(step: Step, before: float, after: float) -> ConfidenceMove:
    event = step.recorded.event
    return ConfidenceMove(
        event_id=step.event_id,
        task_id=next(iter(touches(event).task_ids), None),
        judge=str(judge_key(event.scorer)) if isinstance(event, TaskScored) else None,
        before=before,
        after=after,
        sentence=move_sentence(
            step.event_id,
            event,
            None if _base(step.before) else before,
            None if _base(step.after) else after,
        ),
    )


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


_COMBINED: Final[Mapping[Judges, str]] = {
    Judges.MEAN: "the mean of theirs",
    Judges.MEDIAN: "the median of theirs",
    Judges.MIN: "the lowest of theirs",
    Judges.TRIMMED: "the mean of theirs without the lowest and the highest",
}


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
    if policy.judges in _COMBINED:
        yield f"the score of several judges is {_COMBINED[policy.judges]}"
    if policy.min_judges > 1:
        waiting = missing_judges(plan)
        yield (
            f"a score counts once {policy.min_judges} judges have given theirs"
            f"{waiting and ': '}{waiting}"
        )
    if policy.max_replans is not None:
        replans = "1 replan" if policy.max_replans == 1 else f"{policy.max_replans} replans"
        yield f"after {replans} only an approval leads on: {gate.replans} so far"


def _base(plan: Plan) -> float:
    return 0.0 if any(task.confidence(plan.policy) is not None for task in plan) else UNSCORED


def _contribution(balance: Balance, index: int, scores: Scores) -> Contribution:
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
        prompt=score_part(plan.plan_id, task.prompt_judgements, scores, prompt, share),
        output=score_part(plan.plan_id, task.output_judgements, scores, output, share),
        flip=balance.smallest_change(index),
    )
