"""Judges who are milder or harsher than their fellows on the same work.

Two judges are compared where both scored the same output or instruction, plan by plan; and
where they scored plans of the same work, work by work. Work that was planned again because
it had failed is not compared: it may well have become better. Programs are not compared:
each measures something else.
"""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final, NamedTuple

from plangate.application.evidence.comparisons import MIN_PLANS, Paired, Significance
from plangate.application.evidence.distributions.judged import PossibleFinding, significances
from plangate.application.evidence.distributions.plan_sample import (
    NOTABLE,
    JudgeOfKind,
    PlanSample,
    judged,
    named,
)
from plangate.application.evidence.finding import EventList, Finding, FindingKind, first
from plangate.application.evidence.same_work import SameWork, WorkKey, Works
from plangate.application.evidence.statistics import MakeStatistics
from plangate.domain.confidence import reaches
from plangate.domain.judging import JudgeKey
from plangate.domain.vocabulary import ScorerKind

LEAST: Final = NOTABLE
"""How much milder or harsher a judge is at least, on average."""

Pair = tuple[JudgeOfKind, JudgeOfKind]


@dataclass(slots=True)
class _Compared:
    """How much higher the first of two judges scored, for each plan or work."""

    differences: "array[float]" = field(default_factory=lambda: array("d"))
    higher: EventList = field(default_factory=EventList)
    lower: EventList = field(default_factory=EventList)

    @property
    def mean(self) -> float:
        return fmean(self.differences)


class _PlanMeans(NamedTuple):
    """The mean scores of one plan's judges, each with an event; and when it failed."""

    created_at: int | None
    failed_at: int | None
    means: tuple[tuple[JudgeOfKind, float, str], ...]


class _ScoreGap(NamedTuple):
    """A judge who scored higher than another, beyond chance."""

    milder: JudgeOfKind
    harsher: JudgeOfKind
    by: float
    plans: int
    shown_by: EventList
    significance: Significance


class Fellows:
    """The judges of all plans, each beside those who scored the same work."""

    def __init__(self, called: Mapping[JudgeOfKind, JudgeKey]) -> None:
        self._called = called
        self._pairs: dict[Pair, _Compared] = {}
        self._works = Works()
        self._plans: dict[str, _PlanMeans] = {}

    def add(self, sample: PlanSample) -> None:
        """Compare the judges of one more plan."""
        for pair, shared in sample.shared.items():
            if any(judge.key.kind is ScorerKind.CODE for judge in pair):
                continue
            compared = self._pairs.setdefault(pair, _Compared())
            compared.differences.append(shared.total / shared.count)
            compared.higher.extend(shared.higher)
            compared.lower.extend(shared.lower)
        if sample.created is not None and sample.judges:
            self._works.add(sample.plan_id, sample.created)
            means = tuple(
                (judge, scores.mean, scores.shown_by.event_ids[-1])
                for judge, scores in sample.judges.items()
                if judge.key.kind is not ScorerKind.CODE
            )
            self._plans[sample.plan_id] = _PlanMeans(sample.created_at, sample.failed_at, means)

    def findings(self, statistics: MakeStatistics) -> Iterator[Finding]:
        """One finding for each judge that differs from one or several others."""
        self._compare_works()
        enough = [
            (pair, compared)
            for pair, compared in self._pairs.items()
            if len(compared.differences) >= MIN_PLANS
        ]
        tested = significances([Paired(one.differences) for _, one in enough], statistics)
        differences = [
            _difference(pair, compared, significance)
            for (pair, compared), significance in zip(enough, tested, strict=True)
            if significance.is_found() and reaches(abs(compared.mean), LEAST)
        ]
        while differences:
            judge, of_judge = self._most_different(differences)
            differences = [one for one in differences if one not in of_judge]
            yield self._finding(judge, of_judge, len(enough))

    def _finding(self, judge: JudgeOfKind, of_judge: list[_ScoreGap], comparisons: int) -> Finding:
        milder = of_judge[0].milder == judge
        others = [
            f"{one.by:.2f} {'higher' if milder else 'lower'} than "
            f"{named(self._called[one.harsher if milder else one.milder])}"
            for one in of_judge
        ]
        weakest = max(of_judge, key=lambda one: one.significance.adjusted)
        return PossibleFinding(
            comparison=Paired(()),
            kind=FindingKind.JUDGE_MILDER if milder else FindingKind.JUDGE_HARSHER,
            about=str(self._called[judge]),
            plans=weakest.plans,
            effect=weakest.by,
            least=LEAST,
            measure="mean difference of scores for the same work",
            text=f"{named(self._called[judge])} scores the same {judged(judge.kind)} "
            f"{first(others)}",
            shown_by=max(of_judge, key=lambda one: one.shown_by.count).shown_by,
        ).finding(weakest.significance, comparisons)

    def _most_different(self, differences: list[_ScoreGap]) -> tuple[JudgeOfKind, list[_ScoreGap]]:
        """The judge that differs from most others in one direction.

        Among several it is the one that is further from all its fellows; of two judges who
        have no others, the milder one.
        """
        by_judge: dict[tuple[JudgeOfKind, bool], list[_ScoreGap]] = {}
        for one in differences:
            by_judge.setdefault((one.milder, True), []).append(one)
            by_judge.setdefault((one.harsher, False), []).append(one)
        chosen = max(
            by_judge,
            key=lambda key: (len(by_judge[key]), round(self._deviation(key[0]), 9), key[1], key[0]),
        )
        return chosen[0], by_judge[chosen]

    def _deviation(self, judge: JudgeOfKind) -> float:
        """How far a judge is from its fellows, on average over all compared plans."""
        total, count = 0.0, 0
        for (one, other), compared in self._pairs.items():
            if judge in {one, other}:
                total += sum(compared.differences) * (1 if judge == one else -1)
                count += len(compared.differences)
        return abs(total / count)

    # --- plans of the same work ---

    def _compare_works(self) -> None:
        """Add one difference for each work and each two judges of its plans."""
        for plans in self._plans_by_work().values():
            sums: dict[JudgeOfKind, tuple[float, int, str]] = {}
            for plan in plans:
                for judge, mean, event_id in plan.means:
                    total, count, _ = sums.get(judge, (0.0, 0, ""))
                    sums[judge] = total + mean, count + 1, event_id
            ordered = sorted(sums.items(), key=lambda one: str(one[0].key))
            for place, (judge, (total, count, event_id)) in enumerate(ordered):
                for other, (other_total, other_count, other_id) in ordered[place + 1 :]:
                    if other.kind is judge.kind:
                        compared = self._pairs.setdefault((judge, other), _Compared())
                        difference = total / count - other_total / other_count
                        compared.differences.append(difference)
                        shown_by = compared.higher if difference > 0 else compared.lower
                        shown_by.extend(EventList.of(None, event_id, other_id))

    def _plans_by_work(self) -> dict[WorkKey, list[_PlanMeans]]:
        """Works with several plans, without those that were planned again after a failure."""
        by_work: dict[WorkKey, list[_PlanMeans]] = {}
        failed: dict[WorkKey, int | None] = {}
        for plan_id, plan in self._plans.items():
            work = self._works.of(plan_id)
            if work is None:
                continue
            again = work.by is SameWork.GOAL_AND_TITLES and work.key in failed
            if not again or _before(plan.created_at, failed[work.key]):
                by_work.setdefault(work.key, []).append(plan)
            if plan.failed_at is not None and work.key not in failed:
                failed[work.key] = plan.failed_at
        return {key: plans for key, plans in by_work.items() if len(plans) > 1}


def _before(position: int | None, other: int | None) -> bool:
    return position is not None and other is not None and position < other


def _difference(pair: Pair, compared: _Compared, significance: Significance) -> _ScoreGap:
    one, other = pair
    by, plans = compared.mean, len(compared.differences)
    if by > 0:
        return _ScoreGap(one, other, by, plans, compared.higher, significance)
    return _ScoreGap(other, one, -by, plans, compared.lower, significance)
