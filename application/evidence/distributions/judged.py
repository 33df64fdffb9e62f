"""Make findings of what a test found, each with how it was judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plangate.application.evidence.comparisons import FALSE_FINDINGS, Comparison, Significance
from plangate.application.evidence.finding import (
    EventList,
    Finding,
    FindingKind,
    JudgedBy,
    Severity,
)
from plangate.application.evidence.statistics import MakeStatistics
from plangate.domain.confidence import reaches


@dataclass(frozen=True, slots=True)
class PossibleFinding:
    """A comparison, and the finding that it is if chance does not explain it.

    `effect` must be at least `least`, whatever the test says: with many plans also what does
    not matter is beyond chance.
    """

    comparison: Comparison
    kind: FindingKind
    about: str | None
    plans: int
    effect: float
    least: float
    measure: str
    text: str
    shown_by: EventList
    severity: Severity = Severity.NOTICE

    def finding(self, significance: Significance, comparisons: int) -> Finding:
        """The finding."""
        judged_by = JudgedBy(
            test=self.comparison.test,
            measure=self.measure,
            effect=self.effect,
            p=significance.p,
            adjusted_p=significance.adjusted,
            comparisons=comparisons,
            plans=self.plans,
        )
        return Finding(
            kind=self.kind,
            severity=self.severity,
            plan_id=self.shown_by.event_ids[-1].rpartition("@")[0],
            task_id=self.shown_by.task_id if self.about is None else None,
            event_ids=tuple(self.shown_by.event_ids),
            event_count=self.shown_by.count,
            sentence=f"{self.text} ({judged_by.text})",
            about=self.about,
            judged_by=judged_by,
        )


def found(
    possible: Iterable[PossibleFinding],
    statistics: MakeStatistics,
    false_discoveries: float = FALSE_FINDINGS,
) -> list[Finding]:
    """The candidates of one kind that chance does not explain, and that matter."""
    candidates = list(possible)
    tested = significances([one.comparison for one in candidates], statistics)
    return [
        candidate.finding(significance, len(candidates))
        for candidate, significance in zip(candidates, tested, strict=True)
        if significance.is_found(false_discoveries) and reaches(candidate.effect, candidate.least)
    ]


def significances(
    comparisons: Sequence[Comparison], statistics: MakeStatistics
) -> Sequence[Significance]:
    """What the tests say; the libraries are not loaded where nothing is compared."""
    return statistics().significances(comparisons) if comparisons else ()
