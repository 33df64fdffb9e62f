"""The parts of a task's confidence: its scores, and what each judge contributes to them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from plangate.application.results import Result
from plangate.domain.event_ids import event_id
from plangate.domain.events import TaskScored
from plangate.domain.judging import Judgement, Judgements
from plangate.domain.panel import Panel

Scores = Mapping[int, TaskScored]
"""The recorded scores of a plan, by the version at which each was given."""


class JudgeScore(Result):
    """What one judge said: its share of the score of its kind, and its contribution to the plan's.

    `judge` is the kind and the name of its scorer, or "unnamed". A share of 0 says that the
    policy left this score out.
    """

    judge: str
    score: float
    raw_score: float | None
    scale: tuple[float, float] | None
    clamped: bool
    occurred_at: datetime | None
    event_id: str
    share: float
    contribution: float


class ScorePart(Result):
    """A score: its share of the task's confidence, and its contribution to the plan's.

    `raw_score`, `scale`, `clamped` and `occurred_at` are those of its event. Where the policy
    tells judges apart, `judges` has what each of them said: their shares and scores make the
    score, and `event_id` is the newest of their events; the four fields stand with each judge.
    """

    score: float
    raw_score: float | None
    scale: tuple[float, float] | None
    clamped: bool
    occurred_at: datetime | None
    event_id: str
    share: float
    contribution: float
    judges: tuple[JudgeScore, ...] = ()


def score_part(
    plan_id: str, judgements: Judgements, scores: Scores, share: float, weight: float
) -> ScorePart | None:
    """The part of a kind of score, which has a share of a task of this weight.

    None where none of its judgements counts.
    """
    if isinstance(judgements, Panel):
        if judgements.score is None:
            return None
        judges = tuple(_judges(plan_id, judgements, scores, share * weight))
        score, details = judgements.score, _NO_DETAILS
    elif judgements:
        judges, score = (), judgements[0].score
        details = _details(judgements[0], scores)
    else:
        return None
    return ScorePart(
        score=score,
        event_id=event_id(plan_id, judgements[0].version),
        share=share,
        contribution=weight * share * score,
        judges=judges,
        **details,
    )


def _judges(plan_id: str, panel: Panel, scores: Scores, weight: float) -> Iterator[JudgeScore]:
    shares = panel.rule.shares([given.score for given in panel.latest])
    for given, share in zip(panel.latest, shares, strict=True):
        yield JudgeScore(
            judge=str(given.judge),
            score=given.score,
            event_id=event_id(plan_id, given.version),
            share=share,
            contribution=weight * share * given.score,
            **_details(given, scores),
        )


_NO_DETAILS: dict[str, Any] = {
    "raw_score": None,
    "scale": None,
    "clamped": False,
    "occurred_at": None,
}


def _details(given: Judgement, scores: Scores) -> dict[str, Any]:
    event = scores[given.version]
    return {name: getattr(event, name) for name in _NO_DETAILS}
