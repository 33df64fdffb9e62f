"""What a command is granted leads to the plan that its events lead to."""

import random

import pytest

from plangate.domain.decisions import decide, grant
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from tests.support.examples import NOON, PENDING, PLAN, A, B, created, mark, score_output
from tests.support.model.histories import facts, recovered, some_history


@pytest.mark.parametrize("seed", range(40))
def test_the_events_are_those_decided_and_the_plan_is_the_one_after_them(seed: int) -> None:
    for recorded in some_history(random.Random(seed), 15):
        command = recovered(recorded)
        granted = grant(recorded.before, command, recorded.at)
        assert granted.events == decide(recorded.before, command, recorded.at) == facts(recorded)
        assert granted.plan == fold(recorded.before, granted.events) == recorded.after


def test_a_command_with_nothing_to_do_leads_nowhere() -> None:
    plan = fold(Plan(PLAN), [created(A)])
    assert grant(plan, mark(A, PENDING), NOON) == ([], plan)


def test_what_a_decision_learned_of_the_tasks_is_kept_for_the_next_one() -> None:
    plan = fold(Plan(PLAN), [created(A, B)])
    after = grant(plan, score_output(A, 0.9), NOON).plan
    assert "confidences" in after.__dict__
    assert "confidences" not in plan.__dict__
