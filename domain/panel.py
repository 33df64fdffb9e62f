"""The judges of one task together: whose scores count, and how they combine.

Each judge has one say: its newest score of the attempt that was not retracted. Adding a
score costs a pass over the judges, never over their earlier scores.
"""

from collections.abc import Callable, Iterable, Sequence
from math import fsum
from typing import Any, Final, NamedTuple

from plangate.domain.judging import Judgement, Judgements
from plangate.domain.values import NewestFirst
from plangate.domain.vocabulary import Judges

_LEAST_TRIMMED: Final = 3
"""So many judges are needed before the lowest and the highest score can be left out."""


class PanelRule(NamedTuple):
    """How the scores of several judges combine, and how many judges it takes."""

    judges: Judges
    least: int

    def combined(self, scores: Sequence[float]) -> float:
        """One score for those of all judges, which come newest first."""
        if self.judges is Judges.NEWEST:
            return scores[0]
        kept = sorted(scores)[self._kept(len(scores))]
        return fsum(kept) / len(kept)

    def shares(self, scores: Sequence[float]) -> tuple[float, ...]:
        """What each score, times which, sums to the combined one."""
        by_score = sorted(range(len(scores)), key=scores.__getitem__)
        kept = [0] if self.judges is Judges.NEWEST else by_score[self._kept(len(scores))]
        return tuple(1 / len(kept) if index in kept else 0.0 for index in range(len(scores)))

    def leeway(self, scores: Sequence[float], index: int) -> "Leeway":
        """How the combined score depends on one of the scores."""
        if self.judges is Judges.NEWEST:
            return Leeway(0.0, 1.0, 0.0, 1) if index == 0 else Leeway(0.0, 0.0, scores[0], 1)
        others = sorted([*scores[:index], *scores[index + 1 :]])
        kept = range(len(scores))[self._kept(len(scores))]
        first, last = kept[0], kept[-1]
        return Leeway(
            low=others[first - 1] if first else 0.0,
            high=others[last] if last < len(others) else 1.0,
            fixed=fsum(others[first:last]),
            size=len(kept),
        )

    def _kept(self, scores: int) -> slice:
        """Which of the scores are averaged, once they are sorted."""
        match self.judges:
            case Judges.MIN:
                return slice(0, 1)
            case Judges.MEDIAN:
                return slice((scores - 1) // 2, scores // 2 + 1)
            case Judges.TRIMMED if scores >= _LEAST_TRIMMED:
                return slice(1, scores - 1)
            case _:  # the mean
                return slice(0, scores)


class Leeway(NamedTuple):
    """The combined score as one judge's score moves, all others unchanged.

    It is `fixed` plus the score, held between `low` and `high`, over `size`.
    """

    low: float
    high: float
    fixed: float
    size: int

    def score_for(self, combined: float) -> float | None:
        """The score nearest to either end that combines to this; None where none does."""
        score = combined * self.size - self.fixed
        return score if self.low <= score <= self.high else None


class Panel(NewestFirst[Judgement]):
    """The judgements of a task of one kind, where its policy tells judges apart.

    `latest` has the newest of each judge, newest first. `score` is what counts; None while
    `missing` judges have not scored.
    """

    __slots__ = ("latest", "missing", "rule", "score")

    def __init__(self, newest: Judgement, older: Judgements, rule: PanelRule) -> None:
        super().__init__(newest, older)
        before = older.latest if isinstance(older, Panel) else ()
        self.rule = rule
        self.latest: tuple[Judgement, ...] = (
            newest,
            *(given for given in before if given.judge != newest.judge),
        )
        self.missing = max(rule.least - len(self.latest), 0)
        scores = [given.score for given in self.latest]
        self.score = None if self.missing else rule.combined(scores)

    @staticmethod
    def of(judgements: Iterable[Judgement], rule: PanelRule) -> Judgements:
        """The panel of judgements, which come newest first; an empty tuple for none."""
        panel: Judgements = ()
        for given in reversed([*judgements]):
            panel = Panel(given, panel, rule)
        return panel

    @property
    def counting(self) -> tuple[Judgement, ...]:
        """The judgements that the score is made of."""
        if self.missing:
            return ()
        return self.latest[:1] if self.rule.judges is Judges.NEWEST else self.latest

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Panel.of, (tuple(self), self.rule)
