"""Plans come and go: created once, deleted once, readable for ever."""

from datetime import UTC, datetime

import pytest

from plangate.domain.commands import CreatePlan, DeletePlan, NewTask, PlanCommand
from plangate.domain.errors import InvalidInput, PlanExists, PlanGone, PlanNotFound, Problem
from plangate.domain.events import PlanCreated, PlannedTask
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import PlanState
from tests.support.examples import (
    ERASE,
    EVEN,
    EVERY_COMMAND,
    GOAL,
    HAS_ERASED,
    MORNING,
    NOON,
    PLAN,
    USUAL,
    A,
    B,
    C,
    create,
    created,
    delete,
    deleted,
    moved,
    new,
    planned,
    scored,
)
from tests.support.story import given

AFTER_ITS_CREATION = [
    command for command in EVERY_COMMAND if not isinstance(command, CreatePlan | DeletePlan)
]


def test_a_plan_is_created_with_its_tasks_in_their_order() -> None:
    story = given().when(create(B, A, C)).then(created(B, A, C))

    assert [task.id for task in story.plan] == [B, A, C]
    assert [task.status for task in story.plan] == ["pending"] * 3


def test_all_that_people_wrote_about_a_plan_is_recorded() -> None:
    task = NewTask(id=A, title="Schema", description="All of it", metadata={"size": 3})
    command = CreatePlan(goal=GOAL, tasks=(task,), policy=EVEN, metadata={"team": "ledger"})
    story = given().when(command)

    plan = story.then(
        PlanCreated(
            at=NOON,
            goal=GOAL,
            tasks=(
                PlannedTask(id=A, title="Schema", description="All of it", metadata={"size": 3}),
            ),
            policy=EVEN,
            metadata={"team": "ledger"},
        )
    ).plan
    assert (plan.goal, plan.metadata, plan.policy) == (GOAL, {"team": "ledger"}, EVEN)
    (schema,) = plan
    assert (schema.title, schema.description, schema.metadata) == (
        "Schema",
        "All of it",
        {"size": 3},
    )


def test_a_plans_priority_and_labels_are_recorded() -> None:
    task = new(A, priority=0, labels=("sql", "slow"))
    story = given().when(create(task, priority=-7, labels=("ledger",)))
    known = planned(A, priority=0, labels=("sql", "slow"))

    plan = story.then(created(known, priority=-7, labels=("ledger",))).plan
    assert (plan.priority, plan.labels) == (-7, ("ledger",))
    assert (plan.task(A).priority, plan.task(A).labels) == (0, ("sql", "slow"))


def test_the_default_priority_is_not_recorded() -> None:
    plan = given().when(create(A, priority=0, labels=())).then(created(A)).plan

    assert (plan.priority, plan.labels) == (0, ())
    assert (plan.task(A).priority, plan.task(A).labels, plan.task(A).depends_on) == (None, (), ())


def test_what_was_left_empty_is_not_recorded() -> None:
    task = NewTask(id=A, title="Do it", description="", metadata={})
    command = CreatePlan(goal=GOAL, tasks=(task,), policy=USUAL, metadata={})
    nothing = PlannedTask(id=A, title="Do it", description=None, metadata=None)

    story = given().when(command)
    plan = story.then(
        PlanCreated(at=NOON, goal=GOAL, tasks=(nothing,), policy=USUAL, metadata=None)
    ).plan
    assert plan.metadata == {}
    assert plan.task(A).metadata == {}


def test_the_policy_is_recorded_whole() -> None:
    """A replay never depends on what the defaults are by then."""
    command = create(policy=Policy(confidence_threshold=0.8))

    recorded = given().when(command).then(created(policy=Policy(confidence_threshold=0.8))).plan
    assert recorded.policy.model_fields_set == set(Policy.model_fields)


def test_a_new_plan_is_active_and_has_full_confidence() -> None:
    plan = given(created(A, B)).plan

    assert (plan.exists, plan.deleted, plan.version) == (True, False, 1)
    assert (plan.state, plan.rolling_confidence, plan.needs_replan) == (
        PlanState.ACTIVE,
        1.0,
        False,
    )
    assert (plan.replan_count, plan.created_at, plan.updated_at) == (0, MORNING, MORNING)


@pytest.mark.parametrize(
    "tasks, expected",
    [
        ([A, A], [(1, A)]),
        ([A, B, A, C], [(2, A)]),
        ([A, B, B, A], [(2, B), (3, A)]),
        ([C, C, C], [(1, C)]),
    ],
)
def test_task_ids_must_differ(tasks: list[str], expected: list[tuple[int, str]]) -> None:
    problems = [
        Problem(f"tasks[{number}].id", f"task ids must differ; given more than once: {task_id}")
        for number, task_id in expected
    ]

    given().when(create(*tasks)).refused(InvalidInput(problems))


def test_task_ids_that_differ_in_case_alone_differ() -> None:
    given().when(create("a", "A")).then(created("a", "A"))


def test_an_id_is_not_used_twice() -> None:
    given(created(A)).when(create(A)).refused(PlanExists(PLAN))
    given(created(A)).when(create(B, B)).refused(PlanExists(PLAN))


def test_the_id_of_a_deleted_plan_is_not_used_again() -> None:
    given(created(A), deleted()).when(create(A)).refused(PlanExists(PLAN))


def test_a_plan_is_deleted_with_a_reason_or_without() -> None:
    plan = given(created(A)).when(delete()).then(deleted()).plan
    given(created(A)).when(delete("It is not needed")).then(deleted("It is not needed"))

    assert (plan.exists, plan.deleted, plan.version) == (False, True, 2)


def test_what_a_deleted_plan_held_can_still_be_read() -> None:
    plan = given(created(A), scored(A), moved(A), deleted()).plan

    assert (plan.goal, plan.task(A).output_score, plan.task(A).status) == (GOAL, 0.9, "done")


def test_deleting_what_is_not_there_changes_nothing() -> None:
    given().when(delete()).then_nothing()


def test_deleting_twice_changes_nothing() -> None:
    given(created(A)).when(delete()).then(deleted()).when(delete()).then_nothing()


@pytest.mark.parametrize("command", AFTER_ITS_CREATION, ids=lambda command: type(command).__name__)
def test_nothing_can_be_asked_of_a_plan_that_never_was(command: PlanCommand) -> None:
    given().when(command).refused(PlanNotFound(PLAN))


@pytest.mark.parametrize("command", AFTER_ITS_CREATION, ids=lambda command: type(command).__name__)
def test_nothing_but_an_erasure_can_be_asked_of_a_deleted_plan(command: PlanCommand) -> None:
    asked = given(created(A), scored(A), deleted()).when(command)
    if command == ERASE:
        asked.then(HAS_ERASED)
    else:
        asked.refused(PlanGone(PLAN))


def test_events_carry_the_time_of_their_command() -> None:
    plan = given(created(A)).when(delete()).then(deleted()).plan

    assert plan.created_at == MORNING
    assert plan.updated_at == NOON == datetime(2026, 1, 1, 12, tzinfo=UTC)
