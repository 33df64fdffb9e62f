"""The smallest change of one score that would put a plan on the other side of its gate's line.

Asked of every scored task by itself: had this one score been another, and all else as it
is, what its gate remembers included, would the figure be low, or be low no longer? The
line is the threshold; while a gate that fired has not opened again it is the exit
threshold. Whatever is answered was tried with the very sum that decides, so it holds to
the last bit.
"""

from dataclasses import dataclass
from itertools import chain, islice
from math import fsum
from typing import Final, Self

from plangate.application.results import Result
from plangate.domain.confidence import (
    TOLERANCE,
    reaches,
    rolling_confidence,
    score_shares,
    task_confidence,
    weights,
)
from plangate.domain.event_ids import event_id
from plangate.domain.plan import Plan
from plangate.domain.task import Task
from plangate.domain.vocabulary import ScoreKind

_ONE_BIT: Final = 1e-16
"""About the smallest step of a figure near 1."""

_ROUNDING: Final = 1e-13
"""More than the sum that decides is off by."""


class ScoreChange(Result):
    """A standing score, the nearest other one that would flip the gate, and what it leads to.

    `event_id` is the event that brought the score; `rolling_confidence` what the plan's
    would be with `to_score` in its place.
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
    """The scored tasks of a plan as they are weighed: the last weighs most.

    `line` is what the gate holds the rolling confidence against now. `lacking` is what
    the figure would have to gain, or if it is less than 0 to lose, to cross it.
    """

    plan: Plan
    tasks: tuple[Task, ...]
    confidences: tuple[float, ...]
    weights: tuple[float, ...]
    shares: tuple[float, ...]
    line: float
    lacking: float

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The balance of a plan as it stands."""
        scored = tuple(plan.scored())
        confidences = tuple(confidence for _, confidence in scored)
        weighing = tuple(weights(len(scored), plan.policy.decay))
        whole = fsum(weighing)
        shares = tuple(weight / whole for weight in weighing)
        figure = fsum(share * one for share, one in zip(shares, confidences, strict=True))
        tasks, line = tuple(task for task, _ in scored), plan.gate.threshold(plan.policy)
        return cls(plan, tasks, confidences, weighing, shares, line, line - TOLERANCE - figure)

    @property
    def is_low(self) -> bool:
        """Whether the figure lies below the line."""
        return not reaches(self.plan.rolling_confidence, self.line)

    def smallest_change(self, place: int) -> ScoreChange | None:
        """The smallest change of a score of the task at this place; None if none will do.

        A score stays within [0, 1]. Of two changes as small the output's is told.
        """
        of_each = (self._smallest(place, kind) for kind in (ScoreKind.OUTPUT, ScoreKind.PROMPT))
        found = [change for change in of_each if change is not None]
        return min(found, key=lambda change: change.size, default=None)

    def _smallest(self, place: int, kind: ScoreKind) -> ScoreChange | None:
        """Begin where the sum tips as it would be without rounding; go on to where it does."""
        task, policy = self.tasks[place], self.plan.policy
        prompt_share, output_share = score_shares(task.prompt_score, task.output_score, policy)
        effect = self.shares[place] * (prompt_share if kind is ScoreKind.PROMPT else output_share)
        if not effect:
            return None
        standing, end = task.judgements(kind)[0], 1.0 if self.is_low else 0.0
        if abs(self.lacking) > abs(end - standing.score) * effect + _ROUNDING:
            return None
        to, step = standing.score + self.lacking / effect, _ONE_BIT / effect
        while True:
            to = min(max(to, 0.0), 1.0)
            figure = self._with(place, kind, to)
            if reaches(figure, self.line) is self.is_low:
                return ScoreChange(
                    task_id=task.id,
                    kind=kind,
                    event_id=event_id(self.plan.plan_id, standing.version),
                    from_score=standing.score,
                    to_score=to,
                    rolling_confidence=figure,
                )
            if to == end:
                return None
            to += step if end else -step
            step *= 2

    def _with(self, place: int, kind: ScoreKind, score: float) -> float:
        """The rolling confidence if one score of one task were another."""
        task, policy = self.tasks[place], self.plan.policy
        scores = {ScoreKind.PROMPT: task.prompt_score, ScoreKind.OUTPUT: task.output_score}
        scores[kind] = score
        instead = task_confidence(scores[ScoreKind.PROMPT], scores[ScoreKind.OUTPUT], policy)
        confidences = chain(
            islice(self.confidences, place),
            () if instead is None else (instead,),
            islice(self.confidences, place + 1, None),
        )
        return rolling_confidence(confidences, policy.decay)
