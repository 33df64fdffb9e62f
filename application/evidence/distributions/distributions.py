"""Compare judges, actors and plans with their fellows, and find what chance does not explain."""

from collections.abc import Iterator
from statistics import fmean
from typing import Final

from plangate.application.evidence.comparisons import Shifted
from plangate.application.evidence.distributions.actors import Actors
from plangate.application.evidence.distributions.fellows import Fellows
from plangate.application.evidence.distributions.judge_changes import JudgeChanges
from plangate.application.evidence.distributions.judge_scores import ScoresByJudge
from plangate.application.evidence.distributions.judged import PossibleFinding, found
from plangate.application.evidence.distributions.plan_sample import (
    AddedTasks,
    JudgeOfKind,
    PlanSample,
)
from plangate.application.evidence.finding import Finding, FindingKind, Severity
from plangate.application.evidence.statistics import MakeStatistics
from plangate.domain.judging import JudgeKey

MIN_ADDED: Final = 3
MIN_PLANNED: Final = 4
"""So many added and planned tasks are compared: with fewer, no difference is beyond chance."""

LEAST_EASIER: Final = 0.2
"""How much higher added tasks score at least, on average."""

_FALSELY_PADDED: Final = 0.05
"""More may be due to chance than of other kinds: the tasks must have lifted the plan too."""

_BETTER: Final = 0.1
"""So much better than before, tasks may well be after a revision."""


class Distributions:
    """The samples of all plans, in the order of their creation."""

    def __init__(self) -> None:
        self._called: dict[JudgeOfKind, JudgeKey] = {}
        self._fellows = Fellows(self._called)
        self._scores = ScoresByJudge(self._called)
        self._changes = JudgeChanges(self._called)
        self._actors = Actors()
        self._added: list[AddedTasks] = []

    def add(self, sample: PlanSample) -> None:
        """Add the next plan."""
        for judge, scores in sample.judges.items():
            self._called.setdefault(judge, scores.called)
        for compared in (self._fellows, self._scores, self._changes, self._actors):
            compared.add(sample)
        added = sample.added
        if added and len(added.added) >= MIN_ADDED and len(added.planned) >= MIN_PLANNED:
            self._added.append(added)

    def findings(self, statistics: MakeStatistics) -> Iterator[Finding]:
        """Everything that is found. Raises `AnalysisMissing` where a test is needed and missing."""
        yield from self._fellows.findings(statistics)
        for compared in (self._scores, self._changes, self._actors):
            for candidates in compared.candidates():
                yield from found(candidates, statistics)
        yield from found(map(_padded, self._added), statistics, _FALSELY_PADDED)


def _padded(tasks: AddedTasks) -> PossibleFinding:
    added, planned = fmean(tasks.added), fmean(tasks.planned)
    return PossibleFinding(
        comparison=Shifted(tasks.planned, [round(score - _BETTER, 9) for score in tasks.added]),
        kind=FindingKind.PADDED,
        about=None,
        plans=1,
        effect=added - planned if tasks.lifted else 0.0,
        least=LEAST_EASIER,
        measure="difference of mean scores",
        text=f"{len(tasks.added):,} tasks that were added when the rolling confidence was low "
        f"score {added:.2f} on average, and {len(tasks.planned):,} planned ones {planned:.2f}; "
        "without them it is below the threshold",
        shown_by=tasks.shown_by,
        severity=Severity.WARNING,
    )
