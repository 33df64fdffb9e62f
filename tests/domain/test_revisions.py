"""A revision: for a reason, all of it or nothing, and judged by the plan it leads to."""

from typing import cast

import pytest

from plangate.domain.commands import (
    AddTask,
    Change,
    ChangeTask,
    DropTask,
    MoveTask,
    ReplaceTask,
    RevisePlan,
    SplitTask,
)
from plangate.domain.errors import InvalidInput, PlangateError, Problem, TaskGone, TaskNotFound
from plangate.domain.vocabulary import MAX_TASKS
from tests.support.examples import (
    HAS_REVISED,
    PLAN,
    STRANGER,
    WHY,
    A,
    B,
    C,
    D,
    E,
    added,
    changed,
    created,
    dropped,
    mark,
    new,
    planned,
    put,
    replaced,
    revise,
    split,
)
from tests.support.story import given


def unsound(problem: str, field: str = "changes[1]") -> InvalidInput:
    return InvalidInput([Problem(field, problem)])


def taken(*task_ids: str, index: int = 0) -> InvalidInput:
    problem = f"task ids are not used twice; taken: {', '.join(task_ids)}"
    return unsound(problem, f"changes[{index}]")


def test_all_changes_happen_in_their_order_and_each_is_an_event_of_its_own() -> None:
    command = revise(
        AddTask(task=new(D)),
        ChangeTask(task_id=A, depends_on=(D,)),
        MoveTask(task_id=D, before=A),
        DropTask(task_id=B),
    )
    plan = (
        given(created(A, B, C))
        .when(command)
        .then(HAS_REVISED, added(D), changed(A, depends_on=(D,)), put(D, A), dropped(B))
        .plan
    )

    assert plan.order == (D, A, C)


@pytest.mark.parametrize(
    "changes, last",
    [
        (  # first to depend on what is yet to come
            [ChangeTask(task_id=A, depends_on=(D,)), AddTask(task=new(D))],
            [changed(A, depends_on=(D,)), added(D)],
        ),
        (  # first to close a circle, then to open it elsewhere
            [ChangeTask(task_id=A, depends_on=(B,)), ChangeTask(task_id=B, depends_on=())],
            [changed(A, depends_on=(B,)), changed(B, depends_on=())],
        ),
        (  # first to depend on itself
            [ChangeTask(task_id=A, depends_on=(A,)), ChangeTask(task_id=A, depends_on=())],
            [changed(A, depends_on=(A,)), changed(A, depends_on=())],
        ),
        (  # first to have no tasks at all
            [DropTask(task_id=A), DropTask(task_id=B), AddTask(task=new(D))],
            [dropped(A, B), dropped(B), added(D)],
        ),
    ],
    ids=["unknown", "circle", "itself", "empty"],
)
def test_a_revision_may_pass_through_what_could_not_stay(
    changes: list[Change], last: list[object]
) -> None:
    story = given(created(A, planned(B, depends_on=(A,)))).when(revise(*changes))

    story.then(HAS_REVISED, *last)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change, why",
    [
        (
            ChangeTask(task_id=A, depends_on=(STRANGER,)),
            unsound(f"the task '{A}' depends on '{STRANGER}', which is not in the plan"),
        ),
        (
            AddTask(task=new(D, depends_on=(D,))),
            unsound(f"the task '{D}' depends on itself"),
        ),
        (
            ChangeTask(task_id=A, depends_on=(C,)),
            unsound(f"a circle: '{A}' depends on '{C}' depends on '{B}' depends on '{A}'"),
        ),
        (ChangeTask(task_id=STRANGER, title="x"), TaskNotFound(PLAN, STRANGER)),
        (MoveTask(task_id=STRANGER), TaskNotFound(PLAN, STRANGER)),
        (DropTask(task_id=STRANGER), TaskNotFound(PLAN, STRANGER)),
        (SplitTask(task_id=STRANGER, into=(new(D), new(E))), TaskNotFound(PLAN, STRANGER)),
        (ReplaceTask(task_id=STRANGER, by=new(D)), TaskNotFound(PLAN, STRANGER)),
    ],
)
def test_one_change_that_cannot_be_made_refuses_them_all(
    change: Change, why: PlangateError
) -> None:
    story = given(created(A, planned(B, depends_on=(A,)), planned(C, depends_on=(B,))))
    harmless = ChangeTask(task_id=A, title="Better")

    story.when(revise(harmless, change)).refused(why)
    if isinstance(why, InvalidInput):
        why = unsound(why.problems[0].message, "changes[0]")
    story.when(revise(change, harmless)).refused(why)


def test_a_problem_is_said_at_the_change_that_made_it() -> None:
    """A later change of another task, on which the same one depends, made none."""
    command = revise(
        AddTask(task=new(D, depends_on=(A, STRANGER))), ChangeTask(task_id=A, depends_on=())
    )
    why = f"the task '{D}' depends on '{STRANGER}', which is not in the plan"

    given(created(planned(A, depends_on=(B,)), B)).when(command).refused(unsound(why, "changes[0]"))


def test_what_an_earlier_change_took_out_is_gone_for_the_later_ones() -> None:
    story = given(created(A, B))

    story.when(revise(DropTask(task_id=A), MoveTask(task_id=A))).refused(
        TaskGone(PLAN, A, "dropped")
    )
    story.when(revise(ReplaceTask(task_id=A, by=new(D)), DropTask(task_id=A))).refused(
        TaskGone(PLAN, A, f"replaced by {D}")
    )
    story.when(revise(AddTask(task=new(D)), DropTask(task_id=D))).then(
        HAS_REVISED, added(D), dropped(D)
    )


def test_a_change_of_no_known_kind_is_a_bug_and_is_named() -> None:
    command = RevisePlan.model_construct(reason=WHY, changes=cast("tuple[Change]", ("unheard of",)))

    with pytest.raises(AssertionError, match="unheard of"):
        given(created(A)).when(command).happens()


# --- the limits ---------------------------------------------------------------


def test_at_least_one_task_stays() -> None:
    no_task = unsound(f"a plan holds 1 to {MAX_TASKS} tasks", "changes")

    given(created(A)).when(revise(DropTask(task_id=A))).refused(no_task)
    given(created(A, B)).when(revise(DropTask(task_id=A), DropTask(task_id=B))).refused(no_task)
    given(created(A, B)).when(revise(DropTask(task_id=A))).then(HAS_REVISED, dropped(A))


def test_a_plan_has_at_most_ten_thousand_tasks_after_it_as_well() -> None:
    story = given(created(*map(str, range(MAX_TASKS - 1))))
    one, other = AddTask(task=new(A)), AddTask(task=new(B))
    too_many = unsound("a plan holds 1 to 10000 tasks", "changes")

    story.when(revise(one)).then(HAS_REVISED, added(A))
    story.when(revise(one, other)).refused(too_many)
    story.when(revise(one, other, DropTask(task_id="7"))).then(
        HAS_REVISED, added(A), added(B), dropped("7")
    )


# --- ids are not used twice ----------------------------------------------------


def test_the_id_of_a_task_is_not_used_again() -> None:
    story = given(created(A, B, C), dropped(C))
    into = SplitTask(task_id=A, into=(new(B), new(D), new(C)))

    story.when(revise(AddTask(task=new(A)))).refused(taken(A))
    story.when(revise(AddTask(task=new(C)))).refused(taken(C))
    story.when(revise(MoveTask(task_id=A), into)).refused(taken(B, C, index=1))
    story.when(revise(ReplaceTask(task_id=A, by=new(B)))).refused(taken(B))
    story.when(revise(ReplaceTask(task_id=A, by=new(A)))).refused(taken(A))


def test_the_parts_of_a_task_differ_from_one_another() -> None:
    into = SplitTask(task_id=A, into=(new(D), new(E), new(D), new(D)))

    given(created(A)).when(revise(into)).refused(taken(D, D))


@pytest.mark.parametrize(
    "leaving, how",
    [
        (dropped(A), "dropped"),
        (split(A), f"split into {D}, {E}"),
        (replaced(A), f"replaced by {D}"),
    ],
)
def test_the_refusal_says_how_a_task_left_the_plan(leaving: object, how: str) -> None:
    story = given(created(A, B), leaving)  # type: ignore[arg-type]

    story.when(mark(A)).refused(TaskGone(PLAN, A, how))
    story.when(revise(AddTask(task=new(A)))).refused(taken(A))
