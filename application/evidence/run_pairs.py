"""Pair one judge's scores of several plans of the same work: with each other, or another's.

Every score counts once, however many there are to compare it with: the pairs of `n` repeats
count `1 / (n - 1)` each, as in Krippendorff's alpha. Of two judges with `m` and `n` plans
they count `(m + n) / 2mn` each. A row holds the pairs of its plan: half of each, in both
directions.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final, NamedTuple

from plangate.application.evidence.pair_sums import SCORES, VERDICTS, PairSums, cells
from plangate.domain.judging import JudgeKey

_SEVERAL: Final = 2
_NOTHING: Final = [0.0] * SCORES


class JudgedRun(NamedTuple):
    """One judge's scores of one plan: labels of what was scored, whether low, who fired."""

    work: int
    plan: int
    judge: JudgeKey
    labels: "array[int]"
    scores: "array[float]"
    low: bytes
    fires: tuple[bool | None, ...]


Judges = tuple[JudgeKey, ...]
_Eight = list[float]


def repeats(runs: Iterable[JudgedRun], policies: int) -> dict[Judges, PairSums]:
    """The sums of each judge with itself, over all works that it judged in several plans."""
    found: dict[Judges, PairSums] = {}
    for work, by_judge in _by_work(runs).items():
        for judge, group in by_judge.items():
            if len(group) >= _SEVERAL:
                sums = found.setdefault((judge,), PairSums(policies))
                counted = _Counted(group)
                for run in group:
                    sums.add(run.plan, work, 0, _row(run, counted, None, first=True))
    return found


def of_two_judges(runs: Iterable[JudgedRun], policies: int) -> dict[Judges, PairSums]:
    """The sums of every two judges that judged plans of the same work, but none together."""
    found: dict[Judges, PairSums] = {}
    numbers: dict[JudgeKey, int] = {}
    for work, by_judge in _by_work(runs).items():
        counted = {judge: _Counted(group) for judge, group in by_judge.items()}
        for judges in combinations(sorted(by_judge, key=str), 2):
            one, other = (by_judge[judge] for judge in judges)
            if {run.plan for run in one} & {run.plan for run in other}:
                continue
            sums = found.setdefault(judges, PairSums(policies))
            for judge, others in (judges, judges[::-1]):
                side = numbers.setdefault(judge, len(numbers))
                for run in by_judge[judge]:
                    row = _row(run, counted[judge], counted[others], first=judge == judges[0])
                    sums.add(run.plan, work, side, row)
    return found


class _Ratings:
    """Scores or verdicts on the same: how many, how many of them are so, and their moments."""

    __slots__ = ("size", "so", "squares", "total")

    def __init__(self) -> None:
        self.size = self.so = 0
        self.total = self.squares = 0.0

    def add(self, score: float, *, so: bool) -> None:
        self.size += 1
        self.so += so
        self.total += score
        self.squares += score * score


_EMPTY: Final = _Ratings()


class _Counted:
    """What one judge gave to plans of one work: to each task, and by each policy."""

    def __init__(self, runs: Sequence[JudgedRun]) -> None:
        self.tasks: dict[int, _Ratings] = defaultdict(_Ratings)
        self.policies: dict[int, _Ratings] = defaultdict(_Ratings)
        for run in runs:
            for label, score, low in zip(run.labels, run.scores, run.low, strict=True):
                self.tasks[label].add(score, so=bool(low))
            for policy, fires in enumerate(run.fires):
                if fires is not None:
                    self.policies[policy].add(0.0, so=fires)


def _row(run: JudgedRun, own: _Counted, others: _Counted | None, *, first: bool) -> _Eight:
    """All pairs of one plan: with the others of its judge, or with those of another one."""
    row = [0.0] * SCORES
    for label, score, low in zip(run.labels, run.scores, run.low, strict=True):
        group = own.tasks[label]
        if others is None:
            pairs = _with_own(score, bool(low), group)
        else:
            other = others.tasks.get(label, _EMPTY)
            pairs = _with_another(score, bool(low), group, other, first=first)
        row = [there + more for there, more in zip(row, pairs, strict=True)]
    for policy, fires in enumerate(run.fires):
        group = own.policies[policy]
        if fires is None:
            pairs = _NOTHING
        elif others is None:
            pairs = _with_own(0.0, fires, group)
        else:
            other = others.policies.get(policy, _EMPTY)
            pairs = _with_another(0.0, fires, group, other, first=first)
        row += pairs[:VERDICTS]
    return row


def _with_own(score: float, so: bool, group: _Ratings) -> _Eight:  # noqa: FBT001
    """The pairs of one with the rest of its group."""
    rest = group.size - 1
    if not rest:
        return _NOTHING
    alike = (group.so - so) / rest
    square = score * score
    return [
        *cells(alike, 1 - alike, so=so),
        1.0,
        (score + (group.total - score) / rest) / 2,
        (square + (group.squares - square) / rest) / 2,
        _squares(score, group) / rest,
    ]


def _with_another(
    score: float,
    so: bool,  # noqa: FBT001
    own: _Ratings,
    other: _Ratings,
    *,
    first: bool,
) -> _Eight:
    """Half of the pairs of one with a group of another judge."""
    if not other.size:
        return _NOTHING
    weight = (own.size + other.size) / (2 * own.size * other.size)
    half = weight / 2
    pairs = cells(half * other.so, half * (other.size - other.so), so=so)
    if not first:
        pairs[1], pairs[2] = pairs[2], pairs[1]
    return [
        *pairs,
        weight * other.size,
        half * (other.size * score + other.total),
        half * (other.size * score * score + other.squares),
        weight * _squares(score, other),
    ]


def _squares(score: float, group: _Ratings) -> float:
    """The sum of the squared differences from all of a group."""
    sums = group.size * score * score - 2 * score * group.total + group.squares
    return max(sums, 0.0)


def _by_work(runs: Iterable[JudgedRun]) -> dict[int, dict[JudgeKey, list[JudgedRun]]]:
    found: dict[int, dict[JudgeKey, list[JudgedRun]]] = {}
    for run in runs:
        found.setdefault(run.work, {}).setdefault(run.judge, []).append(run)
    return found
