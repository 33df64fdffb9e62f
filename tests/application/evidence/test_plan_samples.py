"""What is kept of a plan: who scored the same work, what actors did, which tasks were added."""

import pytest

from plangate.application.evidence.distributions.plan_sample import JudgeOfKind
from plangate.application.evidence.findings_config import Names
from plangate.domain.events import GateApproved, PlanEvent, PlanRevised
from plangate.domain.judging import UNNAMED, JudgeKey
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import ScoreKind, Scorer, ScorerKind
from tests.support.examples import (
    MORNING,
    OUTPUT,
    PROMPT,
    A,
    added,
    attempted,
    changed,
    claimed,
    created,
    replan,
    retracted,
    scored,
)
from tests.support.samples import sample_of

HALF = Policy(confidence_threshold=0.5)
REVISED = PlanRevised(at=MORNING)
APPROVED = GateApproved(at=MORNING)


def by(name: str, score: float, task: str = A, kind: ScoreKind = OUTPUT) -> PlanEvent:
    return scored(task, kind, score, scorer=Scorer(kind=ScorerKind.MODEL, name=name))


def judge(name: str, kind: ScoreKind = OUTPUT) -> JudgeOfKind:
    return JudgeOfKind(JudgeKey(ScorerKind.MODEL, name), kind)


def differences(*events: PlanEvent) -> list[float]:
    """How much higher x scored than y, in all of the same works."""
    shared = sample_of(created(), *events).shared
    return [round(one.total, 6) for one in shared.values()]


def test_two_judges_of_the_same_work_are_compared_by_their_newest_scores() -> None:
    assert differences(by("x", 0.1), by("y", 0.5), by("x", 0.9)) == [0.4]


def test_judges_of_instructions_are_compared_too_but_not_with_those_of_outputs() -> None:
    first, second = by("x", 0.9, kind=PROMPT), by("y", 0.4, kind=PROMPT)
    assert differences(first, second) == [0.5]
    assert differences(first, by("y", 0.4)) == []
    assert differences(first, claimed(), second) == [0.5]


@pytest.mark.parametrize("between", [claimed(), changed(title="New"), attempted()])
def test_work_in_between_makes_it_other_work(between: PlanEvent) -> None:
    assert differences(by("x", 0.2), between, by("y", 0.5)) == []


def test_a_retracted_score_is_not_compared() -> None:
    assert differences(by("x", 0.2), retracted(event="p@2"), by("y", 0.5)) == []
    assert differences(by("x", 0.2), by("y", 0.5), retracted(event="p@9")) == [-0.3]


def test_only_notable_differences_are_named_in_order_and_by_direction() -> None:
    (shared,) = sample_of(
        created(A, "b", "c"),
        *(by("y", 0.5), by("x", 0.6), by("x", 0.59, "b"), by("y", 0.5, "b")),
        *(by("x", 0.3, "c"), by("y", 0.5, "c")),
    ).shared.values()
    assert (shared.higher.event_ids, shared.lower.event_ids) == (["p@2", "p@3"], ["p@6", "p@7"])
    assert shared.count == 3


def test_so_many_judges_of_one_work_are_compared() -> None:
    sample = sample_of(created(), *(by(f"j{n:02}", 0.5) for n in range(14)))
    assert len(sample.shared) == 12 * 11 / 2


def test_names_of_one_judge_and_of_one_actor_are_one() -> None:
    names = Names({"ada": ["A. L."]})
    sample = sample_of(
        created(A, "b"),
        *((by("Ada", 0.5), "Bob"), (by("a.l.", 0.5, "b"), "BOB"), (scored(), "ada")),
        names=names,
    )
    assert set(sample.judges) == {judge("ada"), JudgeOfKind(UNNAMED, OUTPUT)}
    assert {key: one.scores for key, one in sample.actors.items()} == {"bob": 2, "ada": 1}


def test_scores_around_the_threshold_are_counted_in_four_bins() -> None:
    scores = (0.29, 0.3, 0.39, 0.4, 0.49, 0.5, 0.59, 0.6, 0.69, 0.7)
    sample = sample_of(created(policy=HALF), *(by("x", score) for score in scores))
    one = sample.judges[judge("x")]
    assert (one.near, one.just_above.event_ids) == ([2, 2, 2, 2], ["p@7", "p@8"])
    prompts = sample_of(created(policy=HALF), by("x", 0.5, kind=PROMPT))
    assert prompts.judges[judge("x", PROMPT)].near == [0, 0, 0, 0]


def test_answers_to_a_due_replan_are_counted_and_approvals_named() -> None:
    sample = sample_of(
        created(),
        *(by("x", 0.1), replan(), (REVISED, "ada"), (REVISED, "ada")),
        *(replan(), (APPROVED, "bob"), (retracted(), "ada")),
    )
    actors = sample.actors
    assert (actors["ada"].answers, actors["bob"].answers) == (1, 1)
    assert (actors["bob"].approved.event_ids, actors["ada"].retracted.event_ids) == (
        ["p@7"],
        ["p@8"],
    )


# --- tasks that were added ---

LOW = (created(A, "b", policy=HALF), by("x", 0.3), by("x", 0.4, "b"))


def test_tasks_added_to_a_low_plan_are_compared_with_those_planned_before() -> None:
    sample = sample_of(*LOW, REVISED, added("c"), added("d"), by("x", 0.9, "c"), by("x", 0.2, "c"))
    assert sample.added is not None
    assert (sample.added.added, sample.added.planned) == ((0.9,), (0.3, 0.4))
    assert sample.added.lifted
    assert sample.added.shown_by.event_ids == ["p@5", "p@7", "p@8"]


def test_the_score_at_which_the_gate_fired_last_is_not_compared() -> None:
    sample = sample_of(*LOW, replan("b"), REVISED, added("c"), by("x", 0.9, "c"))
    assert sample.added is not None
    assert sample.added.planned == (0.3,)


def test_an_added_task_that_does_not_lift_the_plan_is_said_not_to() -> None:
    still_low = sample_of(*LOW, REVISED, added("c"), by("x", 0.4, "c"))
    assert still_low.added is not None
    assert not still_low.added.lifted
    by_itself = sample_of(
        *(*LOW, REVISED, added("c"), by("x", 0.45, "c"), by("x", 1.0, "b"), by("x", 1.0))
    )
    assert by_itself.added is not None
    assert not by_itself.added.lifted


def test_tasks_added_beforehand_can_lift_a_plan_later() -> None:
    sample = sample_of(
        *(created(A, "b", policy=Policy(confidence_threshold=0.5, decay=1.0)), by("x", 0.55)),
        *(REVISED, added("c"), by("x", 1.0, "c"), by("x", 0.3, "b")),
    )
    assert sample.added is not None
    assert sample.added.lifted


def test_tasks_added_to_a_good_plan_are_planned() -> None:
    sample = sample_of(
        *(created(A, policy=HALF), by("x", 0.6), REVISED, added("c"), by("x", 0.1, "c")),
        *(REVISED, added("d"), by("x", 0.9, "d"), by("x", 0.9, "d", PROMPT)),
    )
    assert sample.added is not None
    assert (sample.added.added, sample.added.planned) == ((0.9,), (0.6, 0.1))


def test_nothing_added_or_scored_is_nothing_to_compare() -> None:
    assert sample_of(*LOW).added is None
    assert sample_of(*LOW, REVISED, added("c")).added is None
