"""Judges that were swapped for milder ones, and versions that score otherwise, between plans.

The last plans before a change are compared with the first plans after it: so few that slow
drift does not count. What judges who stayed scored higher or lower meanwhile is taken off.
"""

import itertools
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final, NamedTuple

from plangate.application.evidence.comparisons import MIN_PLANS, Shifted
from plangate.application.evidence.distributions.judged import PossibleFinding
from plangate.application.evidence.distributions.plan_sample import (
    NOTABLE,
    JudgeOfKind,
    PlanSample,
    named,
)
from plangate.application.evidence.finding import EventList, FindingKind
from plangate.domain.judging import JudgeKey
from plangate.domain.vocabulary import ScoreKind

LEAST: Final = NOTABLE
"""How much higher or lower the scores are at least, on average."""

WINDOW: Final = 30
"""So many plans before and after a change are compared."""

_MIN_OF_FELLOWS: Final = 5


@dataclass(slots=True)
class _Series:
    """The mean scores of one judge or version, by the number of the plan."""

    first_event: str
    last_event: str = ""
    numbers: "array[int]" = field(default_factory=lambda: array("l"))
    means: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, number: int, mean: float, last_event: str) -> None:
        self.numbers.append(number)
        self.means.append(mean)
        self.last_event = last_event

    def between(self, first: int, last: int) -> "array[float]":
        """The means of the plans with these numbers."""
        return self.means[bisect_left(self.numbers, first) : bisect_right(self.numbers, last)]


class _Change(NamedTuple):
    """The plans before a change and those after it, with the number of each."""

    before: _Series
    after: _Series

    @property
    def windows(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first and the last plan of both sides."""
        since = self.after.numbers[0]
        earlier = self.before.numbers[: bisect_right(self.before.numbers, since)][-WINDOW:]
        later = self.after.numbers[:WINDOW]
        return (earlier[0], earlier[-1]), (later[0], later[-1])


class JudgeChanges:
    """Who judged the outputs of plan after plan, in the order of their creation."""

    def __init__(self, called: Mapping[JudgeOfKind, JudgeKey]) -> None:
        self._called = called
        self._plans = 0
        self._judges: dict[JudgeOfKind, _Series] = {}
        self._versions: dict[JudgeOfKind, dict[str, _Series]] = {}

    def add(self, sample: PlanSample) -> None:
        """Add the next plan."""
        self._plans += 1
        for judge, scores in sample.judges.items():
            if judge.kind is not ScoreKind.OUTPUT:
                continue
            first, last = scores.shown_by.event_ids[0], scores.shown_by.event_ids[-1]
            series = self._judges.setdefault(judge, _Series(first))
            series.add(self._plans, scores.mean, last)
            version, *others = scores.versions
            if version is not None and not others:
                versions = self._versions.setdefault(judge, {})
                versions.setdefault(version, _Series(first)).add(self._plans, scores.mean, last)

    def candidates(self) -> Iterator[Iterator[PossibleFinding]]:
        """The swaps, and the new versions."""
        yield self._swaps()
        yield self._new_versions()

    def _swaps(self) -> Iterator[PossibleFinding]:
        """Each judge beside the one that had judged before, and no more since."""
        for judge, series in self._judges.items():
            earlier = [
                other
                for other, before in self._judges.items()
                if other != judge and before.numbers[-1] <= series.numbers[0]
            ]
            if not earlier:
                continue
            other = max(earlier, key=lambda one: self._judges[one].numbers[-1])
            change = _Change(self._judges[other], series)
            text = f"{named(self._called[judge])} took the place of {named(self._called[other])}"
            yield from self._shifted(change, FindingKind.JUDGE_SWAPPED, {judge, other}, judge, text)

    def _new_versions(self) -> Iterator[PossibleFinding]:
        for judge, versions in self._versions.items():
            series = list(versions.items())
            for (version, before), (new, after) in itertools.pairwise(series):
                change = _Change(before, after)
                text = f"version {new} of {named(self._called[judge])} followed version {version}"
                yield from self._shifted(change, FindingKind.VERSION_SHIFTED, {judge}, judge, text)

    def _shifted(
        self,
        change: _Change,
        kind: FindingKind,
        changed: set[JudgeOfKind],
        judge: JudgeOfKind,
        text: str,
    ) -> Iterator[PossibleFinding]:
        earlier, later = change.windows
        before, after = change.before.between(*earlier), change.after.between(*later)
        if len(before) < MIN_PLANS or len(after) < MIN_PLANS:
            return
        common = self._common_shift(changed, earlier, later)
        shift = fmean(after) - fmean(before) - common
        both = kind is FindingKind.VERSION_SHIFTED
        direction = "higher" if shift > 0 else "lower"
        meanwhile = f", what others scored {common:+.2f} meanwhile taken off" if common else ""
        yield PossibleFinding(
            comparison=Shifted(before, [round(mean - common, 9) for mean in after], both),
            kind=kind,
            about=str(self._called[judge]),
            plans=len(before) + len(after),
            effect=abs(shift) if both else shift,
            least=LEAST,
            measure="difference of the plans' mean scores",
            text=f"{text}, and scores outputs {abs(shift):.2f} {direction}{meanwhile}",
            shown_by=EventList.of(None, change.before.last_event, change.after.first_event),
        )

    def _common_shift(
        self, changed: set[JudgeOfKind], earlier: tuple[int, int], later: tuple[int, int]
    ) -> float:
        """How much higher the judges who stayed score in the later plans."""
        shifts, weights = 0.0, 0
        for judge, series in self._judges.items():
            before, after = series.between(*earlier), series.between(*later)
            if judge not in changed and min(len(before), len(after)) >= _MIN_OF_FELLOWS:
                weight = min(len(before), len(after))
                shifts += weight * (fmean(after) - fmean(before))
                weights += weight
        return shifts / weights if weights else 0.0
