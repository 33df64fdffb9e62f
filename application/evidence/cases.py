"""Cases in compact arrays: each outcome with the confidence before it, and who judged when."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, assert_never

NO_LABEL: Final = "no label"
NO_SCORE: Final = "no output score"


class Grouping(StrEnum):
    """What a calibration is separated by.

    `scorer` and `version` are those of the newest output score before the outcome, `month`
    is when it was given. `label` is one of the task or of its plan; a case with several
    labels is in several groups.
    """

    SCORER = "scorer"
    VERSION = "version"
    SOURCE = "source"
    LABEL = "label"
    MONTH = "month"


class NumberedNames:
    """Names by number, so that a case holds a number."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a name, from 0 in the order in which they came."""
        found = self._numbers.setdefault(name, len(self.names))
        if found == len(self.names):
            self.names.append(name)
        return found

    def extended(self, others: "NumberedNames", numbers: "array[int]") -> "array[int]":
        """The numbers here of names that have these numbers there."""
        here = [self.number(name) for name in others.names]
        return array(numbers.typecode, (here[number] for number in numbers))


@dataclass(frozen=True, slots=True)
class CaseScore:
    """The newest score that one judge gave a result, on which day since 1970, and its version."""

    judge: str
    version: str
    score: float
    day: float


@dataclass(frozen=True, slots=True)
class Case:
    """One outcome, and what was known of its task before it.

    `stopped` is whether the gate stopped the result, None where none was scored. `scores`
    are those that stood, a judge's newest each, the newest of all last.
    """

    plan_id: str
    confidence: float
    accepted: bool
    stopped: bool | None = None
    source: str = ""
    labels: tuple[str, ...] = ()
    scores: tuple[CaseScore, ...] = ()


class JudgeScores:
    """The scores of the judges of results with an outcome, a row each."""

    def __init__(self) -> None:
        self.plan, self.judge, self.version = array("L"), array("L"), array("L")
        self.score, self.day, self.accepted = array("d"), array("d"), array("B")
        self.judges, self.versions = NumberedNames(), NumberedNames()

    def add(self, plan: int, given: CaseScore, *, accepted: bool) -> None:
        """Add one row."""
        self.plan.append(plan)
        self.judge.append(self.judges.number(given.judge))
        self.version.append(self.versions.number(given.version))
        self.score.append(given.score)
        self.day.append(given.day)
        self.accepted.append(accepted)

    def extend(self, part: "JudgeScores", plans: "array[int]") -> None:
        """Add the rows of plans that follow, whose plans have these numbers here."""
        self.plan += plans
        self.judge += self.judges.extended(part.judges, part.judge)
        self.version += self.versions.extended(part.versions, part.version)
        self.score += part.score
        self.day += part.day
        self.accepted += part.accepted


class Cases:
    """Cases as columns: some bytes each, so that a million fit in memory.

    `stopped` is -1 where the gate gave no verdict. `groups` has a pair of columns for each
    grouping: the case's place, and the number of the group's name; a case with several
    labels is in several groups.
    """

    def __init__(self, groupings: Sequence[Grouping] = ()) -> None:
        self.plan, self.confidence = array("L"), array("d")
        self.accepted, self.stopped = array("B"), array("b")
        self.plans = NumberedNames()
        self.sources: Counter[str] = Counter()
        self.scores = JudgeScores()
        self.groups = {one: (array("L"), array("L"), NumberedNames()) for one in groupings}

    def __len__(self) -> int:
        return len(self.plan)

    def add(self, case: Case) -> None:
        """Add one case."""
        place, plan = len(self), self.plans.number(case.plan_id)
        self.plan.append(plan)
        self.confidence.append(case.confidence)
        self.accepted.append(case.accepted)
        self.stopped.append(-1 if case.stopped is None else case.stopped)
        self.sources[case.source] += 1
        for given in case.scores:
            self.scores.add(plan, given, accepted=case.accepted)
        for grouping, (places, numbers, names) in self.groups.items():
            for name in _groups_of(case, grouping):
                places.append(place)
                numbers.append(names.number(name))

    def extend(self, part: "Cases") -> None:
        """Add the cases of the plans that follow."""
        before = len(self)
        self.scores.extend(part.scores, self.plans.extended(part.plans, part.scores.plan))
        self.plan += self.plans.extended(part.plans, part.plan)
        self.confidence += part.confidence
        self.accepted += part.accepted
        self.stopped += part.stopped
        self.sources.update(part.sources)
        for grouping, (places, numbers, names) in self.groups.items():
            other_places, other_numbers, other_names = part.groups[grouping]
            places.extend(before + place for place in other_places)
            numbers.extend(names.extended(other_names, other_numbers))


def month_of(day: float) -> str:
    """The month of a day since 1970, as 2026-11."""
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m")


def _groups_of(case: Case, grouping: Grouping) -> Iterable[str]:
    newest = case.scores[-1] if case.scores else None
    match grouping:
        case Grouping.SOURCE:
            return (case.source,)
        case Grouping.LABEL:
            return case.labels or (NO_LABEL,)
        case Grouping.SCORER:
            return (newest.judge if newest else NO_SCORE,)
        case Grouping.VERSION:
            named = newest and f"{newest.judge} {newest.version or 'without a version'}"
            return (named or NO_SCORE,)
        case Grouping.MONTH:
            return (month_of(newest.day) if newest else NO_SCORE,)
        case _ as never:
            assert_never(never)
