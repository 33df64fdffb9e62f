"""Who judged, and what: the judges of a task, and their judgements."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from plangate.domain.vocabulary import Scorer, ScorerKind


class JudgeKey(NamedTuple):
    """One judge: the kind and the name of its scorer, whatever the version.

    Scores without a scorer come from one judge together, which has neither.
    """

    kind: ScorerKind | None = None
    name: str | None = None

    def __str__(self) -> str:
        return "unnamed" if self.kind is None else f"{self.kind}:{self.name}"


UNNAMED: Final = JudgeKey()
"""The judge of all scores without a scorer."""


def judge_key(scorer: Scorer | None) -> JudgeKey:
    """Which judge a scorer is; two versions of one are the same judge."""
    return UNNAMED if scorer is None else JudgeKey(scorer.kind, scorer.name)


class Judgement(NamedTuple):
    """A score that was not retracted, and the version of the plan at which it was given.

    `judge` gave it; None where the policy does not tell judges apart.
    """

    score: float
    version: int
    clamped: bool = False
    judge: JudgeKey | None = None


Judgements = Sequence[Judgement]
"""Judgements of one kind, newest first."""
