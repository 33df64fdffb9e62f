"""Policies with a memory: when the gate fires, when it opens again, and when it is exhausted.

The scores are made with a decay of 1, so that the rolling confidence is the plain mean.
"""

from typing import Any

import pytest

from plangate.domain.commands import AddTask, ChangeTask, DropTask, MoveTask, PlanCommand
from plangate.domain.errors import PlanHeld
from plangate.domain.events import PlanEvent
from plangate.domain.gate import GateMemory
from plangate.domain.obstacles import Obstacle, obstacles
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Gate, ObstacleKind, PlanState, Recency
from tests.support.examples import (
    ADA,
    APPROVE,
    DONE,
    EVEN,
    FAILED,
    HAS_APPROVED,
    IN_PROGRESS,
    OUTPUT,
    PENDING,
    PLAN,
    PROMPT,
    REPLANNING,
    RETRIED,
    WHY,
    A,
    B,
    C,
    D,
    E,
    attempted,
    claim_next,
    claimed,
    created,
    moved,
    new,
    replan,
    retract,
    retry,
    revise,
    score_output,
    score_prompt,
    scored,
    update,
)
from tests.support.story import Story, given

TASKS = (A, B, C, D, E)
OPEN = GateMemory()
REVISE = revise(AddTask(task=new("late")))


def mean(threshold: float = 0.5, **rules: Any) -> Policy:
    return Policy(decay=1.0, confidence_threshold=threshold, **rules)


def plan_of(*tasks: str, **rules: Any) -> Story:
    return given(created(*(tasks or TASKS), policy=mean(**rules)))


def after(story: Story, *commands: PlanCommand) -> Story:
    """The plan once all the commands are granted."""
    for command in commands:
        story = story.and_then(*story.when(command).happens())
    return story


def judged(story: Story, *scores: float) -> Story:
    """The plan once its tasks were given these output scores, in plan order."""
    return after(story, *map(score_output, TASKS, scores))


def fired(story: Story) -> list[str]:
    """The tasks whose output score fired the gate, by the plan's counts."""
    return [task.id for task in story.plan for _ in range(task.replan_count)]


# --- what recent means ---------------------------------------------------------


def test_recent_is_what_stands_later_in_the_plan_unless_the_policy_says_otherwise() -> None:
    assert Policy().order is Recency.PLAN

    history = scored(B, OUTPUT, 0.0), scored(A, OUTPUT, 1.0)
    by_plan = given(created(A, B, policy=EVEN), *history).plan
    assert by_plan.rolling_confidence == 0.5 / 1.5


def test_recent_is_what_was_scored_later_where_the_policy_says_so() -> None:
    """B 0.0 first, then A 1.0: (0.5 × 0 + 1) / 1.5."""
    policy = EVEN.model_copy(update={"order": Recency.SCORED})
    history = scored(B, OUTPUT, 0.0), scored(A, OUTPUT, 1.0)
    plan = given(created(A, B, policy=policy), *history).plan

    assert plan.rolling_confidence == 1 / 1.5
    assert [task.id for task, _ in plan.scored()] == [B, A]


@pytest.mark.parametrize(
    "then, order",
    [
        (scored(B, PROMPT, 0.5), [A, C, B]),
        (scored(A, OUTPUT, 0.5), [B, C, A]),
        (scored(D, PROMPT, 0.5), [A, B, C, D]),
    ],
)
def test_a_task_is_as_recent_as_its_newest_score_of_either_kind(
    then: PlanEvent, order: list[str]
) -> None:
    policy = mean(order="scored")
    history = scored(A, PROMPT), scored(B, OUTPUT), scored(C, OUTPUT), then
    plan = given(created(*TASKS, policy=policy), *history).plan

    assert [task.id for task, _ in plan.scored()] == order


def test_a_withdrawn_score_makes_a_task_as_recent_as_the_one_before() -> None:
    story = after(plan_of(order="scored"), score_output(A), score_output(B), score_prompt(A))
    assert [task.id for task, _ in story.plan.scored()] == [B, A]

    story = after(story, retract(f"{PLAN}@{story.plan.version}"))
    assert [task.id for task, _ in story.plan.scored()] == [A, B]
    assert [task.last_scored for task in story.plan] == [2, 4, 0, 0, 0]


# --- enough evidence -----------------------------------------------------------


def test_the_gate_does_not_fire_before_enough_tasks_are_scored() -> None:
    story = plan_of(min_scored=3)
    story = story.when(score_output(A, 0.1)).then(scored(A, OUTPUT, 0.1), moved(A, PENDING, FAILED))
    story = story.when(score_output(B, 0.1)).then(scored(B, OUTPUT, 0.1), moved(B, PENDING, FAILED))
    assert (story.plan.needs_replan, story.plan.replan_due) == (True, False)

    happened = story.when(score_output(C, 0.1)).happens()
    assert [type(event).__name__ for event in happened][-1] == "ReplanTriggered"


def test_a_task_counts_once_however_often_it_is_scored() -> None:
    story = after(plan_of(min_scored=2), *[score_output(A, 0.1)] * 5)

    assert fired(story) == []


def test_a_prompt_score_is_evidence_too() -> None:
    story = after(plan_of(min_scored=2), score_prompt(B, 0.1), score_output(A, 0.1))

    assert fired(story) == [A]


def test_a_plan_with_fewer_tasks_is_judged_once_all_are_scored() -> None:
    story = judged(plan_of(A, B, min_scored=5), 0.1, 0.1)

    assert fired(story) == [B]


# --- lows in a row -------------------------------------------------------------


@pytest.mark.parametrize("needed, first", [(1, A), (2, B), (3, C), (5, E)])
def test_so_many_lows_in_a_row_fire_the_gate(needed: int, first: str) -> None:
    story = judged(plan_of(consecutive_lows=needed, latch=True), *[0.1] * 5)

    assert fired(story) == [first]


def test_without_a_latch_every_further_low_fires_it() -> None:
    assert fired(judged(plan_of(consecutive_lows=2), *[0.1] * 5)) == [B, C, D, E]


def test_a_confidence_at_the_threshold_breaks_the_row() -> None:
    """The means: 0.4, 0.5, 0.45, 0.4."""
    story = judged(plan_of(consecutive_lows=2), 0.4, 0.6)
    assert story.plan.gate == OPEN

    story = after(story, score_output(C, 0.35))
    assert (story.plan.gate.lows, fired(story)) == (1, [])
    assert fired(after(story, score_output(D, 0.25))) == [D]


def test_lows_count_before_there_is_enough_evidence() -> None:
    assert fired(judged(plan_of(consecutive_lows=3, min_scored=2), *[0.1] * 3)) == [C]
    assert fired(judged(plan_of(consecutive_lows=2, min_scored=3), *[0.1] * 3)) == [C]


def test_a_score_that_settles_nothing_counts_too() -> None:
    story = after(
        plan_of(consecutive_lows=2),
        score_output(A, 0.1, mark_done=False),
        score_output(A, 0.1, mark_done=False),
    )

    assert fired(story) == [A]


def test_a_prompt_score_neither_counts_nor_breaks_the_row() -> None:
    """However low it is, or however high it brings the confidence."""
    story = after(plan_of(consecutive_lows=2), score_output(A, 0.1), score_prompt(B, 0.0))
    assert story.plan.gate.lows == 1

    story = after(story, score_prompt(B, 1.0))
    assert (story.plan.needs_replan, story.plan.gate.lows) == (False, 1)
    assert fired(after(story, score_prompt(B, 0.0), score_output(C, 0.1))) == [C]


def test_of_an_update_the_output_score_alone_counts() -> None:
    story = after(plan_of(consecutive_lows=2), update(A, 0.1, 0.1))

    assert (story.plan.gate.lows, fired(story)) == (1, [])


def test_a_retracted_score_breaks_the_row_where_the_confidence_recovers() -> None:
    """0.6, 0.2 and 0.1: without the first low the mean is 0.35, without both 0.6."""
    story = judged(plan_of(consecutive_lows=9), 0.6, 0.2, 0.1)
    assert story.plan.gate.lows == 2

    story = after(story, retract(f"{PLAN}@4"))
    assert (story.plan.needs_replan, story.plan.gate.lows) == (True, 2)
    story = after(story, retract(f"{PLAN}@6"))
    assert (story.plan.needs_replan, story.plan.gate.lows) == (False, 0)


def test_retrying_each_low_task_does_not_break_the_row() -> None:
    """No replan was due: a retry changes nothing."""
    once = after(plan_of(consecutive_lows=2), score_output(A, 0.1), retry(A))
    assert once.plan.gate.lows == 1

    assert fired(after(once, score_output(A, 0.1))) == [A]


def test_a_revision_that_answers_nothing_does_not_break_the_row_either() -> None:
    once = after(plan_of(consecutive_lows=2), score_output(A, 0.1), revise(DropTask(task_id=A)))

    assert once.plan.gate.lows == 1


# --- tripped: hysteresis and latch ---------------------------------------------


def test_a_tripped_gate_goes_on_firing_until_the_confidence_reaches_the_exit_threshold() -> None:
    """The means: 0.4, 0.55 (above the threshold, tripped), 0.6 (open), 0.55 (above)."""
    story = plan_of(exit_threshold=0.6)
    story = story.when(score_output(A, 0.4)).then(
        scored(A, OUTPUT, 0.4), moved(A, PENDING, REPLANNING), replan(A, 0.4, 0.5)
    )
    story = story.when(score_output(B, 0.7)).then(
        scored(B, OUTPUT, 0.7), moved(B, PENDING, REPLANNING), replan(B, 0.55, 0.6)
    )
    assert story.plan.gate == GateMemory(tripped=True, replans=2)

    story = story.when(score_output(C, 0.7)).then(scored(C, OUTPUT, 0.7), moved(C, PENDING, DONE))
    assert (story.plan.gate.tripped, story.plan.replan_due) == (False, True)
    assert fired(after(story, score_output(D, 0.4))) == [A, B]


@pytest.mark.parametrize("latch, tasks", [(False, [A, B, C]), (True, [A])])
def test_with_a_latch_it_fires_once_per_trip(latch: bool, tasks: list[str]) -> None:  # noqa: FBT001
    assert fired(judged(plan_of(latch=latch), 0.1, 0.2, 0.3)) == tasks


def test_a_later_low_task_of_a_trip_is_done_or_failed_by_its_own_confidence() -> None:
    story = judged(plan_of(latch=True), 0.1)

    failed = story.when(score_output(B, 0.4)).then(
        scored(B, OUTPUT, 0.4), moved(B, PENDING, FAILED)
    )
    done = failed.when(score_output(C, 0.5)).then(scored(C, OUTPUT, 0.5), moved(C, PENDING, DONE))
    done.when(score_output(D, 0.1, mark_done=False)).then(scored(D, OUTPUT, 0.1, mark_done=False))
    assert (done.plan.needs_replan, done.plan.task(A).status) == (True, REPLANNING)


def test_a_latched_gate_fires_again_in_the_next_trip() -> None:
    """The means: 0.4, 0.5 (recovered), 0.4."""
    assert fired(judged(plan_of(latch=True), 0.4, 0.6, 0.2)) == [A, C]


def test_with_an_exit_threshold_the_next_trip_needs_a_recovery_that_far() -> None:
    """The means: 0.4, 0.5 (not yet), 0.4; and 0.4, 0.6 (recovered), 0.4."""
    latched = {"latch": True, "exit_threshold": 0.6}

    assert fired(judged(plan_of(**latched), 0.4, 0.6, 0.2)) == [A]
    assert fired(judged(plan_of(**latched), 0.4, 0.8, 0.0)) == [A, C]


def test_a_prompt_score_ends_no_trip() -> None:
    story = after(judged(plan_of(latch=True), 0.4), score_prompt(B, 1.0))

    assert (story.plan.needs_replan, story.plan.gate.tripped) == (False, True)


@pytest.mark.parametrize("exit_threshold, tripped", [(None, False), (0.6, False), (0.61, True)])
def test_a_retracted_score_ends_the_trip_where_the_confidence_recovers(
    exit_threshold: float | None,
    tripped: bool,  # noqa: FBT001
) -> None:
    story = judged(plan_of(latch=True, exit_threshold=exit_threshold), 0.6, 0.1)
    story = after(story, retract(f"{PLAN}@4"))

    assert (story.plan.gate.tripped, story.plan.replan_due) == (tripped, True)


def test_too_little_evidence_fires_no_tripped_gate_either() -> None:
    """B's score is withdrawn: one task alone does not fire it, and it stays tripped."""
    story = judged(plan_of(min_scored=2), 0.1, 0.1)
    story = after(story, retract(f"{PLAN}@4"), score_output(A, 0.1))

    assert fired(story) == [B]
    assert story.plan.gate.tripped
    assert fired(after(story, score_output(C, 0.1))) == [B, C]


# --- answering -----------------------------------------------------------------


ANSWERS = [REVISE, revise(ChangeTask(task_id=A, title="Better")), retry(A), APPROVE]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda command: type(command).__name__)
def test_an_answer_ends_the_trip_and_the_row(answer: PlanCommand) -> None:
    """What comes after it is judged afresh: only as many lows again fire the gate."""
    story = judged(plan_of(consecutive_lows=2, latch=True, min_scored=2), 0.1, 0.1, 0.1)
    assert story.plan.gate == GateMemory(tripped=True, lows=3, replans=1)

    story = after(story, answer)
    assert (story.plan.gate.tripped, story.plan.gate.lows) == (False, 0)
    assert not story.plan.replan_due

    story = after(story, score_output(D, 0.1))
    assert not story.plan.replan_due
    assert after(story, score_output(E, 0.1)).plan.replan_due


def test_an_answer_is_given_once() -> None:
    """A second one answers nothing, and leaves the row alone."""
    story = after(judged(plan_of(consecutive_lows=2), 0.1, 0.1), APPROVE, score_output(C, 0.1))
    assert story.plan.gate.lows == 1

    story.when(APPROVE).then_nothing()
    assert after(story, REVISE).plan.gate.lows == 1


def test_an_approval_counts_replans_anew_and_other_answers_do_not() -> None:
    story = judged(plan_of(), 0.1, 0.1)
    assert story.plan.gate.replans == 2

    assert after(story, retry(A)).plan.gate.replans == 2
    assert after(story, REVISE).plan.gate.replans == 2
    assert after(story, APPROVE).plan.gate == OPEN
    assert after(story, APPROVE).plan.replan_count == 2


# --- so many replans -----------------------------------------------------------


def exhausted(**rules: Any) -> Plan:
    """A plan of five whose gate fired at A, and then at B once too often."""
    return judged(plan_of(max_replans=1, **rules), 0.1, 0.1).plan


@pytest.mark.parametrize("allowed, scores", [(0, 1), (1, 2), (3, 4)])
def test_the_firing_beyond_those_allowed_blocks_the_plan(allowed: int, scores: int) -> None:
    before = judged(plan_of(max_replans=allowed), *[0.1] * (scores - 1)).plan
    assert (before.is_exhausted, before.is_held, before.state) == (False, False, PlanState.ACTIVE)

    plan = judged(plan_of(max_replans=allowed), *[0.1] * scores).plan
    assert (plan.is_exhausted, plan.is_held, plan.state) == (True, True, PlanState.BLOCKED)
    assert plan.replan_count == scores


def test_any_number_of_replans_is_allowed_unless_the_policy_says_otherwise() -> None:
    assert not judged(plan_of(), *[0.1] * 5).plan.is_exhausted


def test_the_obstacle_names_all_tasks_that_are_held_back() -> None:
    story = Story(exhausted(gate=Gate.HOLD)).and_then(claimed(D, ADA), moved(E, PENDING, DONE))

    assert obstacles(story.plan)[-1] == Obstacle(ObstacleKind.REPLANS_EXHAUSTED, (A, B, C))
    assert [o.kind for o in obstacles(story.plan)] == ["replanning", "replans_exhausted"]
    assert story.plan.state is PlanState.WAITING


def test_no_task_is_handed_out_and_it_is_said_what_leads_on() -> None:
    why = "has used up its replans: 2 without an approval, 1 allowed"

    for gate in Gate:
        Story(exhausted(gate=gate)).when(claim_next(ADA)).refused(
            PlanHeld(PLAN, why, "approve the gate to go on")
        )


def test_a_revision_or_a_retry_answers_the_replan_but_only_an_approval_leads_on() -> None:
    story = Story(exhausted())
    story = story.when(retry(A)).then(attempted(A, 2, WHY), moved(A, REPLANNING, PENDING, RETRIED))
    assert (story.plan.replan_due, story.plan.is_exhausted) == (False, True)
    assert after(story, REVISE).plan.is_exhausted

    story = story.when(APPROVE).then(HAS_APPROVED)
    assert (story.plan.gate, story.plan.state) == (OPEN, PlanState.ACTIVE)
    story.when(claim_next(ADA)).then(claimed(A, ADA))
    story.when(APPROVE).then_nothing()


def test_after_an_approval_as_many_are_allowed_again() -> None:
    story = after(Story(exhausted()), APPROVE, score_output(C, 0.1))
    assert not story.plan.is_exhausted

    assert after(story, score_output(D, 0.1)).plan.is_exhausted


def test_work_in_hand_may_be_reported_and_what_is_complete_stays_so() -> None:
    history = created(A, B, policy=mean(max_replans=0)), claimed(B, ADA)
    story = judged(given(*history), 0.1)
    assert (story.plan.is_exhausted, story.plan.state) == (True, PlanState.WAITING)

    story = after(story, score_output(B, 1.0, token=2))
    assert story.plan.task(B).status is DONE
    story = story.and_then(moved(A, REPLANNING, DONE))
    assert (story.plan.is_exhausted, story.plan.state) == (True, PlanState.COMPLETE)
    assert obstacles(story.plan) == ()


def test_who_is_at_work_holds_nothing_back() -> None:
    plan = Story(exhausted()).and_then(*(moved(t, PENDING, IN_PROGRESS) for t in TASKS)).plan

    assert (plan.state, obstacles(plan)) == (PlanState.WAITING, ())


# --- the rule without a memory -------------------------------------------------


@pytest.mark.parametrize(
    "rules, remembers",
    [
        ({}, False),
        ({"order": "scored"}, False),
        ({"max_replans": 0}, False),
        ({"min_scored": 2}, True),
        ({"consecutive_lows": 2}, True),
        ({"exit_threshold": 0.72}, True),
        ({"latch": True}, True),
    ],
)
def test_a_policy_has_a_memory_if_more_than_the_confidence_decides(
    rules: dict[str, Any],
    remembers: bool,  # noqa: FBT001
) -> None:
    assert Policy.model_validate(rules).has_memory is remembers


def test_without_a_memory_the_gate_is_tripped_from_firing_to_the_next_output_score() -> None:
    story = plan_of()
    assert story.plan.gate == OPEN

    story = judged(story, 0.1)
    assert story.plan.gate == GateMemory(tripped=True, replans=1)
    assert after(story, score_prompt(B, 1.0)).plan.gate.tripped
    assert after(story, score_output(B, 1.0)).plan.gate == GateMemory(replans=1)
    assert after(story, retract(f"{PLAN}@2")).plan.gate == GateMemory(replans=1)


def test_replaying_computes_no_rolling_confidence() -> None:
    """Without a memory there is none to work out, with one it is kept in a tree."""
    without = judged(plan_of(), 0.9, 0.1, 0.9).and_then(scored(D, OUTPUT, 0.9)).plan
    remembering = plan_of(consecutive_lows=2).and_then(*(scored(t, OUTPUT, 0.3) for t in TASKS))
    kept = remembering.plan.tree

    for plan in (without, remembering.plan):
        assert "rolling_confidence" not in plan.__dict__
    assert without.tree is None
    assert kept is not None
    assert kept.rolling_confidence == pytest.approx(0.3, abs=1e-12)
    assert remembering.plan.gate.lows == 5


def test_a_new_attempt_whose_old_scores_are_reset_is_judged_without_them() -> None:
    """0.1 and 0.6 are low; without the 0.1, which counts no more, 0.6 and 0.6 are not."""
    rules = {"consecutive_lows": 3, "attempt_scores": "reset"}
    story = after(plan_of(**rules), score_output(A, 0.1), score_output(B, 0.6))
    assert story.plan.gate.lows == 2

    assert after(story, score_output(C, 0.6)).plan.replan_due
    assert after(story, retry(A), score_output(C, 0.6)).plan.gate.lows == 0


def test_a_revised_plan_is_judged_by_the_tasks_it_has() -> None:
    """Dropped, the bad task counts no more; moved to the end, it counts most."""
    rules = {"consecutive_lows": 2, "decay": 0.5, "confidence_threshold": 0.5}
    story = given(created(*TASKS, policy=Policy.model_validate(rules)))
    story = after(story, score_output(A, 0.0), score_output(B, 0.6))
    assert story.plan.gate.lows == 2  # 0.4

    dropped = after(story, revise(DropTask(task_id=A)), score_output(C, 0.6))
    assert dropped.plan.gate.lows == 0

    last = after(story, APPROVE, revise(MoveTask(task_id=A)), score_output(C, 0.6))
    assert last.plan.rolling_confidence < 0.3  # (0.25 × 0.6 + 0.5 × 0.6) / 1.75
    assert last.plan.gate.lows == 1
