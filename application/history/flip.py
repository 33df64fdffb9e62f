"""Find the smallest change of one score that would move a plan across its gate's line.

Each scored task is tried alone, with everything else unchanged. The line is the threshold,
or the exit threshold while the gate has tripped. Every answer was tried with the sum that
the gate itself uses, so it holds to the last bit.
"""

from dataclasses import dataclass
from math import fsum
from typing import Final, Self

from plangate.application.results import Result
from plangate.domain.confidence import (
    TOLERANCE,
    reaches,
    score_shares,
    task_confidence,
    weights,
)
from plangate.domain.event_ids import event_id
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import ScoreKind

_ONE_BIT: Final = 1e-16
"""About the smallest step of a number near 1."""

_ROUNDING: Final = 1e-13
"""An upper bound for the rounding error of the sum."""


class ScoreChange(Result):
    """A current score, and the nearest score that would flip the gate.

    `event_id` names the event of the current score; `rolling_confidence` is the plan's with
    `to_score` instead.
    """

    task_id: str
    kind: ScoreKind
    event_id: str
    from_score: float
    to_score: float
    rolling_confidence: float

    @property
    def size(self) -> float:
        """By how much the score would change."""
        return abs(self.to_score - self.from_score)


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

    def smallest_change(self, index: int) -> ScoreChange | None:
        """The smallest change within [0, 1] of one of a task's scores; None if none suffices.

        Of two equal changes it is the output's.
        """
        of_each = (self._smallest(index, kind) for kind in (ScoreKind.OUTPUT, ScoreKind.PROMPT))
        found = [change for change in of_each if change is not None]
        return min(found, key=lambda change: change.size, default=None)

    def _smallest(self, index: int, kind: ScoreKind) -> ScoreChange | None:
        """Start at the exact solution, then step on until the rounded sum crosses the line."""
        task, policy = self.tasks[index], self.plan.policy
        prompt_share, output_share = score_shares(task.prompt_score, task.output_score, policy)
        effect = self.shares[index] * (prompt_share if kind is ScoreKind.PROMPT else output_share)
        if not effect:
            return None
        current, end = task.judgements(kind)[0], 1.0 if self.is_low else 0.0
        if abs(self.needed) > abs(end - current.score) * effect + _ROUNDING:
            return None
        to, step = current.score + self.needed / effect, _ONE_BIT / effect
        while True:
            to = min(max(to, 0.0), 1.0)
            confidence = self._with(index, kind, to)
            if reaches(confidence, self.line) is self.is_low:
                return ScoreChange(
                    task_id=task.id,
                    kind=kind,
                    event_id=event_id(self.plan.plan_id, current.version),
                    from_score=current.score,
                    to_score=to,
                    rolling_confidence=confidence,
                )
            if to == end:
                return None
            to += step if end else -step
            step *= 2

    def _with(self, index: int, kind: ScoreKind, score: float) -> float:
        """The rolling confidence with another score for one task."""
        task, policy = self.tasks[index], self.plan.policy
        scores = {ScoreKind.PROMPT: task.prompt_score, ScoreKind.OUTPUT: task.output_score}
        scores[kind] = score
        instead = task_confidence(scores[ScoreKind.PROMPT], scores[ScoreKind.OUTPUT], policy)
        return self.plan.confidences.rescored(task, instead).rolling_confidence
