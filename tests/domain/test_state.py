"""How events lead to state: whatever happened happened, and older versions stay usable."""

from itertools import permutations
from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from plangate.domain.commands import PlanCommand
from plangate.domain.decisions import decide
from plangate.domain.errors import TaskNotFound
from plangate.domain.event_ids import event_id, version_of
from plangate.domain.events import PlanEvent
from plangate.domain.evolve import evolve, fold, stands_for
from plangate.domain.judging import Judgement
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from tests.support.examples import (
    EVEN,
    EVERY_EVENT,
    NOON,
    OUTPUT,
    PLAN,
    PROMPT,
    STRANGER,
    A,
    B,
    C,
    attempted,
    changed,
    created,
    deleted,
    dropped,
    moved,
    planned,
    put,
    renewed,
    replaced,
    replan,
    retracted,
    scored,
    scoring_failed,
    split,
)
from tests.support.properties import repeatable
from tests.support.story import given

OF_A_STRANGER: tuple[PlanEvent, ...] = (
    scored(STRANGER),
    scoring_failed(STRANGER),
    retracted(STRANGER),
    moved(STRANGER),
    replan(STRANGER),
    renewed(STRANGER),
    changed(STRANGER, title="Gone"),
    put(STRANGER),
    put(STRANGER, before=A),
    dropped(STRANGER, B),
    split(STRANGER),
    replaced(STRANGER),
    attempted(STRANGER),
)

# --- evolve --------------------------------------------------------------------


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in EVERY_EVENT} == set(get_args(get_args(PlanEvent)[0]))


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: type(event).__name__)
def test_anything_may_happen_to_the_empty_plan(event: PlanEvent) -> None:
    assert given(event).plan.version == 1


@pytest.mark.parametrize("policy", [Policy(), Policy(latch=True)], ids=["usual", "latch"])
@pytest.mark.parametrize("event", OF_A_STRANGER, ids=lambda event: type(event).__name__)
def test_an_event_about_an_unknown_task_changes_no_other(event: PlanEvent, policy: Policy) -> None:
    creation = created(A, B, policy=policy)
    before, after = given(creation).plan, given(creation, event).plan

    assert (after.tasks, after.order) == (before.tasks, before.order)
    assert STRANGER not in after.retired


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: type(event).__name__)
def test_a_deleted_plan_stays_deleted(event: PlanEvent) -> None:
    assert given(created(A), deleted(), event).plan.deleted


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: type(event).__name__)
def test_time_goes_by_what_the_event_says(event: PlanEvent) -> None:
    later = event.model_copy(update={"at": NOON})

    assert given(created(A), later).plan.updated_at == NOON


def test_an_unknown_event_is_a_bug_and_is_named() -> None:
    with pytest.raises(AssertionError, match="never heard of"):
        evolve(Plan(PLAN), cast("PlanEvent", "never heard of"))


def test_an_unknown_command_is_a_bug_and_is_named() -> None:
    with pytest.raises(AssertionError, match="never heard of"):
        decide(given(created(A)).plan, cast("PlanCommand", "never heard of"), NOON)


def test_erased_text_leaves_the_scores() -> None:
    erased: dict[str, Any] = {"goal": None, "metadata": None}
    bare = created(A).tasks[0].model_copy(update={"title": None})
    creation = created(A).model_copy(update={**erased, "tasks": (bare,)})
    plan = given(creation, scored(A)).plan

    assert (plan.goal, plan.metadata, plan.task(A).title) == (None, {}, None)
    assert plan.rolling_confidence == 0.9


# --- the state is a value ------------------------------------------------------


def test_two_futures_can_grow_from_one_past() -> None:
    past = given(created(A)).plan
    assert past.rolling_confidence == 1.0
    good, bad = evolve(past, scored(A, OUTPUT, 1.0)), evolve(past, scored(A, OUTPUT, 0.0))

    assert (good.rolling_confidence, bad.rolling_confidence) == (1.0, 0.0)
    assert past.task(A).output_score is None


def test_a_copy_is_the_same_plan_and_shares_nothing_that_can_be_changed() -> None:
    facts: dict[str, Any] = {"metadata": {"tags": ["x"]}}
    tasks = planned(A, **facts), planned(B), planned(C)
    plan = given(created(*tasks, **facts), scored(A, OUTPUT, 0.4), dropped(C)).plan
    copy = plan.copied()
    assert copy == plan

    for part in (copy, copy.task(A)):
        part.metadata["tags"].append("spoiled")
    copy.task(B).metadata["tags"] = ["spoiled"]

    assert plan.metadata == plan.task(A).metadata == {"tags": ["x"]}
    assert plan.task(B).metadata == {}


def test_folding_on_is_the_same_as_folding_at_once() -> None:
    history = created(A), scored(A), moved(A), deleted()

    assert fold(fold(Plan(PLAN), history[:2]), history[2:]) == fold(Plan(PLAN), history)


def test_another_class_with_the_fields_of_an_event_stands_for_it() -> None:
    class Record(SimpleNamespace):
        """What an event was decoded to."""

    event = scored(A, PROMPT, 0.5)
    stands_for(Record, type(event))
    record = cast("PlanEvent", Record(**dict(event)))

    assert fold(Plan(PLAN), (created(A), record)) == fold(Plan(PLAN), (created(A), event))


def test_a_judgement_keeps_the_version_at_which_it_was_given() -> None:
    plan = given(created(A), scored(A, PROMPT, 0.5), moved(A), scored(A, PROMPT, 0.6)).plan

    assert plan.task(A).prompt_judgements == (Judgement(0.6, 4), Judgement(0.5, 2))
    assert plan.task(A).output_judgements == ()


# --- what a plan says of itself ------------------------------------------------


def test_the_empty_plan_has_nothing_and_never_was() -> None:
    plan = given().plan

    assert (plan.exists, plan.deleted, plan.version, list(plan)) == (False, False, 0, [])
    assert (plan.goal, plan.metadata, plan.policy) == (None, {}, Policy())
    assert (plan.created_at, plan.updated_at, plan.replan_count) == (None, None, 0)


def test_a_task_is_found_by_its_id_or_not_at_all() -> None:
    plan = given(created(A, B)).plan

    assert plan.task(B).id == B
    with pytest.raises(TaskNotFound) as caught:
        plan.task(STRANGER)
    assert (caught.value.plan_id, caught.value.task_id) == (PLAN, STRANGER)


def test_only_scored_tasks_make_up_the_confidence_in_plan_order() -> None:
    """A 1.0, B not scored, C 0.5: (0.5 × 1 + 0.5) / 1.5."""
    plan = given(created(A, B, C, policy=EVEN), scored(C, OUTPUT, 0.5), scored(A, PROMPT, 1.0)).plan

    assert plan.rolling_confidence == 1 / 1.5
    assert plan.needs_replan
    assert [(task.id, confidence) for task, confidence in plan.scored()] == [(A, 1.0), (C, 0.5)]


@repeatable
@for_all(st.tuples(*[st.floats(0.0, 1.0)] * 3))
def test_the_order_of_the_scores_changes_no_bit_of_the_confidence(
    scores: tuple[float, float, float],
) -> None:
    history = [scored(task, OUTPUT, score) for task, score in zip((A, B, C), scores, strict=True)]
    confidences = {
        given(created(A, B, C), *order).plan.rolling_confidence for order in permutations(history)
    }

    assert len(confidences) == 1


def test_a_task_passes_by_its_own_confidence_and_not_without_any() -> None:
    history = scored(A, OUTPUT, 0.75), scored(B, OUTPUT, 0.7)
    plan = given(created(A, B, C, policy=EVEN), *history).plan

    assert [plan.passes(task) for task in plan] == [True, False, False]


def test_an_unscored_task_passes_no_threshold_however_low() -> None:
    plan = given(created(A, policy=Policy(confidence_threshold=0.0))).plan

    assert not plan.passes(plan.task(A))
    assert not plan.needs_replan


# --- the names of events -------------------------------------------------------


def test_an_event_is_named_by_its_plan_and_version() -> None:
    assert event_id(PLAN, 7) == "billing@7"
    assert version_of("billing@7") == 7
    assert version_of(event_id("a@1", 12)) == 12


@pytest.mark.parametrize("version", [0, 1, 10, 999_999_999_999_999_999])
def test_a_name_gives_its_version_back(version: int) -> None:
    assert version_of(event_id(PLAN, version)) == version


@pytest.mark.parametrize(
    "name",
    [
        "",
        "@",
        "billing",
        "billing@",
        "billing@x",
        "billing@-1",
        "billing@1 ",
        "billing@1\n",
        "billing@1.0",
        "billing@\u0661",  # 1, in Arabic
        pytest.param("billing@" + "1" * 19, id="19 digits"),
        pytest.param("billing@" + "9" * 5_000, id="5000 digits"),
    ],
)
def test_what_names_no_version_names_none(name: str) -> None:
    assert version_of(name) is None
