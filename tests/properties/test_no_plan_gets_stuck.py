"""No plan gets stuck: commands lead into every state, and on from all but the final ones."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import BaseModel

from plangate.domain.commands import (
    AddTask,
    ChangeTask,
    DropTask,
    MoveTask,
    PlanCommand,
    ReplaceTask,
    RevisePlan,
    SplitTask,
)
from plangate.domain.decisions import decide
from plangate.domain.dependencies import require_sound
from plangate.domain.errors import PlangateError
from plangate.domain.evolve import fold
from plangate.domain.obstacles import obstacles
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import AttemptScores, Gate, Judges, PlanState, Recency, TaskStatus
from tests.support.examples import (
    APPROVE,
    ARCHIVE,
    HOLDING,
    NOON,
    PAUSE,
    PLAN,
    RESTORE,
    RESUME,
    WHY,
    A,
    B,
    C,
    D,
    E,
    claim_next,
    create,
    delete,
    mark,
    new,
    release,
    renew,
    retract,
    retry,
    score_output,
    score_prompt,
)
from tests.support.properties import repeatable

FINAL = {PlanState.COMPLETE, PlanState.DELETED}
"""Where a plan may rest: nothing needs to be done any more."""

ids = st.sampled_from([A, B, C, D, E])
places = st.fixed_dictionaries({}, optional={"before": ids}) | st.fixed_dictionaries(
    {}, optional={"after": ids}
)
several = st.lists(ids, max_size=2, unique=True).map(tuple)
scores = st.sampled_from([0.0, 0.5, 1.0])
tokens = st.none() | st.integers(1, 12)
tasks = st.builds(new, ids, depends_on=several) | st.builds(new, ids)


def asked(command: type[BaseModel], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(fields).map(command.model_validate)


changes = st.one_of(
    st.tuples(tasks, places).map(
        lambda given: AddTask.model_validate({"task": given[0]} | given[1])
    ),
    st.tuples(ids, places).map(
        lambda given: MoveTask.model_validate({"task_id": given[0]} | given[1])
    ),
    asked(ChangeTask, task_id=ids, depends_on=st.none() | several),
    asked(DropTask, task_id=ids),
    asked(SplitTask, task_id=ids, into=st.tuples(tasks, tasks)),
    asked(ReplaceTask, task_id=ids, by=tasks),
)
commands: st.SearchStrategy[PlanCommand] = st.one_of(
    st.sampled_from([APPROVE, PAUSE, RESUME, ARCHIVE, RESTORE]),
    st.builds(score_prompt, ids, scores, token=tokens),
    st.builds(score_output, ids, scores, token=tokens, mark_done=st.booleans()),
    st.builds(mark, ids, st.sampled_from(TaskStatus)),
    st.builds(claim_next, lease=st.none() | st.just(60.0), task=st.none() | ids),
    st.builds(renew, ids, st.integers(1, 12), st.none() | st.just(60.0)),
    st.builds(release, ids, tokens),
    st.builds(retry, ids),
    st.builds(retract, st.integers(2, 12).map(lambda version: f"{PLAN}@{version}")),
    st.lists(changes, min_size=1, max_size=3).map(
        lambda changes: RevisePlan(reason=WHY, changes=tuple(changes))
    ),
)
moments = st.sampled_from([-60, 0, 30, 60, 600]).map(lambda s: NOON + timedelta(seconds=s))
walks = st.lists(st.tuples(commands, moments), max_size=25)
policies = st.builds(
    Policy,
    gate=st.sampled_from(Gate),
    attempt_scores=st.sampled_from(AttemptScores),
    order=st.sampled_from(Recency),
    min_scored=st.integers(1, 3),
    consecutive_lows=st.integers(1, 3),
    exit_threshold=st.none() | st.just(0.9),
    latch=st.booleans(),
    max_replans=st.none() | st.integers(0, 2),
    judges=st.sampled_from(Judges),
    min_judges=st.integers(1, 2),
)
LATER = NOON + timedelta(hours=1)


def walked(policy: Policy, walk: Iterable[tuple[PlanCommand, datetime]]) -> list[Plan]:
    """A plan at every version that these commands lead it through; what is refused is refused."""
    first = create(A, new(B, depends_on=(A,)), C, policy=policy)
    plan = fold(Plan(PLAN), decide(Plan(PLAN), first, NOON))
    plans = [plan]
    for command, now in walk:
        try:
            plan = fold(plan, decide(plan, command, now))
        except PlangateError:
            continue
        plans.append(plan)
    return plans


def way_on(plan: Plan) -> PlanCommand:
    """What anybody would do next who wants the plan to be complete."""
    match plan.state:
        case PlanState.ARCHIVED:
            return RESTORE
        case PlanState.PAUSED:
            return RESUME
        case PlanState.ACTIVE:
            return claim_next()
        case PlanState.WAITING:
            return mark(in_status(plan, TaskStatus.IN_PROGRESS)[0])
        case _:
            failed = in_status(plan, TaskStatus.FAILED) + in_status(plan, TaskStatus.REPLANNING)
            return retry(failed[0]) if failed else APPROVE


def in_status(plan: Plan, status: TaskStatus) -> list[str]:
    return [task.id for task in plan if task.status is status]


@pytest.mark.parametrize(
    "asked, state",
    [
        ([], PlanState.ACTIVE),
        ([claim_next(), claim_next()], PlanState.WAITING),
        ([score_output(A, 0.0)], PlanState.BLOCKED),
        ([mark(task) for task in (A, B, C)], PlanState.COMPLETE),
        ([PAUSE], PlanState.PAUSED),
        ([ARCHIVE], PlanState.ARCHIVED),
        ([delete()], PlanState.DELETED),
    ],
)
def test_commands_lead_into_every_state(asked: list[PlanCommand], state: PlanState) -> None:
    plans = walked(HOLDING, [(command, NOON) for command in asked])

    assert plans[-1].state is state


def test_every_state_has_an_example() -> None:
    (table,) = (
        mark.args[1]
        for mark in test_commands_lead_into_every_state.pytestmark  # type: ignore[attr-defined]
    )

    assert {state for _, state in table} == set(PlanState)


@settings(repeatable, max_examples=75)
@for_all(policies, walks)
def test_a_command_leads_on_from_every_state_that_is_not_final(
    policy: Policy, walk: list[tuple[PlanCommand, datetime]]
) -> None:
    for plan in walked(policy, walk):
        if plan.state not in FINAL:
            assert decide(plan, way_on(plan), LATER)


@settings(repeatable, max_examples=75)
@for_all(policies, walks)
def test_work_that_goes_on_completes_the_plan(
    policy: Policy, walk: list[tuple[PlanCommand, datetime]]
) -> None:
    """However badly it went before: nothing has to be dropped, and no task waits for ever."""
    plan = walked(policy, walk)[-1]
    for _ in range(100):
        if plan.state is PlanState.COMPLETE:
            break
        plan = fold(plan, decide(plan, way_on(plan), LATER))

    assert plan.state is PlanState.COMPLETE
    assert not obstacles(plan)


@settings(repeatable, max_examples=75)
@for_all(policies, walks)
def test_no_command_leads_to_a_plan_that_could_not_have_been_made(
    policy: Policy, walk: list[tuple[PlanCommand, datetime]]
) -> None:
    for plan in walked(policy, walk):
        require_sound({task.id: task.depends_on for task in plan})
        assert sorted(plan.order) == sorted(plan.tasks)
        assert plan.order
        assert not set(plan.order) & set(plan.retired)
        if plan.state is PlanState.BLOCKED:
            assert obstacles(plan)


@settings(repeatable, max_examples=75)
@for_all(policies, walks)
def test_a_task_is_taken_only_when_what_it_depends_on_is_done(
    policy: Policy, walk: list[tuple[PlanCommand, datetime]]
) -> None:
    plan = walked(policy, walk)[-1]
    try:
        after = fold(plan, decide(plan, claim_next(), LATER))
    except PlangateError:
        return

    for task in after:
        if task.claim is not None and task.claim.since == LATER:
            assert after.unmet(task) == ()
            assert task.claim.token == after.version
