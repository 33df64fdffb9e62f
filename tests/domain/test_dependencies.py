"""Tasks that wait for others: what may wait for what, and when each of them is ready."""

import pytest

from plangate.domain.decisions import decide
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import TaskStatus
from tests.support.examples import (
    DONE,
    FAILED,
    IN_PROGRESS,
    MARKED,
    NOON,
    PENDING,
    PLAN,
    REPLANNING,
    STRANGER,
    A,
    B,
    C,
    D,
    E,
    claim_next,
    claimed,
    create,
    created,
    dropped,
    mark,
    moved,
    new,
    planned,
)
from tests.support.story import given

DIAMOND = (
    planned(A),
    planned(B, depends_on=(A,)),
    planned(C, depends_on=(A,)),
    planned(D, depends_on=(B, C)),
)


def unsound(*problems: tuple[int, str]) -> InvalidInput:
    """Problems with the dependencies of the n-th tasks."""
    return InvalidInput([Problem(f"tasks[{number}].depends_on", why) for number, why in problems])


# --- what may wait for what ----------------------------------------------------


def test_what_a_task_depends_on_is_recorded_in_the_order_given() -> None:
    command = create(A, B, new(C, depends_on=(B, A)))
    plan = given().when(command).then(created(A, B, planned(C, depends_on=(B, A)))).plan

    assert [task.depends_on for task in plan] == [(), (), (B, A)]


def test_a_task_may_depend_on_a_later_one() -> None:
    given().when(create(new(A, depends_on=(B,)), B)).then(
        created(planned(A, depends_on=(B,)), B),
    )


def test_a_dependency_on_a_task_that_is_not_in_the_plan_is_refused() -> None:
    given().when(create(A, new(B, depends_on=(A, STRANGER)))).refused(
        unsound((1, f"the task '{B}' depends on '{STRANGER}', which is not in the plan"))
    )


def test_a_task_that_depends_on_itself_is_refused() -> None:
    given().when(create(A, new(B, depends_on=(A, B)))).refused(
        unsound((1, f"the task '{B}' depends on itself"))
    )


def test_all_problems_of_the_dependencies_are_reported_at_once() -> None:
    given().when(create(new(A, depends_on=(STRANGER, A)), new(B, depends_on=("nothing",)))).refused(
        unsound(
            (0, f"the task '{A}' depends on '{STRANGER}', which is not in the plan"),
            (0, f"the task '{A}' depends on itself"),
            (1, f"the task '{B}' depends on 'nothing', which is not in the plan"),
        )
    )


def test_an_id_that_differs_in_case_alone_is_another_task() -> None:
    given().when(create("a", new("b", depends_on=("A",)))).refused(
        unsound((1, "the task 'b' depends on 'A', which is not in the plan"))
    )


@pytest.mark.parametrize(
    "depends_on, circle",
    [
        ({"a": ("b",), "b": ("a",)}, "'a' depends on 'b' depends on 'a'"),
        (
            {"a": ("b",), "b": ("c",), "c": ("a",)},
            "'a' depends on 'b' depends on 'c' depends on 'a'",
        ),
        (
            {"a": ("c",), "b": ("a",), "c": ("b",)},
            "'a' depends on 'c' depends on 'b' depends on 'a'",
        ),
        (
            {"a": (), "b": ("a", "d"), "c": ("b",), "d": ("c",), "e": ("d",)},
            "'b' depends on 'd' depends on 'c' depends on 'b'",
        ),
    ],
)
def test_a_circle_is_refused_and_spelled_out(
    depends_on: dict[str, tuple[str, ...]], circle: str
) -> None:
    """It may begin at any of its tasks, but always follows the dependencies."""
    command = create(*(new(task, depends_on=on) for task, on in depends_on.items()))
    first = [*depends_on].index(circle[1])
    given().when(command).refused(unsound((first, f"a circle: {circle}")))


def test_of_very_many_circles_ten_are_named() -> None:
    pairs = [(f"{n}a", f"{n}b") for n in range(11)]
    command = create(
        *(new(one, depends_on=(other,)) for a, b in pairs for one, other in ((a, b), (b, a)))
    )
    with pytest.raises(InvalidInput) as caught:
        decide(Plan(PLAN), command, NOON)
    assert len(caught.value.problems) == 10


def test_tasks_that_share_a_dependency_make_no_circle() -> None:
    command = create(A, new(B, depends_on=(A,)), new(C, depends_on=(A,)), new(D, depends_on=(B, C)))

    given().when(command).then(created(*DIAMOND))


def test_a_long_chain_is_not_a_circle_until_it_is_closed() -> None:
    chain = [new("0"), *(new(str(n), depends_on=(str(n - 1),)) for n in range(1, 5_000))]
    closed = [new("0", depends_on=("4999",)), *chain[1:]]

    assert len(given().when(create(*chain)).happens()) == 1
    with pytest.raises(InvalidInput, match="a circle: '0' depends on '4999' depends on '4998'"):
        given().when(create(*closed)).happens()


# --- when a task is ready ------------------------------------------------------


@pytest.mark.parametrize("status", TaskStatus)
def test_only_what_is_done_is_waited_for_no_longer(status: TaskStatus) -> None:
    plan = given(created(A, planned(B, depends_on=(A,))), moved(A, PENDING, status, MARKED)).plan

    assert plan.unmet(plan.task(B)) == (() if status is DONE else (A,))
    assert plan.is_ready(plan.task(B)) is (status is DONE)


@pytest.mark.parametrize("status", TaskStatus)
def test_only_a_pending_task_is_ready(status: TaskStatus) -> None:
    plan = given(created(A), moved(A, PENDING, status, MARKED)).plan

    assert plan.is_ready(plan.task(A)) is (status is PENDING)
    assert plan.unmet(plan.task(A)) == ()


def test_unmet_dependencies_come_in_the_order_they_were_given() -> None:
    plan = given(created(A, B, C, planned(D, depends_on=(C, B, A))), moved(B)).plan

    assert plan.unmet(plan.task(D)) == (C, A)


def test_a_dependency_that_was_recorded_and_is_not_in_the_plan_is_unmet() -> None:
    plan = given(created(A, planned(B, depends_on=(STRANGER,)))).plan

    assert plan.unmet(plan.task(B)) == (STRANGER,)
    assert not plan.is_ready(plan.task(B))


def test_dependants_come_in_plan_order() -> None:
    plan = given(created(planned(C, depends_on=(A,)), A, planned(B, depends_on=(A, D)), D)).plan

    assert plan.dependants(A) == (C, B)
    assert plan.dependants(D) == (B,)
    assert plan.dependants(B) == plan.dependants(STRANGER) == ()


# --- in which order tasks are handed out ---------------------------------------


def test_a_task_is_handed_out_when_all_it_depends_on_is_done() -> None:
    (
        given(created(*DIAMOND))
        .when(claim_next())
        .then(claimed(A))
        .when(claim_next())
        .then_nothing()
        .when(mark(A, DONE))
        .then(moved(A, IN_PROGRESS, DONE, MARKED))
        .when(claim_next())
        .then(claimed(B))
        .when(claim_next())
        .then(claimed(C))
        .when(mark(C, DONE))
        .then(moved(C, IN_PROGRESS, DONE, MARKED))
        .when(claim_next())
        .then_nothing()
        .when(mark(B, DONE))
        .then(moved(B, IN_PROGRESS, DONE, MARKED))
        .when(claim_next())
        .then(claimed(D))
    )


def test_a_task_that_waits_does_not_hold_up_later_ones() -> None:
    history = created(planned(A, depends_on=(C,)), B, C), moved(B)

    given(*history).when(claim_next()).then(claimed(C))


def test_of_the_ready_tasks_the_first_in_plan_order_is_handed_out() -> None:
    """Whatever their priorities: they order plans, not the tasks within one."""
    tasks = planned(A, depends_on=(D,)), planned(C, priority=-5), planned(B, priority=9), planned(D)

    given(created(*tasks)).when(claim_next()).then(claimed(C))


@pytest.mark.parametrize("status", [FAILED, REPLANNING, IN_PROGRESS, PENDING])
def test_a_task_undone_again_is_waited_for_again(status: TaskStatus) -> None:
    history = created(A, planned(B, depends_on=(A,))), moved(A), moved(A, DONE, status, MARKED)
    plan = given(*history).plan

    assert plan.unmet(plan.task(B)) == (A,)


def test_a_task_in_hand_may_be_finished_although_its_dependency_is_undone() -> None:
    history = created(A, planned(B, depends_on=(A,))), moved(A), claimed(B), moved(A, DONE, PENDING)

    given(*history).when(mark(B, DONE)).then(moved(B, IN_PROGRESS, DONE, MARKED))


def test_the_task_that_is_named_is_handed_out_if_it_is_ready() -> None:
    story = given(created(A, B, planned(C, depends_on=(A,)), E))

    story.when(claim_next(task=B)).then(claimed(B)).when(claim_next(task=B)).then_nothing()
    story.when(claim_next(task=C)).then_nothing()
    story.when(claim_next(task=STRANGER)).then_nothing()


def test_a_task_that_left_the_plan_is_not_handed_out_by_its_name() -> None:
    given(created(A, B), dropped(A)).when(claim_next(task=A)).then_nothing()
