"""Collect, plan by plan, what several judges gave to the same work, or one judge again.

Two judges of one plan are compared at once. What is scored in several plans of the same work
is kept as bare numbers until all plans were read.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

from plangate.application.event_store import EventStore
from plangate.application.evidence.judged_plan import JudgedPlan, Scored
from plangate.application.evidence.pair_sums import SCORES, VERDICTS, PairSums, cells
from plangate.application.evidence.run_pairs import JudgedRun, Judges
from plangate.application.rerun.recorded_commands import listed_commands
from plangate.application.rerun.rerun import Rules
from plangate.application.results import UnreadablePlan
from plangate.domain.errors import InvalidInput
from plangate.domain.judging import JudgeKey

_NONE: Final = (0.0,) * VERDICTS


class AgreementCases:
    """The scores and verdicts of the plans added so far, as far as they can be compared.

    `plans_of` and `scores_of` count those of each judge. `pairs` has the sums of two judges of
    one plan, `joint` the scores of all judges of it. `partly` counts the pairs whose verdicts
    are not compared, as they share less than half of what either scored. `runs` has one
    judge's scores of one plan, where others have the same work.
    """

    def __init__(self, rules: Sequence[Rules | None], works: Mapping[str, int]) -> None:
        self._rules = tuple(rules)
        self.passes = len(self._rules)
        self._works = works
        self.plans = 0
        self.plans_of: Counter[JudgeKey] = Counter()
        self.scores_of: Counter[JudgeKey] = Counter()
        self.pairs: dict[Judges, PairSums] = {}
        self.joint = PairSums(0)
        self.partly = 0
        self.runs: list[JudgedRun] = []
        self.unfit: Counter[int] = Counter()
        self.unreadable: list[UnreadablePlan] = []

    def add(self, store: EventStore, plan_id: str) -> None:
        """Add one more plan."""
        history = listed_commands(store, plan_id, self.unreadable)
        if not history:
            return
        judged = JudgedPlan(history)
        self.plans_of.update(judged.scores.keys())
        self.scores_of.update({judge: len(scores) for judge, scores in judged.scores.items()})
        if len(judged.scores) > 1:
            self._compare(judged)
        if plan_id in self._works:
            self._keep(judged, self._works[plan_id])
        self.plans += 1

    def extend(self, part: "AgreementCases") -> None:
        """Add the cases of the plans that follow."""
        self.plans_of += part.plans_of
        self.scores_of += part.scores_of
        for judges, sums in part.pairs.items():
            self._sums(judges).extend(sums, self.plans)
        self.joint.extend(part.joint, self.plans)
        self.partly += part.partly
        self.runs += (run._replace(plan=run.plan + self.plans) for run in part.runs)
        self.unfit += part.unfit
        self.unreadable += part.unreadable
        self.plans += part.plans

    def _compare(self, judged: JudgedPlan) -> None:
        """Compare every two judges of one plan."""
        for first, second in combinations(sorted(judged.scores, key=str), 2):
            one, other = judged.scores[first], judged.scores[second]
            common = [scored for scored in one if scored in other]
            if not common:
                continue
            row = _scores_of_two(judged, [(one[scored], other[scored]) for scored in common])
            compared = 2 * len(common) >= len(one.keys() | other.keys())
            self.partly += not compared
            shared = frozenset(common)
            for index in range(len(self._rules)):
                row += self._verdicts(judged, (first, second), shared, index) if compared else _NONE
            self._sums((first, second)).add(self.plans, self.plans, 0, row)
        moments = _moments_of_all(judged)
        if moments[0]:
            self.joint.add(self.plans, self.plans, 0, [*_NONE, *moments])

    def _verdicts(
        self, judged: JudgedPlan, judges: Judges, common: frozenset[Scored], index: int
    ) -> Sequence[float]:
        first, second = (self._fires(judged, judge, index, common) for judge in judges)
        return _NONE if first is None or second is None else cells(second, not second, so=first)

    def _fires(
        self,
        judged: JudgedPlan,
        judge: JudgeKey,
        index: int,
        only: frozenset[Scored] | None = None,
    ) -> bool | None:
        """Whether the gate fires for one judge; None where the policy does not fit the plan's."""
        try:
            return judged.fires(judge, self._rules[index], only)
        except InvalidInput:
            self.unfit[index] += 1
            return None

    def _keep(self, judged: JudgedPlan, work: int) -> None:
        labels = judged.labels()
        for judge, scores in judged.scores.items():
            labelled = sorted(
                (labels[one], score) for one, score in scores.items() if one in labels
            )
            self.runs.append(
                JudgedRun(
                    work=work,
                    plan=self.plans,
                    judge=judge,
                    labels=array("Q", [label for label, _ in labelled]),
                    scores=array("d", [score for _, score in labelled]),
                    low=bytes(judged.is_low(score) for _, score in labelled),
                    fires=tuple(
                        self._fires(judged, judge, index) for index in range(len(self._rules))
                    ),
                )
            )

    def _sums(self, judges: Judges) -> PairSums:
        return self.pairs.setdefault(judges, PairSums(len(self._rules)))


def _scores_of_two(judged: JudgedPlan, scores: Sequence[tuple[float, float]]) -> list[float]:
    row = [0.0] * SCORES
    for first, second in scores:
        low = judged.is_low(second)
        for place, one in enumerate(cells(low, not low, so=judged.is_low(first))):
            row[place] += one
        row[4] += 2
        row[5] += first + second
        row[6] += first * first + second * second
        row[7] += 2 * (first - second) ** 2
    return row


def _moments_of_all(judged: JudgedPlan) -> list[float]:
    """The scores that several judges gave: how many, their moments, and their differences."""
    by_scored: dict[Scored, list[float]] = {}
    for scores in judged.scores.values():
        for scored, score in scores.items():
            by_scored.setdefault(scored, []).append(score)
    row = [0.0] * 4
    for given in by_scored.values():
        size = len(given)
        if size > 1:
            total, squares = sum(given), sum(score * score for score in given)
            row[0] += size
            row[1] += total
            row[2] += squares
            row[3] += sum((a - b) ** 2 for a, b in combinations(given, 2)) * 2 / (size - 1)
    return row
