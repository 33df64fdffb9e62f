"""An import refuses events that no command records, and says which field is impossible."""

from datetime import timedelta

import pytest

from plangate.domain.claims import MAX_LEASE
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.events import PlanEvent
from plangate.domain.evolve import fold
from plangate.domain.invariants import changes_tasks, require_possible, require_whole
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import MAX_TASKS
from tests.domain.test_events import by_name
from tests.support.examples import (
    EVERY_EVENT,
    HAS_PAUSED,
    MORNING,
    PLAN,
    A,
    B,
    C,
    D,
    E,
    added,
    attempted,
    changed,
    claimed,
    created,
    dropped,
    planned,
    put,
    renewed,
    replaced,
    scored,
    split,
    turned_out,
)

PLAN_OF_THREE = fold(Plan(PLAN), [created(A, B, C), dropped(C)])
"""With A and B; C has left it."""

Z = "z"


def problems(plan: Plan, event: PlanEvent) -> list[Problem]:
    try:
        require_possible(plan, event)
    except InvalidInput as error:
        return [*error.problems]
    return []


@pytest.mark.parametrize(
    "event",
    [
        *(added(D), added(D, before=A), put(A), put(A, before=B), attempted(A, attempt=2)),
        *(split(A, planned(D), planned(E)), replaced(A, planned(D)), changed(A), dropped(A)),
        *(scored(A), turned_out(A), turned_out(C), HAS_PAUSED),
        *(claimed(A, until=MORNING + MAX_LEASE), renewed(A, MORNING)),
    ],
    ids=by_name,
)
def test_what_a_command_may_record_is_possible(event: PlanEvent) -> None:
    assert problems(PLAN_OF_THREE, event) == []


@pytest.mark.parametrize(
    "field, event",
    [
        ("before", added(D, before=Z)),
        *[("task_id", event) for event in (split(Z), replaced(Z), put(Z), attempted(Z))],
        *[("task_id", event) for event in (scored(Z), changed(Z), dropped(Z), turned_out(Z))],
        ("before", put(A, before=Z)),
        ("task_id", claimed(Z, until=MORNING)),
    ],
)
def test_a_task_that_an_event_names_is_in_the_plan(field: str, event: PlanEvent) -> None:
    assert problems(PLAN_OF_THREE, event) == [
        Problem(field, "there is no task 'z' in the plan by then")
    ]


@pytest.mark.parametrize(
    "field, event, taken",
    [
        ("task.id", added(A), [A]),
        ("task.id", added(C), [C]),
        ("into", split(A, planned(B), planned(D)), [B]),
        ("into", split(A, planned(D), planned(D)), [D]),
        ("by.id", replaced(A, planned(B)), [B]),
        ("tasks", created(A, C, D), [A, C]),
        ("tasks", created(D, E, D), [D]),
    ],
)
def test_the_id_of_a_task_is_used_once(field: str, event: PlanEvent, taken: list[str]) -> None:
    problem = f"task ids are not used twice; taken: {', '.join(map(repr, taken))}"
    assert problems(PLAN_OF_THREE, event) == [Problem(field, problem)]


def test_of_many_ids_that_are_taken_ten_are_named() -> None:
    names = [f"t{number:02}" for number in range(11)]
    (problem,) = problems(fold(Plan(PLAN), [created(*names)]), created(*names))
    assert problem.message.endswith(f"taken: {', '.join(map(repr, names[:10]))}")


@pytest.mark.parametrize("attempt", [1, 3])
def test_an_attempt_is_the_next_one(attempt: int) -> None:
    assert problems(PLAN_OF_THREE, attempted(A, attempt)) == [
        Problem("attempt", "must be 2, the next attempt")
    ]


@pytest.mark.parametrize("beyond", [MAX_LEASE + timedelta(seconds=1), -timedelta(seconds=1)])
def test_a_lease_ends_after_it_begins_and_within_its_bound(beyond: timedelta) -> None:
    until = MORNING + beyond
    problem = "must be at most 30 days after 2026-01-01T08:00:00+00:00"
    for event in (claimed(A, until=until), renewed(A, until=until)):
        assert problems(PLAN_OF_THREE, event) == [Problem("lease_until", problem)]


def test_a_plan_holds_a_task_and_not_more_than_the_bound() -> None:
    names = [f"t{number}" for number in range(MAX_TASKS + 1)]
    require_whole(fold(Plan(PLAN), [created(A)]))
    require_whole(fold(Plan(PLAN), [created(*names[:-1])]))
    for plan, count in (
        (fold(Plan(PLAN), [created(A), dropped(A)]), 0),
        (fold(Plan(PLAN), [created(*names)]), MAX_TASKS + 1),
    ):
        with pytest.raises(InvalidInput) as refused:
            require_whole(plan)
        problem = f"a plan holds 1 to {MAX_TASKS} tasks, not {count}"
        assert refused.value.problems == (Problem("tasks", problem),)


@pytest.mark.parametrize("on", [B, Z])
def test_a_plan_has_sound_dependencies(on: str) -> None:
    circle = created(planned(A, depends_on=(on,)), planned(B, depends_on=(A,)))
    with pytest.raises(InvalidInput, match="circle" if on == B else "'z'"):
        require_whole(fold(Plan(PLAN), [circle]))


def test_some_events_change_which_tasks_there_are_or_what_they_wait_for() -> None:
    changing = {type(event).__name__ for event in EVERY_EVENT if changes_tasks(event)}
    assert changing == {
        *("PlanCreated", "TaskAdded", "TaskDropped", "TaskSplit", "TaskReplaced"),
    }
    assert changes_tasks(changed(A, depends_on=()))
    assert not changes_tasks(changed(A, title="Another"))
