"""Which tasks an event is about, and whether it changes text."""

from typing import cast

import pytest

from plangate.domain.events import PlanEvent, PlannedTask, TaskAdded, Touches, touches
from tests.support.examples import (
    EVERY_EVENT,
    MORNING,
    A,
    B,
    C,
    created,
    replaced,
    split,
)

ONE_TASK = "TaskScored ScoringFailed ScoreRetracted OutcomeRecorded TaskStatusChanged LeaseRenewed"
ONE_TASK += " ReplanTriggered TaskMoved AttemptStarted TaskChanged TaskDropped"
NO_TASK = "GateApproved PlanRevised PlanPaused PlanResumed PlanArchived PlanRestored PlanDeleted"
TEXT = "PlanCreated PlanErased TaskAdded TaskChanged TaskDropped TaskSplit TaskReplaced"


def by_name(event: PlanEvent) -> str:
    return type(event).__name__


@pytest.mark.parametrize("event", EVERY_EVENT, ids=by_name)
def test_only_some_events_change_text(event: PlanEvent) -> None:
    assert touches(event).text is (by_name(event) in TEXT.split())


@pytest.mark.parametrize("event", EVERY_EVENT, ids=by_name)
def test_only_creating_and_erasing_are_about_every_task(event: PlanEvent) -> None:
    assert touches(event).every_task is (by_name(event) in {"PlanCreated", "PlanErased"})


@pytest.mark.parametrize("event", EVERY_EVENT, ids=by_name)
def test_an_event_about_one_task_names_it(event: PlanEvent) -> None:
    if by_name(event) in ONE_TASK.split():
        assert touches(event).task_ids == (event.model_dump()["task_id"],)
    elif by_name(event) in NO_TASK.split():
        assert touches(event) == Touches()
    else:
        assert by_name(event) in {
            *("PlanCreated", "PlanErased", "TaskAdded", "TaskSplit", "TaskReplaced")
        }


def test_the_task_it_happened_to_comes_first() -> None:
    b, c = PlannedTask(id=B), PlannedTask(id=C)

    assert touches(created(B, A)) == Touches((B, A), every_task=True, text=True)
    assert touches(TaskAdded(at=MORNING, task=c)) == Touches((C,), text=True)
    assert touches(split(A).model_copy(update={"into": (c, b)})) == Touches((A, C, B), text=True)
    assert touches(replaced(B).model_copy(update={"by": c})) == Touches((B, C), text=True)


def test_an_unknown_event_is_a_bug_and_is_named() -> None:
    with pytest.raises(AssertionError, match="never heard of"):
        touches(cast("PlanEvent", "never heard of"))
