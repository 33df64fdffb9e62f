"""What a revision adds, changes and drops."""

import pytest

from plangate.domain.commands import (
    AddTask,
    ChangeTask,
    DropTask,
)
from plangate.domain.errors import InvalidInput, PlangateError, Problem, TaskGone
from plangate.domain.vocabulary import TaskStatus
from tests.support.examples import (
    ADA,
    DONE,
    EVEN,
    HAS_REVISED,
    IN_PROGRESS,
    MARKED,
    OUTPUT,
    PENDING,
    PLAN,
    A,
    B,
    C,
    D,
    E,
    added,
    changed,
    claim_next,
    claimed,
    created,
    dropped,
    moved,
    new,
    planned,
    retract,
    revise,
    score_output,
    scored,
)
from tests.support.story import given


def unsound(problem: str, field: str = "depends_on") -> InvalidInput:
    return InvalidInput([Problem(field, problem)])


# --- adding --------------------------------------------------------------------


def test_a_task_is_added_with_all_that_was_written_about_it() -> None:
    facts = {"description": "All of it", "metadata": {"size": 3}, "labels": ("sql",), "priority": 7}
    command = revise(AddTask(task=new(D, depends_on=(A,), **facts)))
    known = planned(D, depends_on=(A,), **facts)

    plan = given(created(A, B)).when(command).then(HAS_REVISED, added(known)).plan
    task = plan.task(D)
    assert (task.title, task.description, task.metadata) == (f"Do {D}", "All of it", {"size": 3})
    assert (task.depends_on, task.labels, task.priority) == ((A,), ("sql",), 7)
    assert (task.status, task.attempt, task.split_from, task.replaces) == (PENDING, 1, None, None)


def test_what_was_left_empty_about_a_new_task_is_not_recorded() -> None:
    bare = new(D, description="", metadata={}, depends_on=(), labels=())

    given(created(A)).when(revise(AddTask(task=bare))).then(HAS_REVISED, added(planned(D)))


def test_the_lowest_priority_is_recorded_like_any_other() -> None:
    for priority in (0, -1_000):
        given(created(A)).when(revise(AddTask(task=new(D, priority=priority)))).then(
            HAS_REVISED, added(planned(D, priority=priority))
        )


# --- changing ------------------------------------------------------------------


@pytest.mark.parametrize(
    "facts",
    [
        {"title": "Do it well"},
        {"description": "Every column"},
        {"description": ""},
        {"metadata": {"size": 4}},
        {"metadata": {}},
        {"depends_on": (B,)},
        {"depends_on": ()},
        {"priority": 9},
        {"priority": 0},
        {"labels": ("sql", "slow")},
        {"labels": ()},
        {"title": "Do it well", "labels": ("sql",), "depends_on": (B, C)},
    ],
)
def test_what_is_said_about_a_task_changes_and_the_rest_stays(facts: dict[str, object]) -> None:
    before = {
        "title": "Do schema",
        "description": "All of it",
        "metadata": {"size": 3},
        "depends_on": (C,),
        "priority": 1,
        "labels": ("first",),
    }
    story = given(created(planned(A, **{k: v for k, v in before.items() if k != "title"}), B, C))

    plan = story.when(revise(ChangeTask(task_id=A, **facts))).then(  # type: ignore[arg-type]
        HAS_REVISED, changed(A, **facts)
    )
    assert {name: getattr(plan.plan.task(A), name) for name in before} == before | facts


@pytest.mark.parametrize("status", [PENDING, IN_PROGRESS, DONE])
def test_a_task_that_has_not_failed_keeps_its_status_its_scores_and_its_claim(
    status: TaskStatus,
) -> None:
    history = created(A), claimed(A, ADA), scored(A, mark_done=False), moved(A, IN_PROGRESS, status)
    before = given(*history).plan.task(A)
    story = given(*history).when(revise(ChangeTask(task_id=A, title="Better")))

    after = story.then(HAS_REVISED, changed(A, title="Better")).plan.task(A)
    assert (after.status, after.attempt, after.output_score) == (status, 1, 0.9)
    assert (after.claim, after.outdated) == (before.claim, False)


@pytest.mark.parametrize("status", [PENDING, IN_PROGRESS, DONE])
def test_a_change_that_says_nothing_is_refused(status: TaskStatus) -> None:
    story = given(created(A, B), moved(A, PENDING, status, MARKED))

    story.when(revise(ChangeTask(task_id=B, title="Better"), ChangeTask(task_id=A))).refused(
        unsound(f"changes nothing about the task '{A}'", "changes[1]")
    )


# --- dropping ------------------------------------------------------------------


def test_a_dropped_task_leaves_the_confidence_and_the_queue_but_not_the_history() -> None:
    """A 0.25 and B 1.0 made (0.5 × 0.25 + 1) / 1.5 = 0.75; B alone makes 1."""
    history = created(A, B, policy=EVEN), scored(A, OUTPUT, 0.25), scored(B, OUTPUT, 1.0)
    before = given(*history).plan
    story = given(*history).when(revise(DropTask(task_id=A))).then(HAS_REVISED, dropped(A))

    assert (before.rolling_confidence, story.plan.rolling_confidence) == (0.75, 1.0)
    assert (story.plan.order, story.plan.retired[A]) == ((B,), "dropped")
    assert before.task(A).output_score == 0.25
    story.when(claim_next()).then(claimed(B))
    story.when(score_output(A)).refused(TaskGone(PLAN, A, "dropped"))
    with pytest.raises(PlangateError, match="to retract"):
        story.when(retract(f"{PLAN}@2")).happens()


def test_a_dropped_task_names_its_dependants_which_no_longer_wait_for_it() -> None:
    waits = planned(C, depends_on=(B, A, D)), planned(E, depends_on=(A,))
    story = given(created(A, B, D, *waits)).when(revise(DropTask(task_id=A)))

    plan = story.then(HAS_REVISED, dropped(A, C, E)).plan
    assert [plan.task(C).depends_on, plan.task(E).depends_on] == [(B, D), ()]
    assert plan.is_ready(plan.task(E))


def test_a_worker_whose_task_was_dropped_is_refused_with_task_gone() -> None:
    story = given(created(A, B), claimed(A, ADA)).when(revise(DropTask(task_id=A)))

    story.then(HAS_REVISED, dropped(A)).when(score_output(A, token=2)).refused(
        TaskGone(PLAN, A, "dropped")
    )
