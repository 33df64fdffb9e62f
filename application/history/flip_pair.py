"""Find the two scores whose change would move a plan across its gate's line, where no one does.

The smallest pair is that with the smallest sum of both changes. It is exact among the scores
that are tried: those of any two tasks or kinds, for the scores that can move the rolling
confidence furthest; and those of any two judges of one task, in panels that are not too large.
If any two scores of different tasks can flip the gate, the two that move it furthest do, so a
pair is found where there is one.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final, NamedTuple

from plangate.application.history.flip import ROUNDING, Balance, Lever, ScoreChange
from plangate.application.results import Result
from plangate.domain.panel import Panel
from plangate.domain.vocabulary import Judges, ScoreKind

_AT_MOST: Final = 100
"""So many scores are tried with each other, and so many panels by themselves."""

_MOST_JUDGES: Final = 12
"""The scores of a panel that is larger are not tried with each other."""

_HALVINGS: Final = 60
"""Enough to find a score in [0, 1] to its last bit."""


class ScorePair(Result):
    """Two scores that would flip the gate if both changed so.

    `size` is the sum of both changes, `rolling_confidence` the plan's with both.
    """

    one: ScoreChange
    other: ScoreChange
    size: float
    rolling_confidence: float


class _Pair(NamedTuple):
    """A candidate: the first score changes to `to`, the other from `begin` on until it flips.

    Without `to` both become the same score.
    """

    size: float
    one: Lever
    other: Lever
    begin: float
    to: float | None = None

    def confirmed(self, balance: Balance) -> ScorePair | None:
        """The pair, once the sum that the gate uses crosses the line; None if it does not."""
        end = 1.0 if balance.is_low else 0.0
        if self.to is None:
            to = last = balance.first_crossing((self.one, self.other), self.begin, end)
        else:
            to, limit = self.to, self.other.limit(up=balance.is_low)
            last = balance.first_crossing((self.other,), self.begin, limit, (self.one, to))
        if to is None or last is None:
            return None
        rolling_confidence = balance.with_scores((self.one, to), (self.other, last))
        one = balance.change(self.one, to, rolling_confidence)
        other = balance.change(self.other, last, rolling_confidence)
        size = one.size + other.size
        return ScorePair(one=one, other=other, size=size, rolling_confidence=rolling_confidence)


def smallest_pair(balance: Balance) -> ScorePair | None:
    """The smallest change of two scores that flips the gate; None if no two scores do."""
    levers = [lever for index in range(len(balance.tasks)) for lever in balance.levers(index)]
    found = [*_of_different_kinds(balance, levers), *_of_one_panel(balance, levers)]
    for pair in sorted(found, key=lambda pair: pair.size):
        confirmed = pair.confirmed(balance)
        if confirmed is not None:
            return confirmed
    return None


def _of_different_kinds(balance: Balance, levers: Iterable[Lever]) -> Iterator[_Pair]:
    """Pairs whose effects add up: one score goes as far as it counts, the other the rest."""
    up, needed = balance.is_low, abs(balance.needed)
    by_gain = sorted(levers, key=lambda lever: lever.gain(up=up), reverse=True)[:_AT_MOST]
    for one in by_gain:
        gain, to = one.gain(up=up), one.limit(up=up)
        for other in by_gain:
            if gain + other.gain(up=up) < needed - ROUNDING:
                break
            if (other.at, other.kind) == (one.at, one.kind):
                continue
            rest = (needed - gain) / other.slope
            begin = other.start(up=up) + (rest if up else -rest)
            yield _Pair(_size(one, to) + _size(other, begin), one, other, begin, to)


def _of_one_panel(balance: Balance, levers: Iterable[Lever]) -> Iterator[_Pair]:
    """Pairs of judges of one task: where one goes to another's score, the end, or both go alike."""
    panels: dict[tuple[int, ScoreKind], list[Lever]] = {}
    for lever in levers:
        panels.setdefault((lever.at, lever.kind), []).append(lever)
    several = [found for found in panels.values() if 1 < len(found) <= _MOST_JUDGES]
    several.sort(key=lambda found: found[0].effect, reverse=True)
    for found in several[:_AT_MOST]:
        judgements = balance.tasks[found[0].at].judgements(found[0].kind)
        if isinstance(judgements, Panel) and judgements.rule.judges is not Judges.NEWEST:
            for one, other in combinations(found, 2):
                yield from _alike(balance, judgements, one, other)
                yield from _in_turn(balance, judgements, one, other)
                yield from _in_turn(balance, judgements, other, one)


def _in_turn(balance: Balance, panel: Panel, one: Lever, other: Lever) -> Iterator[_Pair]:
    """One score goes to another's or to the end, and the other as far as is left."""
    end, begin = (1.0 if balance.is_low else 0.0), one.judgement.score
    for to in {end, *(given.score for given in panel.latest)} - {begin}:
        if not _is_between(begin, to, end):
            continue
        scores = [given.score for given in panel.latest]
        scores[one.place] = to
        way = panel.rule.leeway(scores, other.place)
        last = way.score_for(_wanted(balance, one))
        if _is_between(way.low, last, way.high):
            moved = other._replace(leeway=way)
            yield _Pair(_size(one, to) + _size(other, last), one, moved, last, to)


def _alike(balance: Balance, panel: Panel, one: Lever, other: Lever) -> Iterator[_Pair]:
    """Both scores become the same: the first that suffices, found by halving."""
    up, wanted = balance.is_low, _wanted(balance, one)
    scores = (one.judgement.score, other.judgement.score)
    begin, end = (max(scores), 1.0) if up else (min(scores), 0.0)

    def suffices(score: float) -> bool:
        combined = panel.combined_with({one.place: score, other.place: score})
        return combined >= wanted if up else combined <= wanted

    if suffices(end):
        for _ in range(_HALVINGS):
            middle = (begin + end) / 2
            begin, end = (begin, middle) if suffices(middle) else (middle, end)
        yield _Pair(_size(one, end) + _size(other, end), one, other, end)


def _wanted(balance: Balance, lever: Lever) -> float:
    """What the scores of the panel must combine to, all other tasks as they are."""
    return lever.combined + balance.needed / lever.effect


def _size(lever: Lever, to: float) -> float:
    return abs(to - lever.judgement.score)


def _is_between(one: float, middle: float, other: float) -> bool:
    return min(one, other) <= middle <= max(one, other)
