"""What a plan keeps about its tasks is what a pass over all of them finds, after any history."""

import random

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from plangate.domain.events import PlanEvent, TaskDeferred
from plangate.domain.evolve import evolve, fold
from plangate.domain.plan import TREES, Plan
from plangate.domain.policy import Policy
from tests.properties.test_any_history import anything, event_of, ids, policies
from tests.support.examples import MORNING, NOON, PLAN, A, B, C, created, put, scored
from tests.support.kept import agrees, look
from tests.support.model.histories import some_history
from tests.support.properties import repeatable
from tests.support.soak import short_and_long

often = settings(repeatable, max_examples=300)
deferrals = event_of(TaskDeferred, task_id=ids, until=st.none() | st.sampled_from([MORNING, NOON]))
histories = st.lists(st.one_of(anything, anything, deferrals), max_size=14)


@often
@for_all(policies, histories)
def test_what_is_kept_from_version_to_version_is_what_is_defined(
    policy: Policy, history: list[PlanEvent]
) -> None:
    plan = look(fold(Plan(PLAN), [created(A, B, C, policy=policy)]))
    for event in history:
        plan = evolve(plan, event)
        agrees(plan)
        look(plan)


@often
@for_all(histories, st.integers(0, 14))
def test_what_is_kept_through_a_run_of_events_is_what_is_defined(
    history: list[PlanEvent], known: int
) -> None:
    plan = look(fold(Plan(PLAN), history[:known]))
    agrees(fold(plan, history[known:]))
    agrees(plan)


@short_and_long("histories", 60, 100_000)
def test_commands_lead_to_plans_that_keep_what_is_defined(histories: int) -> None:
    for seed in range(histories):
        chance = random.Random(seed)
        plan: Plan | None = None
        for command in some_history(chance, chance.randint(0, 20)):
            plan = look(plan or command.before)
            plan = fold(plan, [entry.event for entry in command.events])
            assert plan == command.after
            if chance.random() < 0.5:
                agrees(plan)


@pytest.mark.parametrize("tasks, kept", [(100, list(TREES)), (101, [])])
def test_a_revision_of_a_large_plan_leaves_its_trees_to_the_next_question(
    tasks: int, kept: list[str]
) -> None:
    """It may reorder the plan many times, and each time all of it would be counted anew."""
    plan = fold(Plan(PLAN), [created(*(f"t{number}" for number in range(tasks)))]).keeping()
    moved = evolve(plan, put("t7", before="t3"))
    assert [tree for tree in TREES if tree in moved.__dict__] == kept
    agrees(moved)
    scored_since = evolve(look(moved), scored("t7"))
    assert "stale_traits" in scored_since.__dict__
    agrees(scored_since)


@pytest.mark.parametrize("tasks, events", [(4, 9), (90, 50), (90, 3), (300, 90)])
def test_traits_are_brought_up_to_date_by_the_question_however_late_it_comes(
    tasks: int, events: int
) -> None:
    names = [f"t{number}" for number in range(tasks)]
    plan = look(fold(Plan(PLAN), [created(*names)]))
    for number in range(events):
        plan = evolve(plan, scored(names[number * 7 % tasks]))
    agrees(plan)
