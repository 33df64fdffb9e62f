"""Scores and what follows from them: which status a task ends in, and when the gate fires."""

from typing import Any

import pytest

from plangate.domain.errors import TaskNotFound
from plangate.domain.events import PlanEvent
from plangate.domain.vocabulary import Scorer, ScorerKind, TaskStatus
from tests.support.examples import (
    DONE,
    EVEN,
    FAILED,
    JUDGE,
    MARKED,
    OUTPUT,
    PENDING,
    PLAN,
    PROMPT,
    REFUSING,
    REPLANNING,
    STRANGER,
    A,
    B,
    C,
    created,
    moved,
    replan,
    score_output,
    score_prompt,
    scored,
    update,
)
from tests.support.story import given

EVIDENCE = {"tests": {"passed": 41, "failed": 1}}
HUMAN = Scorer(kind=ScorerKind.HUMAN, name="Ada")


# --- prompt scores -------------------------------------------------------------


def test_a_prompt_score_is_recorded_and_counts() -> None:
    plan = given(created(A, B)).when(score_prompt(A, 0.85)).then(scored(A, PROMPT, 0.85)).plan

    assert (plan.task(A).prompt_score, plan.task(A).output_score) == (0.85, None)
    assert plan.rolling_confidence == 0.85


def test_a_bad_prompt_score_moves_no_task_and_fires_no_gate() -> None:
    plan = given(created(A)).when(score_prompt(A, 0.0)).then(scored(A, PROMPT, 0.0)).plan

    assert plan.needs_replan
    assert (plan.task(A).status, plan.replan_count) == (PENDING, 0)


# --- output scores -------------------------------------------------------------


def test_an_output_that_passes_makes_its_task_done() -> None:
    given(created(A, B)).when(score_output(A, 0.9)).then(
        scored(A, OUTPUT, 0.9), moved(A, PENDING, DONE)
    )


def test_an_output_below_the_threshold_triggers_a_replan() -> None:
    plan = (
        given(created(A, B))
        .when(score_output(A, 0.5))
        .then(scored(A, OUTPUT, 0.5), moved(A, PENDING, REPLANNING), replan(A, rolling=0.5))
        .plan
    )

    assert (plan.replan_count, plan.task(A).replan_count, plan.task(B).replan_count) == (1, 1, 0)


def test_a_task_is_judged_by_both_its_scores() -> None:
    """0.35 × 0.85 + 0.65 × 0.55 = 0.655 < 0.72."""
    given(created(A, B), scored(A, PROMPT, 0.85)).when(score_output(A, 0.55)).then(
        scored(A, OUTPUT, 0.55),
        moved(A, PENDING, REPLANNING),
        replan(A, rolling=0.85 * 0.35 + 0.55 * 0.65),
    )


def test_an_output_of_exactly_the_threshold_passes() -> None:
    given(created(A)).when(score_output(A, 0.72)).then(scored(A, OUTPUT, 0.72), moved(A))


@pytest.mark.parametrize("score, ends_as", [(0.72 - 0.9e-12, DONE), (0.72 - 1.1e-12, REPLANNING)])
def test_the_threshold_holds_within_its_tolerance(score: float, ends_as: TaskStatus) -> None:
    gate = [replan(A, rolling=score)] if ends_as is REPLANNING else []

    given(created(A)).when(score_output(A, score)).then(
        scored(A, OUTPUT, score), moved(A, PENDING, ends_as), *gate
    )


def test_a_score_of_zero_is_a_score() -> None:
    """It weighs on the plan: (0.5 × 0 + 1) / 1.5 = 2 / 3."""
    given(created(A, B, policy=EVEN), scored(A, OUTPUT, 0.0)).when(score_output(B, 1.0)).then(
        scored(B, OUTPUT, 1.0),
        moved(B, PENDING, REPLANNING),
        replan(B, rolling=1 / 1.5, threshold=0.75),
    )


RESULTS = [
    # this output, the other task's, mark_done → where the task ends, and at what the gate fires
    pytest.param(1.0, 1.0, True, DONE, None, id="passes-on-course-settled"),
    pytest.param(1.0, 1.0, False, None, None, id="passes-on-course-left"),
    pytest.param(0.5, 1.0, True, FAILED, None, id="fails-on-course-settled"),
    pytest.param(0.5, 1.0, False, None, None, id="fails-on-course-left"),
    pytest.param(1.0, 0.25, True, REPLANNING, 0.5, id="passes-off-course-settled"),
    pytest.param(1.0, 0.25, False, REPLANNING, 0.5, id="passes-off-course-left"),
    pytest.param(0.5, 0.5, True, REPLANNING, 0.5, id="fails-off-course-settled"),
    pytest.param(0.5, 0.5, False, REPLANNING, 0.5, id="fails-off-course-left"),
]


@pytest.mark.parametrize("current", TaskStatus)
@pytest.mark.parametrize("score, other, mark_done, ends_as, fires_at", RESULTS)
def test_where_a_task_ends_when_its_output_is_scored(
    current: TaskStatus,
    score: float,
    other: float,
    ends_as: TaskStatus | None,
    fires_at: float | None,
    *,
    mark_done: bool,
) -> None:
    """The other task stands later in the plan, so it weighs double: (0.5 × this + other) / 1.5."""
    history = (
        created(A, B, policy=EVEN),
        scored(B, OUTPUT, other),
        moved(A, PENDING, current, MARKED),
    )
    expected: list[PlanEvent] = [scored(A, OUTPUT, score, mark_done=mark_done)]
    if ends_as not in {None, current}:
        expected.append(moved(A, current, ends_as or current))
    if fires_at is not None:
        expected.append(replan(A, rolling=fires_at, threshold=0.75))

    story = given(*history).when(score_output(A, score, mark_done=mark_done)).then(*expected)

    assert story.plan.task(A).status is (ends_as or current)
    assert story.plan.needs_replan is (fires_at is not None)
    assert story.plan.replan_count == story.plan.task(A).replan_count == int(fires_at is not None)


def test_every_judgement_counts_a_replan_of_its_own() -> None:
    story = given(created(A))
    for count in (1, 2, 3):
        now = PENDING if count == 1 else REPLANNING
        move = [moved(A, now, REPLANNING)] if count == 1 else []
        story = story.when(score_output(A, 0.5)).then(scored(A, OUTPUT, 0.5), *move, replan(A))
        assert story.plan.replan_count == story.plan.task(A).replan_count == count


def test_the_same_score_again_is_a_new_judgement() -> None:
    story = given(created(A)).when(score_output(A)).then(scored(A), moved(A))

    story.when(score_output(A)).then(scored(A)).when(score_prompt(A)).then(scored(A, PROMPT))


def test_the_newest_score_of_a_kind_counts() -> None:
    outputs = scored(A, OUTPUT, 0.2), scored(A, OUTPUT, 0.8)
    prompts = scored(A, PROMPT, 0.4), scored(A, PROMPT, 0.6)

    for history in ((*outputs, *prompts), (*prompts, *outputs)):
        task = given(created(A), *history).plan.task(A)
        assert (task.output_score, task.prompt_score) == (0.8, 0.6)


def test_a_better_score_brings_the_confidence_back() -> None:
    given(created(A, B), scored(A, OUTPUT, 0.5), moved(A, PENDING, REPLANNING), replan(A)).when(
        score_output(A, 0.95)
    ).then(scored(A, OUTPUT, 0.95), moved(A, REPLANNING, DONE))


def test_scores_for_an_unknown_task_are_refused() -> None:
    story = given(created(A, B, C, policy=REFUSING))

    for command in (
        score_prompt(STRANGER),
        score_output(STRANGER),
        update(STRANGER),
        update(STRANGER, prompt=None),
        score_output(STRANGER, 85),
    ):
        story.when(command).refused(TaskNotFound(PLAN, STRANGER))


def test_a_bad_prompt_still_to_come_sends_good_work_back_until_it_is_judged_anew() -> None:
    """B's 0 weighs on the plan, (0.5 × 1 + 0) / 1.5, however well A is done."""
    history = created(A, B, policy=EVEN), scored(B, PROMPT, 0.0)
    judged = given(*history).when(score_output(A, 1.0))
    story = judged.then(
        scored(A, OUTPUT, 1.0),
        moved(A, PENDING, REPLANNING),
        replan(A, rolling=0.5 / 1.5, threshold=0.75),
    )

    story = story.when(score_prompt(B, 1.0)).then(scored(B, PROMPT, 1.0))
    story.when(score_output(A, 1.0)).then(scored(A, OUTPUT, 1.0), moved(A, REPLANNING, DONE))


# --- both at once --------------------------------------------------------------


def test_an_update_records_both_scores_and_judges_them_together() -> None:
    """0.5 alone would fail; with the prompt it is 0.5 × 1 + 0.5 × 0.5 = 0.75, which passes."""
    given(created(A, policy=EVEN)).when(update(A, prompt=1.0, output=0.5)).then(
        scored(A, PROMPT, 1.0), scored(A, OUTPUT, 0.5), moved(A, PENDING, DONE)
    )


def test_an_update_whose_prompt_was_bad_triggers_the_replan_once() -> None:
    plan = (
        given(created(A, policy=EVEN))
        .when(update(A, prompt=0.0, output=1.0))
        .then(
            scored(A, PROMPT, 0.0),
            scored(A, OUTPUT, 1.0),
            moved(A, PENDING, REPLANNING),
            replan(A, rolling=0.5, threshold=0.75),
        )
        .plan
    )

    assert plan.replan_count == 1


def test_an_update_may_hold_one_score_alone() -> None:
    given(created(A)).when(update(A, prompt=0.1, output=None)).then(scored(A, PROMPT, 0.1))
    given(created(A)).when(update(A, prompt=None)).then(scored(A), moved(A))


def test_an_update_may_leave_the_task_where_it_is() -> None:
    given(created(A)).when(update(A, mark_done=False)).then(
        scored(A, PROMPT), scored(A, OUTPUT, mark_done=False)
    )


# --- who judged, and why -------------------------------------------------------


def test_a_judgement_keeps_who_judged_why_and_on_what_evidence() -> None:
    facts: dict[str, Any] = {"scorer": JUDGE, "rationale": "One test fails", "evidence": EVIDENCE}

    given(created(A)).when(score_prompt(A, **facts)).then(scored(A, PROMPT, **facts))
    given(created(A)).when(score_output(A, **facts)).then(scored(A, **facts), moved(A))
    given(created(A)).when(update(A, **facts)).then(
        scored(A, PROMPT, **facts), scored(A, **facts), moved(A)
    )


def test_a_judgement_may_come_with_nothing_but_a_judge() -> None:
    given(created(A)).when(score_prompt(A, scorer=HUMAN)).then(scored(A, PROMPT, scorer=HUMAN))
