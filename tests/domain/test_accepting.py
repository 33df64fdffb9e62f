"""An approval that leads on: results are accepted with it, in one command."""

import pytest
from pydantic import ValidationError

from plangate.domain.commands import ApproveGate
from plangate.domain.errors import InvalidInput, Problem, TaskNotFound
from plangate.domain.events import GateApproved
from plangate.domain.gate import GateMemory
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Accept, StatusCause
from tests.support.examples import (
    APPROVE,
    DONE,
    FAILED,
    HAS_APPROVED,
    IN_PROGRESS,
    MARKED,
    MORNING,
    PENDING,
    PLAN,
    REPLANNING,
    STRANGER,
    WHY,
    A,
    B,
    C,
    created,
    moved,
    replan,
    scored,
)
from tests.support.story import Story, given

BRIEF = Policy(max_replans=0)


def approve(accept: Accept) -> ApproveGate:
    return ApproveGate(reason=WHY, accept=accept)


def has_approved(accept: Accept) -> GateApproved:
    return GateApproved(at=MORNING, reason=WHY, accept=accept)


def accepted(task: str, old: object = REPLANNING) -> object:
    return moved(task, old, DONE, StatusCause.APPROVED)  # type: ignore[arg-type]


def two_replanning(policy: Policy = BRIEF) -> Story:
    """A failed by its own score, B passes by its own: both fired the gate."""
    return given(
        created(A, B, C, policy=policy),
        *(scored(A, score=0.2), moved(A, PENDING, REPLANNING), replan(A, 0.2)),
        *(scored(B, score=0.9), moved(B, PENDING, REPLANNING), replan(B, 0.6)),
    )


def test_what_passes_by_itself_is_accepted_with_the_approval() -> None:
    story = (
        two_replanning()
        .when(approve("passing"))
        .then(
            has_approved("passing"),
            accepted(B),  # type: ignore[arg-type]
        )
    )

    assert not story.plan.replan_due
    assert story.plan.due_since is None
    assert story.plan.gate == GateMemory()


def test_named_results_are_accepted_whatever_their_scores() -> None:
    two_replanning().when(approve((A, B))).then(
        has_approved((A, B)),
        accepted(A),  # type: ignore[arg-type]
        accepted(B),  # type: ignore[arg-type]
    )
    story = given(created(A), moved(A, PENDING, FAILED, MARKED))
    story.when(approve((A,))).then(
        has_approved((A,)),
        accepted(A, FAILED),  # type: ignore[arg-type]
    )


def test_a_result_that_is_done_is_accepted_already() -> None:
    story = given(created(A), moved(A, PENDING, DONE, MARKED))

    story.when(approve((A,))).then_nothing()
    story.when(approve("passing")).then_nothing()


@pytest.mark.parametrize("status", [PENDING, IN_PROGRESS])
def test_a_task_without_a_result_is_not_accepted(status: object) -> None:
    story = given(created(A), *([] if status is PENDING else [moved(A, PENDING, IN_PROGRESS)]))

    problem = f"the task {A!r} is {status}; only the result of a failed or replanning one"
    story.when(approve((A,))).refused(InvalidInput([Problem("accept", f"{problem} is accepted")]))


def test_an_unknown_task_is_not_accepted() -> None:
    two_replanning().when(approve((A, STRANGER))).refused(TaskNotFound(PLAN, STRANGER))


def test_accepting_results_while_no_replan_is_due_leaves_the_gate_as_it_was() -> None:
    story = two_replanning(Policy()).and_then(HAS_APPROVED, replan(C, 0.6), HAS_APPROVED)
    before = story.and_then(scored(C, score=0.1)).plan.gate

    after = story.and_then(scored(C, score=0.1), has_approved((A,))).plan
    assert after.gate == before
    story.when(approve("passing")).then(
        has_approved("passing"),
        accepted(B),  # type: ignore[arg-type]
    )


def test_an_approval_without_results_is_what_it_was() -> None:
    two_replanning().when(APPROVE).then(HAS_APPROVED)
    given(created(A)).when(APPROVE).then_nothing()


@pytest.mark.parametrize("accept", [[], "failing", {"a": 1}, [7], [""], 7], ids=repr)
def test_what_names_no_results_is_refused(accept: object) -> None:
    with pytest.raises(ValidationError, match='must be "passing" or a list of task ids'):
        ApproveGate.model_validate({"reason": WHY, "accept": accept})
