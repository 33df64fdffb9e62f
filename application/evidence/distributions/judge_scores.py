"""The scores of each judge by themselves: heaped at the threshold, or always the same."""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from plangate.application.evidence.comparisons import MIN_PLANS, Heaped, MoreOften
from plangate.application.evidence.distributions.judged import PossibleFinding
from plangate.application.evidence.distributions.plan_sample import (
    JudgeOfKind,
    PlanSample,
    ScoresInPlan,
    judged,
    named,
)
from plangate.application.evidence.finding import EventList, FindingKind
from plangate.domain.judging import JudgeKey
from plangate.domain.vocabulary import ScoreKind, ScorerKind

MIN_SCORES: Final = 20
"""So many scores are needed: within 0.1 of the threshold, or of a judge in all."""

LEAST_HEAPED: Final = 2.0
"""How many times as often as expected, for each score just below, there is one just above."""

CONSTANT: Final = 0.95
"""So large a share of the same score is constant."""

LEAST_CONSTANT: Final = 0.4
"""How much more constant a judge is than its fellows, at least."""

_GROUPS: Final = 200
"""Into so many groups the plans of a judge are put where there are more, to keep memory flat."""

_COARSE: Final = 10
"""Steps of a scale in hundredths: with larger ones, neighbouring bins hold different grades."""

_COMMON: Final = 0.02
_VALUES: Final = 5
_WIDTH: Final = 2


@dataclass(slots=True)
class _Scores:
    """All scores of one judge; `firsts` counts the first one of each plan."""

    plans: int = 0
    count: int = 0
    hundredths: list[int] = field(default_factory=lambda: [0] * 101)
    firsts: list[int] = field(default_factory=lambda: [0] * 101)
    near: list[list[int]] = field(default_factory=list)
    just_above: EventList = field(default_factory=EventList)
    shown_by: EventList = field(default_factory=EventList)

    def add(self, scores: ScoresInPlan) -> None:
        if any(scores.near):
            if len(self.near) < _GROUPS:
                self.near.append(list(scores.near))
            else:
                group = self.near[self.plans % _GROUPS]
                group[:] = [one + more for one, more in zip(group, scores.near, strict=True)]
        self.plans += 1
        self.count += scores.count
        for value, count in scores.hundredths.items():
            self.hundredths[value] += count
        self.firsts[round(scores.first * 100)] += 1
        self.just_above.extend(scores.just_above)
        self.shown_by.extend(scores.shown_by)

    @property
    def bins(self) -> tuple[int, int, int, int]:
        """All scores in the four bins around the threshold."""
        far_below, below, above, far_above = map(sum, zip(*self.near, strict=True))
        return far_below, below, above, far_above

    @property
    def usual(self) -> range:
        """The scores around the most frequent one, in hundredths."""
        around = [range(max(v - _WIDTH, 0), min(v + _WIDTH, 100) + 1) for v in range(101)]
        return max(around, key=lambda some: (_within(self.hundredths, some), -len(some)))


class ScoresByJudge:
    """The scores of all judges."""

    def __init__(self, called: Mapping[JudgeOfKind, JudgeKey]) -> None:
        self._called = called
        self._judges: dict[JudgeOfKind, _Scores] = {}

    def add(self, sample: PlanSample) -> None:
        """Add the scores of one more plan."""
        for judge, scores in sample.judges.items():
            self._judges.setdefault(judge, _Scores()).add(scores)

    def candidates(self) -> Iterator[Iterator[PossibleFinding]]:
        """The judges whose scores may be heaped, and those whose scores may be constant."""
        yield self._heaped()
        yield self._constant()

    def _heaped(self) -> Iterator[PossibleFinding]:
        for judge, scores in self._judges.items():
            if judge.kind is not ScoreKind.OUTPUT or len(scores.near) < MIN_PLANS:
                continue
            far_below, below, above, far_above = scores.bins
            if below + above < MIN_SCORES or _is_coarse(scores.hundredths):
                continue
            expected = ((far_above + 0.5) / (far_below + 0.5)) ** (1 / 3)
            share = expected / (1 + expected)
            who = self._called[judge]
            yield PossibleFinding(
                comparison=Heaped([(g[0], g[1], g[2], g[3]) for g in scores.near]),
                kind=FindingKind.HEAPED_AT_THRESHOLD,
                about=str(who),
                plans=scores.plans,
                effect=(above + 0.5) / (below + 0.5) / expected,
                least=LEAST_HEAPED,
                measure="odds of just above to just below, to those of a smooth density",
                text=f"of the outputs that {named(who)} scored within 0.1 of the threshold, "
                f"{above:,} of {above + below:,} are just above, and {share:.0%} would be "
                "expected".replace("%", " %"),
                shown_by=scores.just_above,
            )

    def _constant(self) -> Iterator[PossibleFinding]:
        for judge, scores in self._judges.items():
            fellows = [
                other
                for key, other in self._judges.items()
                if key != judge
                and key.kind is judge.kind
                and judge.key.kind in {None, key.key.kind}
            ]
            others = sum(other.plans for other in fellows)
            usual = scores.usual
            # Work is often handed in only once a program accepts it.
            perfect = judge.key.kind is ScorerKind.CODE and 100 in usual  # noqa: PLR2004
            if scores.plans < MIN_PLANS or scores.count < MIN_SCORES or perfect:
                continue
            if others < MIN_PLANS:
                continue
            in_all = sum(other.count for other in fellows)
            of_fellows = sum(_within(other.hundredths, other.usual) for other in fellows) / in_all
            same = _within(scores.hundredths, usual)
            share = same / scores.count
            who = self._called[judge]
            yield PossibleFinding(
                comparison=MoreOften(
                    _within(scores.firsts, usual),
                    scores.plans,
                    sum(_within(other.firsts, other.usual) for other in fellows),
                    others,
                ),
                kind=FindingKind.CONSTANT_SCORES,
                about=str(who),
                plans=scores.plans,
                effect=share - of_fellows if share >= CONSTANT else 0.0,
                least=LEAST_CONSTANT,
                measure="share of the usual score, above that of its fellows",
                text=f"{named(who)} gave {same:,} of {scores.count:,} {judged(judge.kind)} "
                f"about {_middle(scores.hundredths, usual):.2f}; the usual score of its fellows "
                f"is {of_fellows:.0%} of theirs".replace("%", " %"),
                shown_by=scores.shown_by,
            )


def _within(hundredths: list[int], some: range) -> int:
    return sum(hundredths[some.start : some.stop])


def _middle(hundredths: list[int], some: range) -> float:
    """The most frequent score among some."""
    return max(some, key=hundredths.__getitem__) / 100


def _is_coarse(hundredths: list[int]) -> bool:
    """Whether a judge gives few grades, or grades that are too far from each other."""
    if sum(map(bool, hundredths)) < _VALUES:
        return True
    least = math.ceil(sum(hundredths) * _COMMON)
    common = [value for value, count in enumerate(hundredths) if count >= least]
    steps = sorted(after - value for value, after in itertools.pairwise(common))
    return bool(steps) and steps[len(steps) // 2] > _COARSE
