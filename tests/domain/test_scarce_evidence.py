"""What the gate does while fewer tasks are scored than `min_scored` asks for."""

import pytest
from pydantic import TypeAdapter

from plangate.domain.events import PlanEvent, ReplanTriggered
from plangate.domain.policy import Policy
from plangate.domain.presets import GivenPolicy
from plangate.domain.vocabulary import ScarceEvidence
from tests.support.examples import (
    DONE,
    FAILED,
    MARKED,
    PENDING,
    A,
    B,
    C,
    D,
    claimed,
    created,
    deferred,
    moved,
    planned,
    score_output,
)
from tests.support.story import given

GIVEN: TypeAdapter[Policy] = TypeAdapter(GivenPolicy)

ONE_LOW = Policy(min_scored=3, confidence_threshold=0.5, scarce_evidence=ScarceEvidence.JUDGE)
WAITING = Policy(min_scored=3, confidence_threshold=0.5)
B_AFTER_A, C_AFTER_B = planned(B, depends_on=(A,)), planned(C, depends_on=(B,))
CHAIN = (A, B_AFTER_A, C_AFTER_B)


def fires(*history: PlanEvent, task: str = A, score: float = 0.1, mark_done: bool = True) -> bool:
    events = given(*history).when(score_output(task, score, mark_done=mark_done)).happens()
    return any(isinstance(event, ReplanTriggered) for event in events)


def test_on_a_chain_the_gate_judges_what_there_is() -> None:
    assert fires(created(*CHAIN, policy=ONE_LOW))
    assert not fires(created(*CHAIN, policy=WAITING))


def test_the_gate_waits_while_another_task_can_be_scored() -> None:
    assert not fires(created(A, B, C, policy=ONE_LOW))
    assert not fires(created(A, B, C_AFTER_B, policy=ONE_LOW), claimed(B))


def test_deferred_and_settled_tasks_cannot_be_scored() -> None:
    assert fires(created(A, B, C_AFTER_B, policy=ONE_LOW), deferred(B))
    failed = moved(B, PENDING, FAILED, MARKED)
    assert fires(created(A, B, C_AFTER_B, policy=ONE_LOW), failed)


def test_a_task_that_passes_lets_the_next_be_scored() -> None:
    low_before = (
        created(A, B_AFTER_A, C_AFTER_B, policy=ONE_LOW.model_copy(update={"decay": 1.0})),
        *given(created(A)).when(score_output(A, 0.1, mark_done=False)).happens(),
        moved(A, PENDING, DONE, MARKED),
    )

    assert not fires(*low_before, task=B, score=0.6)  # rolling 0.35; C can be scored next
    assert fires(*low_before, task=B, score=0.6, mark_done=False)
    assert fires(*low_before, task=B, score=0.4)


def test_a_task_that_waits_for_another_one_too_cannot_be_scored_next() -> None:
    after_both = planned(D, depends_on=(B, C))
    history = (
        created(A, B_AFTER_A, C, after_both, policy=ONE_LOW.model_copy(update={"decay": 1.0})),
        *given(created(A)).when(score_output(A, 0.1, mark_done=False)).happens(),
        moved(A, PENDING, DONE, MARKED),
    )

    assert fires(*history, moved(C, PENDING, FAILED, MARKED), task=B, score=0.6)
    assert not fires(*history, moved(C, PENDING, DONE, MARKED), task=B, score=0.6)


def test_a_policy_recorded_without_the_field_waits() -> None:
    assert Policy().scarce_evidence is ScarceEvidence.WAIT


@pytest.mark.parametrize(
    "given, expected",
    [
        ("classic", ScarceEvidence.WAIT),
        ("steady", ScarceEvidence.JUDGE),
        ({"preset": "steady", "scarce_evidence": "wait"}, ScarceEvidence.WAIT),
        ({"preset": "classic", "scarce_evidence": "judge"}, ScarceEvidence.JUDGE),
    ],
)
def test_the_steady_preset_judges_unless_it_is_to_wait(
    given: object, expected: ScarceEvidence
) -> None:
    policy = GIVEN.validate_python(given)

    assert policy.scarce_evidence is expected
    assert policy.whole().scarce_evidence is expected


def test_only_a_field_that_was_given_counts_as_set() -> None:
    assert "scarce_evidence" not in GIVEN.validate_python("steady").model_fields_set
    given = GIVEN.validate_python({"preset": "steady", "scarce_evidence": "judge"})
    assert "scarce_evidence" in given.model_fields_set
