"""Several judges on one task: whose score counts, and what waits for more of them."""

from datetime import timedelta

import pytest

from plangate.domain.commands import ApproveGate, PlanCommand
from plangate.domain.errors import InvalidInput
from plangate.domain.events import LeaseRenewed, PlanEvent
from plangate.domain.evolve import fold
from plangate.domain.obstacles import Obstacle, obstacles
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.trait_tree import Trait
from plangate.domain.verdict import changes_at, takeable, verdict
from plangate.domain.vocabulary import (
    AttemptScores,
    Judges,
    ObstacleKind,
    Recency,
    ScarceEvidence,
    ScoreKind,
    Scorer,
    ScorerKind,
    StatusCause,
    TaskStatus,
    Verdict,
)
from tests.support.examples import (
    ADA,
    DONE,
    FAILED,
    IN_PROGRESS,
    MARKED,
    NOON,
    OUTPUT,
    PENDING,
    PLAN,
    PROMPT,
    REPLANNING,
    A,
    B,
    C,
    attempted,
    claimed,
    created,
    deferred,
    moved,
    release,
    renew,
    replan,
    retract,
    retracted,
    score_output,
    score_prompt,
    scored,
    update,
)
from tests.support.story import Story, given

ANN = Scorer(kind=ScorerKind.MODEL, name="ann", version="1")
ANN_2 = ANN.model_copy(update={"version": "2"})
BEN = Scorer(kind=ScorerKind.HUMAN, name="ben")
CY = Scorer(kind=ScorerKind.CODE, name="cy")
SCORED = StatusCause.SCORED
TWO = Policy(min_judges=2, judges=Judges.MEAN)
LATER = NOON + timedelta(hours=1)


def plan_of(*history: PlanEvent) -> Plan:
    return fold(Plan(PLAN), history)


def after(story: Story, *commands: PlanCommand) -> Story:
    for command in commands:
        story = story.and_then(*story.when(command).happens())
    return story


# --- which score counts ---------------------------------------------------------


@pytest.mark.parametrize(
    "judges, counts",
    [
        (Judges.NEWEST, 0.6),
        (Judges.MEAN, (0.9 + 0.3 + 0.6) / 3),
        (Judges.MEDIAN, 0.6),
        (Judges.MIN, 0.3),
        (Judges.TRIMMED, 0.6),
    ],
)
@pytest.mark.parametrize("kind", [PROMPT, OUTPUT])
def test_of_each_judge_the_newest_score_has_a_say(
    judges: Judges, counts: float, kind: ScoreKind
) -> None:
    plan = plan_of(
        created(A, policy=Policy(judges=judges)),
        scored(A, kind, 0.1, scorer=ANN),
        scored(A, kind, 0.9, scorer=BEN),
        scored(A, kind, 0.3, scorer=ANN_2),
        scored(A, kind, 0.6),
    )
    task = plan.task(A)
    assert (task.prompt_score if kind is PROMPT else task.output_score) == pytest.approx(counts)
    assert plan.rolling_confidence == pytest.approx(counts)


def test_by_default_the_newest_score_counts_from_any_judge() -> None:
    plan = plan_of(created(A), scored(A, score=0.1, scorer=ANN), scored(A, score=0.9, scorer=BEN))
    assert (plan.task(A).output_score, plan.panel) == (0.9, None)
    assert plan.task(A).counting[0].judge is None


def test_a_second_judge_decides_with_the_first() -> None:
    """0.9 alone passes 0.72; the mean with 0.3 is 0.6, and fires."""
    first = given(created(A, B, policy=Policy(judges=Judges.MEAN)))
    second = first.when(score_output(A, 0.9, scorer=ANN)).then(
        scored(A, OUTPUT, 0.9, mark_done=True, scorer=ANN), moved(A, PENDING, DONE, SCORED)
    )
    second.when(score_output(A, 0.3, scorer=BEN)).then(
        scored(A, OUTPUT, 0.3, mark_done=True, scorer=BEN),
        moved(A, DONE, REPLANNING, SCORED),
        replan(A, 0.6, 0.72),
    )


def test_a_retraction_brings_back_what_its_judge_said_before() -> None:
    history = (
        created(A, policy=Policy(judges=Judges.MIN)),
        scored(A, score=0.8, scorer=ANN),
        scored(A, score=0.9, scorer=BEN),
        scored(A, score=0.2, scorer=ANN),
    )
    assert plan_of(*history).task(A).output_score == 0.2
    back = plan_of(*history, retracted(A, event=f"{PLAN}@4"))
    assert back.task(A).output_score == 0.8
    assert (
        plan_of(*history, retracted(A, event=f"{PLAN}@4"), retracted(A, event=f"{PLAN}@2"))
        .task(A)
        .output_score
        == 0.9
    )
    assert (back.find_score(f"{PLAN}@4"), back.find_score(f"{PLAN}@3")) == (
        None,
        (back.task(A), OUTPUT),
    )


def test_judges_of_an_earlier_attempt_have_no_say_once_this_one_is_scored() -> None:
    history = (
        created(A, policy=Policy(judges=Judges.MEAN)),
        scored(A, score=0.2, scorer=ANN),
        scored(A, score=0.4, scorer=BEN),
        attempted(A),
    )
    assert plan_of(*history).task(A).output_score == pytest.approx(0.3)
    assert plan_of(*history, scored(A, score=0.8, scorer=BEN)).task(A).output_score == 0.8
    reset = Policy(judges=Judges.MEAN, attempt_scores=AttemptScores.RESET)
    assert plan_of(created(A, policy=reset), *history[1:]).task(A).output_score is None


def test_what_was_scored_last_is_where_its_newest_judge_scored_last() -> None:
    """Weights 0.85 and 1: A, judged again at last, weighs 1."""
    plan = plan_of(
        created(A, B, policy=Policy(judges=Judges.MEAN, order=Recency.SCORED, min_scored=2)),
        scored(A, score=1.0, scorer=ANN),
        scored(B, score=0.0, scorer=ANN),
        scored(A, score=0.5, scorer=BEN),
    )
    assert [task.id for task, _ in plan.scored()] == [B, A]
    assert plan.rolling_confidence == pytest.approx(0.75 / 1.85)
    assert plan.task(A).last_scored == 4


def test_the_clamped_scores_of_all_judges_are_counted() -> None:
    plan = plan_of(
        created(A, policy=Policy(judges=Judges.MIN)),
        scored(A, score=1.0, raw_score=7.0, scorer=ANN),
        scored(A, score=0.4, scorer=BEN),
        scored(A, score=0.0, raw_score=-1.0, scorer=CY),
    )
    assert plan.traits.count(Trait.CLAMPED) == 2


# --- too few judges --------------------------------------------------------------


def test_a_score_of_too_few_judges_does_not_count() -> None:
    plan = plan_of(created(A, B, policy=TWO), scored(A, score=0.1, scorer=ANN, mark_done=True))
    task = plan.task(A)
    assert (task.output_score, task.confidence(TWO), task.missing_judges) == (None, None, 1)
    assert (task.counting, task.last_scored, task.awaits_judges) == ((), 0, True)
    assert plan.rolling_confidence == 1.0
    assert plan.traits.count(Trait.SCORED) == 0
    assert not plan.passes(task)


def test_a_prompt_score_of_too_few_judges_does_not_count_either() -> None:
    plan = plan_of(created(A, policy=TWO), scored(A, PROMPT, 0.1, scorer=ANN))
    assert (plan.task(A).prompt_score, plan.task(A).awaits_judges) == (None, False)
    assert plan.traits.count(Trait.UNCLEAR) == 0
    both = plan_of(
        created(A, policy=TWO), scored(A, PROMPT, 0.1, scorer=ANN), scored(A, PROMPT, 0.3)
    )
    assert both.task(A).prompt_score == pytest.approx(0.2)
    assert both.traits.count(Trait.UNCLEAR) == 1


def test_each_kind_waits_for_its_own_judges() -> None:
    plan = plan_of(
        created(A, policy=TWO),
        scored(A, PROMPT, 0.4, scorer=ANN),
        scored(A, PROMPT, 0.6, scorer=BEN),
        scored(A, OUTPUT, 0.1, scorer=ANN),
    )
    assert plan.task(A).confidence(TWO) == 0.5
    assert plan.task(A).last_scored == 3
    assert plan.traits.count(Trait.UNCLEAR) == 1


def test_the_same_judge_again_is_not_another_judge() -> None:
    plan = plan_of(
        created(A, policy=TWO),
        scored(A, score=0.1, scorer=ANN, mark_done=True),
        scored(A, score=0.9, scorer=ANN_2, mark_done=True),
    )
    assert plan.task(A).missing_judges == 1


def test_the_result_of_a_pending_task_is_in_progress_until_it_is_judged() -> None:
    story = (
        given(created(A, B, policy=TWO))
        .when(score_output(A, 0.1, scorer=ANN))
        .then(
            scored(A, OUTPUT, 0.1, mark_done=True, scorer=ANN),
            moved(A, PENDING, IN_PROGRESS, SCORED),
        )
    )
    assert [task.id for task in takeable(story.plan, LATER)] == [B]
    story.when(score_output(A, 0.3, scorer=BEN)).then(
        scored(A, OUTPUT, 0.3, mark_done=True, scorer=BEN),
        moved(A, IN_PROGRESS, REPLANNING, SCORED),
        replan(A, 0.2, 0.72),
    )


def test_enough_judges_settle_a_task_that_passes() -> None:
    story = given(created(A, B, policy=TWO), scored(A, score=0.7, scorer=ANN), claimed(A))
    story.when(score_output(A, 0.8, scorer=BEN)).then(
        scored(A, OUTPUT, 0.8, mark_done=True, scorer=BEN), moved(A, IN_PROGRESS, DONE, SCORED)
    )


def test_the_claim_of_a_result_that_waits_does_not_expire() -> None:
    story = given(created(A, B, policy=TWO), claimed(A, ADA, until=LATER))
    plan = after(story, score_output(A, 0.9, scorer=ANN, token=2)).plan
    claim = plan.task(A).claim
    assert claim is not None
    assert (claim.worker, claim.token, claim.until) == (ADA, 2, None)
    much_later = LATER + timedelta(days=1)
    assert [task.id for task in takeable(plan, much_later)] == [B]
    assert changes_at(plan, NOON) is None


def test_a_score_that_does_not_end_the_work_leaves_the_lease() -> None:
    story = given(created(A, policy=TWO), claimed(A, ADA, until=LATER))
    plan = after(story, score_output(A, 0.9, scorer=ANN, mark_done=False)).plan
    claim = plan.task(A).claim
    assert claim is not None
    assert claim.until == LATER


def test_a_score_that_does_not_end_the_work_leaves_a_pending_task_pending() -> None:
    story = given(created(A, policy=TWO)).when(score_output(A, 0.9, mark_done=False))
    story.then(scored(A, OUTPUT, 0.9, mark_done=False))


def test_there_is_nothing_to_renew_while_a_result_waits() -> None:
    story = given(created(A, policy=TWO), claimed(A, ADA, until=LATER))
    after(story, score_output(A, 0.9, scorer=ANN)).when(renew(A, 2, 60.0)).then_nothing()
    unfinished = after(story, score_output(A, 0.9, mark_done=False)).when(renew(A, 2, 60.0))
    assert [type(event) for event in unfinished.happens()] == [LeaseRenewed]


@pytest.mark.parametrize("status", [DONE, FAILED, REPLANNING])
def test_a_settled_task_stays_so_until_enough_judges_scored_it(status: TaskStatus) -> None:
    story = given(created(A, policy=TWO), moved(A, PENDING, status, MARKED))
    story.when(score_output(A, 0.9, scorer=ANN)).then(
        scored(A, OUTPUT, 0.9, mark_done=True, scorer=ANN)
    )


def test_a_deferral_ends_with_the_first_score() -> None:
    plan = plan_of(created(A, policy=TWO), deferred(A), scored(A, scorer=ANN))
    assert plan.task(A).deferred is None


# --- the gate waits ---------------------------------------------------------------


def test_a_score_that_does_not_count_neither_is_a_low_nor_ends_a_row() -> None:
    policy = Policy(min_judges=2, consecutive_lows=2, latch=True)
    story = given(created(A, B, C, policy=policy), *low(A))
    assert story.plan.gate.lows == 1
    story = after(story, score_output(B, 0.9, scorer=ANN))
    assert story.plan.gate.lows == 1
    plan = after(story, score_output(B, 0.1, scorer=BEN)).plan
    assert (plan.gate.lows, plan.replan_due) == (2, True)


def low(task: str) -> tuple[PlanEvent, PlanEvent]:
    return scored(task, score=0.1, scorer=ANN), scored(task, score=0.1, scorer=BEN)


def test_a_tripped_gate_stays_so_until_a_score_counts() -> None:
    history = (created(A, B, policy=Policy(min_judges=2)), *low(A), replan(A))
    assert plan_of(*history, scored(B, score=0.9, scorer=ANN)).gate.tripped
    assert not plan_of(
        *history, scored(B, score=0.9, scorer=ANN), scored(B, score=0.9, scorer=BEN)
    ).gate.tripped


def test_the_gate_with_scarce_evidence_waits_for_judges_too() -> None:
    policy = Policy(min_judges=2, min_scored=2, scarce_evidence=ScarceEvidence.JUDGE)
    waiting = scored(B, score=0.1, scorer=ANN), moved(B, PENDING, IN_PROGRESS, SCORED)
    story = given(created(A, B, policy=policy), *waiting, *low(A))
    assert not story.plan.has_evidence()
    assert plan_of(created(A, B, policy=policy), *low(A), moved(B, PENDING, DONE)).has_evidence()


def test_both_scores_at_once_wait_together() -> None:
    story = given(created(A, policy=TWO)).when(update(A, 0.2, 0.3, scorer=ANN))
    story.then(
        scored(A, PROMPT, 0.2, scorer=ANN),
        scored(A, OUTPUT, 0.3, mark_done=True, scorer=ANN),
        moved(A, PENDING, IN_PROGRESS, SCORED),
    )


# --- what is said, and what leads on -------------------------------------------------


def waiting_plan() -> Plan:
    return after(given(created(A, policy=TWO)), score_output(A, 0.9, scorer=ANN)).plan


def test_a_plan_that_waits_for_a_judge_says_so() -> None:
    plan = waiting_plan()
    assert verdict(plan, LATER) is Verdict.WAIT
    assert obstacles(plan) == (Obstacle(ObstacleKind.AWAITS_JUDGES, (A,)),)
    assert plan.traits.count(Trait.AWAITS_JUDGES) == 1
    assert plan.traits.count(Trait.SCORABLE) == 1


def test_a_result_that_waits_can_be_accepted() -> None:
    accept = ApproveGate(reason="the other judge is down", accept=(A,))
    plan = after(given(created(A, policy=TWO)), score_output(A, 0.9, scorer=ANN), accept).plan
    assert (plan.task(A).status, plan.task(A).awaits_judges) == (DONE, False)
    assert plan.traits.count(Trait.DONE_UNSCORED) == 1
    unjudged = given(created(A, policy=TWO), claimed(A))
    with pytest.raises(InvalidInput, match="is in_progress; only the result of a failed"):
        unjudged.when(accept).happens()


def test_a_result_that_waits_can_be_given_back() -> None:
    plan = after(Story(waiting_plan()), release(A)).plan
    assert [task.id for task in takeable(plan, LATER)] == [A]
    assert obstacles(plan) == (Obstacle(ObstacleKind.AWAITS_JUDGES, (A,)),)


def test_a_retraction_may_leave_too_few() -> None:
    story = given(created(A, policy=TWO), *low(A), moved(A, PENDING, FAILED))
    plan = after(story, retract(f"{PLAN}@3"), score_prompt(A, 0.5, scorer=ANN)).plan
    assert (plan.task(A).output_score, plan.task(A).status) == (None, FAILED)
    assert plan.task(A).awaits_judges
    assert plan.task(A).confidence(TWO) is None
