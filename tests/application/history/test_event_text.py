"""Events as plain text, for every door."""

from datetime import UTC, datetime, timedelta

import pytest

from plangate.application.history.event_text import given_as, what, why
from plangate.domain import events
from plangate.domain.events import PlanEvent
from plangate.domain.vocabulary import (
    ScoreKind,
    Scorer,
    ScorerKind,
    StatusCause,
    TaskStatus,
)
from tests.support.examples import EVERY_EVENT

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
JUDGE = Scorer(kind=ScorerKind.MODEL, name="judge", version="2")


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: type(event).__name__)
def test_every_event_says_what_happened(event: PlanEvent) -> None:
    assert what(event)
    assert isinstance(why(event, None), str)


def score(**given: object) -> events.TaskScored:
    fields = {"at": AT, "task_id": "a", "kind": ScoreKind.OUTPUT, "score": 0.5}
    return events.TaskScored.model_validate(fields | given)


def test_a_score_says_who_gave_it_why_and_on_which_scale() -> None:
    full = score(scorer=JUDGE, rationale="Fine.", raw_score=4.0, scale=(1.0, 5.0), occurred_at=AT)
    assert what(full) == "a: output scored 0.50"
    given = "given as 4.0 from 1 to 5, judged 2026-03-01 12:00:00 UTC"
    assert given_as(full) == given
    assert why(full, None) == f"{given}; by model judge@2: Fine."
    assert why(full, "the same command") == f"{given}; by model judge@2"
    assert why(score(raw_score=1.5, score=1.0), None) == (
        "given as 1.5 and clamped; by an unnamed scorer"
    )
    assert why(score(scorer={"kind": "human", "name": "ana"}), None) == "by human ana"


def test_an_approval_says_what_it_accepts() -> None:
    approved = events.GateApproved(at=AT, reason="good enough")
    assert what(approved) == "gate approved"
    passing = approved.model_copy(update={"accept": "passing"})
    assert what(passing) == "gate approved, accepting what passes"
    named = approved.model_copy(update={"accept": ("a", "b")})
    assert what(named) == "gate approved, accepting a, b"


def test_a_change_of_status_says_who_holds_the_task_and_for_how_long() -> None:
    fields = {"at": AT, "task_id": "a", "old": TaskStatus.PENDING, "new": TaskStatus.IN_PROGRESS}
    claimed = events.TaskStatusChanged.model_validate(
        fields
        | {"cause": StatusCause.CLAIMED, "worker": "w", "lease_until": AT + timedelta(minutes=1)}
    )
    assert what(claimed) == "a: pending → in progress"
    assert why(claimed, None) == "claimed by w for 60 s"
    marked = events.TaskStatusChanged.model_validate(
        fields | {"cause": StatusCause.MARKED, "reason": "by hand"}
    )
    assert why(marked, None) == "by hand"
    assert why(marked.model_copy(update={"reason": None}), None) == "marked"
