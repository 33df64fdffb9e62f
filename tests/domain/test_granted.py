"""What a command is granted: events, and the plan after all of them."""

import pytest

from plangate.domain.commands import AddTask, DropTask, PlanCommand
from plangate.domain.decisions import decide, grant
from plangate.domain.evolve import fold
from plangate.domain.granted import Granted
from plangate.domain.plan import Plan
from tests.support.examples import (
    NOON,
    PENDING,
    PLAN,
    A,
    B,
    C,
    changed,
    claim_next,
    create,
    created,
    mark,
    new,
    revise,
    score_output,
    scored,
)

BEGUN = fold(Plan(PLAN), [created(A, B)])


@pytest.mark.parametrize(
    "before, command",
    [
        (Plan(PLAN), create(A, B)),
        (BEGUN, score_output(A, 0.9)),
        (BEGUN, score_output(A, 0.1)),
        (BEGUN, claim_next("w")),
        (BEGUN, mark(A, PENDING)),
        (BEGUN, revise(DropTask(task_id=A), DropTask(task_id=B), AddTask(task=new(C)))),
    ],
)
def test_the_plan_is_the_one_that_the_events_lead_to(before: Plan, command: PlanCommand) -> None:
    granted = grant(before, command, NOON)
    assert granted.events == decide(before, command, NOON)
    assert granted.plan == fold(before, granted.events)


def test_events_that_are_not_folded_yet_are_folded_in_the_end() -> None:
    known, more = scored(A), changed(B)
    begun = Granted([], BEGUN).then(known)
    whole = begun.then(more)
    assert whole == Granted([known, more], fold(BEGUN, [known, more]))
    assert Granted([known, more], begun.plan).completed(BEGUN) == whole
    assert whole.completed(BEGUN) is whole
