"""Tasks that succeed another: several by a split, one by a replacement."""

import pytest

from plangate.domain.commands import AddTask, ChangeTask, ReplaceTask, SplitTask
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import TaskStatus
from tests.support.examples import (
    ADA,
    EVEN,
    HAS_REVISED,
    MARKED,
    OUTPUT,
    PENDING,
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
    moved,
    new,
    planned,
    replaced,
    revise,
    scored,
    split,
)
from tests.support.story import given


def test_the_parts_of_a_task_replace_it_in_their_order() -> None:
    story = given(created(A, B, C)).when(revise(SplitTask(task_id=B, into=(new(E), new(D)))))
    plan = story.then(HAS_REVISED, split(B, planned(E), planned(D))).plan

    assert plan.order == (A, E, D, C)
    assert [(task.split_from, task.replaces) for task in plan] == [
        (None, None),
        (B, None),
        (B, None),
        (None, None),
    ]
    assert plan.retired[B] == f"split into {E}, {D}"


def test_a_task_is_replaced_where_it_was() -> None:
    story = given(created(A, B, C)).when(revise(ReplaceTask(task_id=B, by=new(D))))
    plan = story.then(HAS_REVISED, replaced(B, planned(D))).plan

    assert plan.order == (A, D, C)
    assert (plan.task(D).replaces, plan.task(D).split_from) == (B, None)
    assert plan.retired[B] == f"replaced by {D}"


@pytest.mark.parametrize("status", TaskStatus)
def test_whatever_has_become_of_a_task_its_successors_begin_afresh(status: TaskStatus) -> None:
    history = created(A, B, policy=EVEN), claimed(A, ADA), scored(A, OUTPUT, 0.5)
    story = given(*history, moved(A, PENDING, status, MARKED), scored(B, OUTPUT, 1.0))
    assert story.plan.rolling_confidence == 1.25 / 1.5

    into = SplitTask(task_id=A, into=(new(D), new(E)))
    for command, event in (
        (into, split(A)),
        (ReplaceTask(task_id=A, by=new(D)), replaced(A)),
    ):
        plan = story.when(revise(command)).then(HAS_REVISED, event).plan
        task = plan.task(D)
        assert (task.status, task.attempt, task.claim) == (PENDING, 1, None)
        assert (task.prompt_score, task.output_score) == (None, None)
        assert plan.rolling_confidence == 1.0


def test_what_depended_on_a_split_task_depends_on_all_its_parts() -> None:
    waits = planned(C, depends_on=(B, A)), planned("last", depends_on=(C,))
    story = given(created(A, B, *waits)).when(revise(SplitTask(task_id=A, into=(new(D), new(E)))))
    plan = story.then(HAS_REVISED, split(A)).plan

    assert plan.task(C).depends_on == (B, D, E)
    assert plan.task("last").depends_on == (C,)


def test_what_depended_on_a_replaced_task_depends_on_the_other() -> None:
    waits = planned(B, depends_on=(A, C)), planned(E, depends_on=(A,))
    story = given(created(A, *waits, C)).when(revise(ReplaceTask(task_id=A, by=new(D))))
    plan = story.then(HAS_REVISED, replaced(A)).plan

    assert (plan.task(B).depends_on, plan.task(E).depends_on) == ((D, C), (D,))
    assert not plan.is_ready(plan.task(E))


def test_a_dependant_that_named_a_successor_already_names_it_once() -> None:
    command = revise(
        ChangeTask(task_id=C, depends_on=(E, A)),
        SplitTask(task_id=A, into=(new(D), new(E))),
    )
    story = given(created(A, B, C)).when(command)

    plan = story.then(HAS_REVISED, changed(C, depends_on=(E, A)), split(A)).plan
    assert plan.task(C).depends_on == (E, D)


def test_successors_inherit_what_they_do_not_say_themselves() -> None:
    old = planned(B, depends_on=(A,), priority=7, labels=("sql",), description="Long", metadata={})
    story = given(created(A, old))
    heir = {"depends_on": (A,), "priority": 7, "labels": ("sql",)}

    story.when(revise(ReplaceTask(task_id=B, by=new(D)))).then(
        HAS_REVISED, replaced(B, planned(D, **heir))
    )
    story.when(revise(SplitTask(task_id=B, into=(new(D), new(E))))).then(
        HAS_REVISED, split(B, planned(D, **heir), planned(E, **heir))
    )


@pytest.mark.parametrize(
    "said, recorded",
    [
        ({"depends_on": (C,)}, {"depends_on": (C,)}),
        ({"depends_on": ()}, {"depends_on": None}),
        ({"priority": 0}, {"priority": 0}),
        ({"priority": None}, {"priority": None}),
        ({"labels": ("new",)}, {"labels": ("new",)}),
        ({"labels": ()}, {"labels": None}),
    ],
)
def test_what_a_successor_says_itself_stands(
    said: dict[str, object], recorded: dict[str, object]
) -> None:
    heir = {"depends_on": (A,), "priority": 7, "labels": ("sql",)}
    story = given(created(A, planned(B, **heir), C))

    story.when(revise(ReplaceTask(task_id=B, by=new(D, **said)))).then(
        HAS_REVISED, replaced(B, planned(D, **heir | recorded))
    )
    story.when(revise(SplitTask(task_id=B, into=(new(D, **said), new(E))))).then(
        HAS_REVISED, split(B, planned(D, **heir | recorded), planned(E, **heir))
    )


def test_nothing_is_inherited_from_a_task_that_had_nothing() -> None:
    given(created(A, B)).when(revise(ReplaceTask(task_id=B, by=new(D)))).then(
        HAS_REVISED, replaced(B, planned(D, depends_on=None, priority=None, labels=None))
    )


def test_the_parts_of_a_task_may_depend_on_one_another() -> None:
    parts = new(D), new(E, depends_on=(D,))
    story = given(created(A, planned(B, depends_on=(A,)))).when(
        revise(SplitTask(task_id=B, into=parts))
    )

    story.then(HAS_REVISED, split(B, planned(D, depends_on=(A,)), planned(E, depends_on=(D,))))


@pytest.mark.parametrize(
    "depends_on, why",
    [
        ((A,), f"the task '{D}' depends on '{A}', which is not in the plan"),
        ((B,), f"a circle: '{D}' depends on '{B}' depends on '{D}'"),
        ((D,), f"the task '{D}' depends on itself"),
    ],
)
def test_a_successor_is_held_to_the_same_rules_as_every_task(
    depends_on: tuple[str, ...], why: str
) -> None:
    """The task it replaces is gone, and its dependants depend on it."""
    story = given(created(A, planned(B, depends_on=(A,))))
    refusal = InvalidInput([Problem("changes[0]", why)])

    story.when(revise(ReplaceTask(task_id=A, by=new(D, depends_on=depends_on)))).refused(refusal)


def test_a_successor_can_be_succeeded_in_the_same_revision() -> None:
    command = revise(
        ReplaceTask(task_id=A, by=new(D)),
        SplitTask(task_id=D, into=(new(E), new("more"))),
        AddTask(task=new("last", depends_on=(E,)), after=E),
    )
    story = given(created(A, planned(B, depends_on=(A,)))).when(command)

    plan = story.then(
        HAS_REVISED,
        replaced(A),
        split(D, planned(E), planned("more")),
        added(planned("last", depends_on=(E,)), "more"),
    ).plan
    assert plan.order == (E, "last", "more", B)
    assert plan.task(B).depends_on == (E, "more")
    assert dict(plan.retired) == {A: f"replaced by {D}", D: f"split into {E}, more"}


def test_the_parts_are_handed_out_instead_of_the_whole() -> None:
    story = given(created(A, B)).when(revise(SplitTask(task_id=A, into=(new(D), new(E)))))

    story.then(HAS_REVISED, split(A)).when(claim_next()).then(claimed(D)).when(claim_next()).then(
        claimed(E)
    ).when(claim_next()).then(claimed(B))
