"""Scores on other scales, numbers that are none, and when a judge judged."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from pydantic import ValidationError

from plangate.domain.commands import RecordOutcome, RecordScoringFailure, ScoreOutput
from plangate.domain.errors import InvalidInput, InvalidScore, Problem
from plangate.domain.events import TaskScored
from plangate.domain.vocabulary import Outcome, Scorer
from tests.support.examples import (
    JUDGE,
    NOON,
    OUTPUT,
    REFUSING,
    WHY,
    A,
    created,
    score_output,
    score_prompt,
    update,
)
from tests.support.story import given

FIVE = (1.0, 5.0)


def first_score(command: object, *history: object) -> TaskScored:
    (event, *_) = given(created(A), *history).when(command).happens()  # type: ignore[arg-type]
    assert isinstance(event, TaskScored)
    return event


@pytest.mark.parametrize(
    "raw, score, clamped",
    [(1, 0.0, False), (2, 0.25, False), (5, 1.0, False), (0, 0.0, True), (7, 1.0, True)],
)
def test_a_score_on_a_stated_scale_is_normalised_and_kept_as_given(
    raw: float, score: float, *, clamped: bool
) -> None:
    event = first_score(score_output(A, raw, scale=FIVE))

    assert (event.score, event.raw_score, event.scale) == (score, raw, FIVE)
    assert event.clamped is clamped


@pytest.mark.parametrize("raw, score, clamped", [(0.5, 0.5, False), (2, 1.0, True)])
def test_without_a_scale_a_score_counts_as_it_is_or_is_clamped(
    raw: float, score: float, *, clamped: bool
) -> None:
    event = first_score(score_output(A, raw))

    assert (event.score, event.scale, event.clamped) == (score, None, clamped)
    assert event.raw_score == (raw if clamped else None)


def test_the_scorer_may_state_the_scale_which_is_not_recorded_with_it() -> None:
    scorer = {"kind": "model", "name": "judge", "version": "3", "scale": [1, 5]}

    event = first_score(ScoreOutput.model_validate({"task_id": A, "score": 3, "scorer": scorer}))

    assert (event.score, event.scale) == (0.5, FIVE)
    assert event.scorer == JUDGE
    assert type(event.scorer) is Scorer


def test_a_recorded_scorer_can_be_given_again() -> None:
    assert first_score(score_prompt(A, 0.5, scorer=JUDGE)).scorer == JUDGE


def test_both_scores_of_an_update_are_on_the_stated_scale() -> None:
    prompt, output, *_ = given(created(A)).when(update(A, 3, 5, scale=FIVE)).happens()

    assert isinstance(prompt, TaskScored)
    assert isinstance(output, TaskScored)
    assert (prompt.score, output.score) == (0.5, 1.0)


def test_a_scale_is_stated_once() -> None:
    scorer = {"kind": "human", "name": "Ada", "scale": (0, 10)}

    assert first_score(score_output(A, 5, scorer=scorer, scale=(0, 10))).score == 0.5
    with pytest.raises(ValidationError, match="stated twice"):
        score_output(A, 5, scorer=scorer, scale=FIVE)


@pytest.mark.parametrize(
    "scale", [(5, 1), (1, 1), (0, float("inf")), (float("nan"), 1), (-1e308, 1e308), (1,), "15"]
)
def test_a_scale_goes_from_the_worst_score_to_the_best(scale: object) -> None:
    with pytest.raises(ValidationError):
        ScoreOutput.model_validate({"task_id": A, "score": 1.0, "scale": scale})


def test_a_policy_that_refuses_speaks_of_the_stated_scale() -> None:
    problem = Problem("score", "7.0 is outside [1, 5], and the plan's policy refuses such scores")
    story = given(created(A, policy=REFUSING))

    story.when(score_output(A, 7, scale=FIVE)).refused(InvalidScore([problem]))
    assert story.when(score_output(A, 5, scale=FIVE)).happens()


# --- numbers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", [0.5, np.float64(0.5), np.float32(0.5), np.float16(0.5), Fraction(1, 2)]
)
def test_a_real_number_is_taken_as_the_number_it_is(number: float) -> None:
    assert first_score(score_output(A, number)).score == 0.5
    assert first_score(score_output(A, np.int64(1))).score == 1.0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given_score",
    [
        *(True, False, np.bool_(1), np.bool_(0)),
        *("0.5", b"1", None, Decimal("0.5"), 1 + 0j, np.array(0.5), [0.5]),
        *(float("nan"), float("inf"), np.float32("nan"), 10**400),
    ],
)
def test_only_a_finite_number_is_a_score(given_score: object) -> None:
    with pytest.raises(ValidationError):
        ScoreOutput.model_validate({"task_id": A, "score": given_score})


# --- when it happened ---------------------------------------------------------------

AHEAD = timedelta(minutes=5)
A_TICK = timedelta(microseconds=1)


def dated(at: datetime) -> list[object]:
    return [
        score_prompt(A, 0.5, occurred_at=at),
        score_output(A, 0.5, occurred_at=at),
        RecordScoringFailure(task_id=A, kind=OUTPUT, reason=WHY, occurred_at=at),
        RecordOutcome(task_id=A, outcome=Outcome.ACCEPTED, source="ci", occurred_at=at),
    ]


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize("at", [NOON - timedelta(days=400), NOON, NOON + AHEAD])
def test_an_event_says_when_it_happened_beside_when_it_was_recorded(
    index: int, at: datetime
) -> None:
    (event, *_) = given(created(A)).when(dated(at)[index]).happens()  # type: ignore[arg-type]

    assert (event.at, event.occurred_at) == (NOON, at)  # type: ignore[union-attr]


@pytest.mark.parametrize("index", range(4))
def test_what_is_still_to_come_is_refused(index: int) -> None:
    at = NOON + AHEAD + A_TICK
    problem = f"{at.isoformat()} is still to come; it is {NOON.isoformat()} now"
    command = dated(at)[index]

    given(created(A)).when(command).refused(InvalidInput([Problem("occurred_at", problem)]))  # type: ignore[arg-type]


def test_a_time_has_its_zone() -> None:
    with pytest.raises(ValidationError):
        score_output(A, 0.5, occurred_at=datetime(2026, 1, 1))  # noqa: DTZ001
