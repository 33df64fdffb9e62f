"""What recorded events accept: exactly what happened, for as long as they are kept."""

from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from plangate.domain.events import (
    PlanCreated,
    PlanEvent,
    PlannedTask,
    TaskAdded,
    TaskDropped,
    TaskMoved,
    TaskScored,
)
from plangate.domain.vocabulary import Erasable
from tests.support.examples import (
    EVERY_EVENT,
    MORNING,
    NOON,
    OUTPUT,
    USUAL,
    A,
    claimed,
    created,
    moved,
    renewed,
    scored,
)

WRITTEN = {
    "PlanCreated": {"goal", "metadata"},
    "PlannedTask": {"title", "description", "metadata"},
    "TaskScored": {"rationale", "evidence"},
    "ScoringFailed": {"reason"},
    "ScoreRetracted": {"reason"},
    "OutcomeRecorded": {"note"},
    "TaskStatusChanged": {"reason"},
    "LeaseRenewed": set(),
    "ReplanTriggered": set(),
    "GateApproved": {"reason"},
    "PlanRevised": {"reason"},
    "TaskAdded": set(),
    "TaskChanged": {"title", "description", "metadata"},
    "TaskMoved": set(),
    "TaskDropped": set(),
    "TaskSplit": set(),
    "TaskReplaced": set(),
    "TaskDeferred": {"reason"},
    "TaskUndeferred": {"reason"},
    "AttemptStarted": {"reason"},
    "PlanPaused": {"reason"},
    "PlanResumed": {"reason"},
    "PlanArchived": {"reason"},
    "PlanRestored": {"reason"},
    "PlanDeleted": {"reason"},
    "PlanErased": set(),
}


def by_name(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize("event", EVERY_EVENT, ids=by_name)
def test_an_event_never_changes(event: PlanEvent) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(event, "at", MORNING)  # noqa: B010  (the type checker knows that it cannot be)


@pytest.mark.parametrize("event", EVERY_EVENT, ids=by_name)
def test_an_event_has_no_unknown_facts(event: PlanEvent) -> None:
    with pytest.raises(ValidationError, match="colour"):
        type(event).model_validate(event.model_dump() | {"colour": "red"})


@pytest.mark.parametrize("event", EVERY_EVENT, ids=by_name)
def test_an_event_comes_back_from_json_as_it_was(event: PlanEvent) -> None:
    assert type(event).model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize("event", [*EVERY_EVENT, PlannedTask(id=A)], ids=by_name)
def test_what_people_wrote_is_marked_and_can_be_missing(event: BaseModel) -> None:
    fields = type(event).model_fields
    marked = {
        name
        for name, field in fields.items()
        if any(isinstance(mark, Erasable) for mark in field.metadata)
    }

    assert marked == WRITTEN[type(event).__name__]
    erased = type(event).model_validate(event.model_dump(exclude=marked))
    assert all(getattr(erased, name) is None for name in marked)


def test_stored_text_has_no_bounds() -> None:
    """They may be tightened some day, and old plans must stay readable."""
    endless, blank = "x" * 1_000_000, " "
    task = PlannedTask(id="", title=blank, description=endless, metadata={"a": endless})
    event = PlanCreated(at=MORNING, goal=blank, tasks=(task,), policy=USUAL, metadata={})

    assert event.tasks[0].description == endless


@pytest.mark.parametrize("event", EVERY_EVENT, ids=by_name)
def test_an_event_happens_at_a_moment_that_a_time_zone_makes_certain(event: PlanEvent) -> None:
    with pytest.raises(ValidationError, match="timezone"):
        type(event).model_validate(event.model_dump() | {"at": datetime(2026, 1, 1)})  # noqa: DTZ001


@pytest.mark.parametrize("event", [claimed(A, None, NOON), renewed(A, NOON)], ids=by_name)
def test_a_lease_ends_at_a_moment_that_a_time_zone_makes_certain(event: PlanEvent) -> None:
    with pytest.raises(ValidationError, match="timezone"):
        type(event).model_validate(event.model_dump() | {"lease_until": datetime(2026, 1, 1)})  # noqa: DTZ001


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_recorded_score_is_within_its_range(score: float) -> None:
    with pytest.raises(ValidationError):
        scored(A, OUTPUT, score)


@pytest.mark.parametrize("raw", [-3.5, 85.0, 1e308])
def test_the_score_as_it_was_given_may_be_any_number(raw: float) -> None:
    assert scored(A, OUTPUT, 1.0, raw_score=raw).raw_score == raw


def test_what_was_not_said_is_nothing() -> None:
    event = TaskScored(at=MORNING, task_id=A, kind=OUTPUT, score=0.5)
    facts: dict[str, Any] = event.model_dump(exclude_none=True)

    assert set(facts) == {"type", "at", "task_id", "kind", "score"}
    assert TaskAdded(at=MORNING, task=PlannedTask(id=A)).before is None
    assert TaskMoved(at=MORNING, task_id=A).before is None
    assert TaskDropped(at=MORNING, task_id=A).dependants == ()
    assert created(A).metadata is None
    assert moved(A).reason is None
