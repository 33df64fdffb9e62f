"""Find the smallest change of one score that would move a plan across its gate's line.

Each judge's score of each scored task is tried alone, with everything else unchanged. The line
is the threshold, or the exit threshold while the gate has tripped. Every answer was tried with
the sum that the gate itself uses, so it holds to the last bit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, fsum
from typing import Final, NamedTuple, Self

from plangate.application.numbers import number
from plangate.application.results import Result
from plangate.domain.confidence import TOLERANCE, reaches, score_shares, task_confidence, weights
from plangate.domain.event_ids import event_id
from plangate.domain.judging import Judgement
from plangate.domain.panel import Leeway, Panel
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import ScoreKind

_ONE_BIT: Final = 1e-16
"""About the smallest step of a number near 1."""

ROUNDING: Final = 1e-13
"""An upper bound for the rounding error of the sum."""

_FREE: Final = Leeway(low=0.0, high=1.0, fixed=0.0, size=1)
"""That of a score which alone counts."""


class ScoreChange(Result):
    """A current score, and the nearest score that would flip the gate.

    `event_id` names the event of the current score; `rolling_confidence` is the plan's with
    `to_score` instead. `judge` gave the score, where the policy tells judges apart.
    """

    task_id: str
    kind: ScoreKind
    event_id: str
    from_score: float
    to_score: float
    rolling_confidence: float
    judge: str | None = None

    @property
    def size(self) -> float:
        """By how much the score would change."""
        return abs(self.to_score - self.from_score)

    @property
    def outward(self) -> str:
        """The score to change to, rounded away from the current one so that it still suffices."""
        away = ceil if self.to_score > self.from_score else floor
        return f"{away(self.to_score * 1_000) / 1_000:.3f}"

    @property
    def text(self) -> str:
        """Which score changes from what to what, as in "output score of a, 0.300 → 0.720"."""
        judge = "" if self.judge is None else f" by {self.judge}"
        scores = f"{number(self.from_score, self.to_score)} → {self.outward}"
        return f"{self.kind} score of {self.task_id}{judge}, {scores} ({self.event_id})"


class Lever(NamedTuple):
    """A judge's score of a task, and how the rolling confidence follows it.

    `at` is the index of the task, `place` its own among the judges' scores of its kind. They
    combine to `combined`; `effect` is the share of that in the rolling confidence.
    """

    at: int
    kind: ScoreKind
    place: int
    judgement: Judgement
    combined: float
    effect: float
    leeway: Leeway

    def limit(self, *, up: bool) -> float:
        """The score beyond which the rolling confidence does not follow."""
        return self.leeway.high if up else self.leeway.low

    def start(self, *, up: bool) -> float:
        """The score from which on it follows."""
        score, way = self.judgement.score, self.leeway
        return max(score, way.low) if up else min(score, way.high)

    @property
    def slope(self) -> float:
        """By how much the rolling confidence changes with the score, where it follows."""
        return self.effect / self.leeway.size

    def gain(self, *, up: bool) -> float:
        """The most by which it can move the rolling confidence up, or down."""
        way = self.limit(up=up) - self.start(up=up)
        return max(way if up else -way, 0.0) * self.slope


@dataclass(frozen=True, slots=True)
class Balance:
    """The scored tasks of a plan with their weights: the last weighs most.

    `line` is the threshold that the gate compares with now. The rolling confidence would
    have to change by `needed` to cross it.
    """

    plan: Plan
    tasks: tuple[Task, ...]
    confidences: tuple[float, ...]
    weights: tuple[float, ...]
    shares: tuple[float, ...]
    line: float
    needed: float

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Weigh the scored tasks of a plan."""
        scored = tuple(plan.scored())
        confidences = tuple(confidence for _, confidence in scored)
        weighing = tuple(weights(len(scored), plan.policy.decay))
        whole = fsum(weighing)
        shares = tuple(weight / whole for weight in weighing)
        confidence = fsum(share * one for share, one in zip(shares, confidences, strict=True))
        tasks, line = tuple(task for task, _ in scored), plan.gate.threshold(plan.policy)
        return cls(plan, tasks, confidences, weighing, shares, line, line - TOLERANCE - confidence)

    @property
    def is_low(self) -> bool:
        """Whether the rolling confidence is below the line."""
        return not reaches(self.plan.rolling_confidence, self.line)

    def levers(self, index: int) -> Iterator[Lever]:
        """The scores of a task that move the rolling confidence, the output's first."""
        task = self.tasks[index]
        shares = score_shares(task.prompt_score, task.output_score, self.plan.policy)
        for kind, share in zip((ScoreKind.OUTPUT, ScoreKind.PROMPT), reversed(shares), strict=True):
            effect, judgements = self.shares[index] * share, task.judgements(kind)
            if not effect:
                continue
            if isinstance(judgements, Panel) and judgements.score is not None:
                scores = [given.score for given in judgements.latest]
                for place, given in enumerate(judgements.latest):
                    way = judgements.rule.leeway(scores, place)
                    yield Lever(index, kind, place, given, judgements.score, effect, way)
            else:
                given = judgements[0]
                yield Lever(index, kind, 0, given, given.score, effect, _FREE)

    def smallest_change(self, index: int) -> ScoreChange | None:
        """The smallest change within [0, 1] of one of a task's scores; None if none suffices.

        Of two equal changes it is the output's.
        """
        of_each = (self._smallest(lever) for lever in self.levers(index))
        found = [change for change in of_each if change is not None]
        return min(found, key=lambda change: change.size, default=None)

    def _smallest(self, lever: Lever) -> ScoreChange | None:
        """Start at the exact solution."""
        limit = lever.leeway.combined(lever.limit(up=self.is_low))
        if abs(self.needed) > abs(limit - lever.combined) * lever.effect + ROUNDING:
            return None
        combined = lever.combined + self.needed / lever.effect
        begin, end = lever.leeway.score_for(combined), lever.limit(up=self.is_low)
        to = self.first_crossing((lever,), begin, end)
        if to is None:
            return None
        return self.change(lever, to, self.with_scores((lever, to)))

    def first_crossing(
        self, levers: Sequence[Lever], to: float, limit: float, *others: tuple[Lever, float]
    ) -> float | None:
        """Step on from a score until the rounded sum crosses the line; None if it does not.

        It is the score of all `levers`, and goes no further than `limit`. `others` are scores
        that have changed already.
        """
        up, step = self.is_low, _ONE_BIT / levers[0].slope
        while True:
            to = min(max(to, 0.0), limit) if up else max(min(to, 1.0), limit)
            moved = [(lever, to) for lever in levers]
            if reaches(self.with_scores(*moved, *others), self.line) is up:
                return to
            if to == limit:
                return None
            to += step if up else -step
            step *= 2

    def change(self, lever: Lever, to: float, rolling_confidence: float) -> ScoreChange:
        """The change of a score to another one."""
        given = lever.judgement
        return ScoreChange(
            task_id=self.tasks[lever.at].id,
            kind=lever.kind,
            event_id=event_id(self.plan.plan_id, given.version),
            from_score=given.score,
            to_score=to,
            rolling_confidence=rolling_confidence,
            judge=None if given.judge is None else str(given.judge),
        )

    def with_scores(self, *given: tuple[Lever, float]) -> float:
        """The rolling confidence with other scores for some."""
        tree = self.plan.confidences
        for index in {lever.at for lever, _ in given}:
            task = self.tasks[index]
            scores = {kind: _combined(task, index, kind, given) for kind in ScoreKind}
            prompt, output = scores[ScoreKind.PROMPT], scores[ScoreKind.OUTPUT]
            tree = tree.rescored(task, task_confidence(prompt, output, self.plan.policy))
        return tree.rolling_confidence


def _combined(
    task: Task, index: int, kind: ScoreKind, given: tuple[tuple[Lever, float], ...]
) -> float | None:
    """The score of a kind with other scores for some judges."""
    instead = {lever.place: to for lever, to in given if lever.at == index and lever.kind is kind}
    if not instead:
        return task.prompt_score if kind is ScoreKind.PROMPT else task.output_score
    judgements = task.judgements(kind)
    return judgements.combined_with(instead) if isinstance(judgements, Panel) else instead[0]
