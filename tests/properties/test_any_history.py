"""Every history can be folded: none is refused, and none breaks a plan."""

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from plangate.domain.events import (
    AttemptStarted,
    LeaseRenewed,
    PlanCreated,
    PlanEvent,
    PlannedTask,
    ReplanTriggered,
    ScoreChange,
    ScoreRetracted,
    TaskAdded,
    TaskChanged,
    TaskDropped,
    TaskMoved,
    TaskReplaced,
    TaskScored,
    TaskSplit,
    TaskStatusChanged,
    touches,
)
from plangate.domain.evolve import evolve, fold
from plangate.domain.obstacles import obstacles
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import (
    AttemptScores,
    Gate,
    Judges,
    PlanState,
    Recency,
    ScoreKind,
    StatusCause,
    TaskStatus,
)
from tests.support.examples import (
    EVERY_EVENT,
    MORNING,
    NOON,
    PLAN,
    A,
    B,
    C,
    created,
    scored,
)
from tests.support.properties import repeatable

often = settings(repeatable, max_examples=150)

ids = st.sampled_from([A, B, C, "d", "e"])
several = st.lists(ids, max_size=3).map(tuple)
moments = st.sampled_from([MORNING, NOON])
tasks = st.builds(PlannedTask, id=ids, depends_on=st.none() | several)
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


def event_of(what: type[PlanEvent], **facts: Any) -> st.SearchStrategy[PlanEvent]:
    return st.builds(what, at=moments, **facts)


anything = st.one_of(
    st.sampled_from(EVERY_EVENT),
    event_of(
        PlanCreated, tasks=st.lists(tasks, max_size=4).map(tuple), policy=policies, goal=st.none()
    ),
    event_of(TaskAdded, task=tasks, before=st.none() | ids),
    event_of(TaskMoved, task_id=ids, before=st.none() | ids),
    event_of(TaskDropped, task_id=ids, dependants=several),
    event_of(TaskSplit, task_id=ids, into=st.lists(tasks, max_size=3).map(tuple)),
    event_of(TaskReplaced, task_id=ids, by=tasks),
    event_of(TaskChanged, task_id=ids, depends_on=st.none() | several),
    event_of(AttemptStarted, task_id=ids, attempt=st.integers(0, 3)),
    event_of(TaskScored, task_id=ids, kind=st.sampled_from(ScoreKind), score=st.floats(0.0, 1.0)),
    event_of(
        ScoreRetracted,
        task_id=ids,
        kind=st.sampled_from(ScoreKind),
        event_id=st.sampled_from(["", "billing@", "billing@2", "billing@3", "of nothing"]),
    ),
    event_of(
        TaskStatusChanged,
        task_id=ids,
        old=st.sampled_from(TaskStatus),
        new=st.sampled_from(TaskStatus),
        cause=st.sampled_from(StatusCause),
        lease_until=st.none() | moments,
    ),
    event_of(LeaseRenewed, task_id=ids, lease_until=moments),
    event_of(ReplanTriggered, task_id=ids, rolling_confidence=st.just(0.5), threshold=st.just(1)),
)
histories = st.lists(anything, max_size=14)


@often
@for_all(histories)
def test_no_history_is_refused(history: list[PlanEvent]) -> None:
    plan = fold(Plan(PLAN), history)

    assert plan.version == len(history)
    assert plan.updated_at == (history[-1].at if history else None)
    assert 0.0 <= plan.rolling_confidence <= 1.0
    assert plan.state in PlanState
    assert all(obstacle.task_ids for obstacle in obstacles(plan))


@often
@for_all(histories)
def test_the_order_holds_the_tasks_of_the_plan_and_each_of_them_once(
    history: list[PlanEvent],
) -> None:
    plan = Plan(PLAN)
    for event in history:
        plan = evolve(plan, event)
        assert sorted(plan.order) == sorted(plan.tasks)
        assert [task.id for task in plan] == list(plan.order)


@often
@for_all(histories)
def test_the_confidence_that_a_tree_keeps_is_the_defined_one(history: list[PlanEvent]) -> None:
    plan = Plan(PLAN)
    for event in history:
        plan = evolve(plan, event)
        assert (plan.tree is not None) is plan.policy.has_memory
        if plan.tree is not None and plan.tree.order is plan.order:
            kept = plan.tree.rolling_confidence
            assert kept == pytest.approx(plan.rolling_confidence, abs=1e-9)


@repeatable
@for_all(histories)
def test_older_versions_stay_as_they_were(history: list[PlanEvent]) -> None:
    versions = [Plan(PLAN)]
    for event in history:
        versions.append(evolve(versions[-1], event))
    confidences = [plan.rolling_confidence for plan in reversed(versions)]

    assert versions == [fold(Plan(PLAN), history[:length]) for length in range(len(versions))]
    assert confidences == [plan.rolling_confidence for plan in reversed(versions)]


@repeatable
@for_all(histories)
def test_a_confidence_belongs_to_its_version_in_whatever_order_it_is_read(
    history: list[PlanEvent],
) -> None:
    watched = unwatched = Plan(PLAN)
    for event in history:
        assert watched.rolling_confidence >= 0.0
        watched, unwatched = evolve(watched, event), evolve(unwatched, event)

    assert watched.rolling_confidence == unwatched.rolling_confidence


@often
@for_all(histories)
def test_an_event_names_every_task_that_it_changes(history: list[PlanEvent]) -> None:
    plan = Plan(PLAN)
    for event in history:
        before, plan = plan, evolve(plan, event)
        about = touches(event)
        named = {*about.task_ids}
        for task_id in about.task_ids:
            named |= {*before.dependants(task_id)} if task_id not in plan.tasks else set()
        ids = {*before.order, *plan.order}
        changed = {i for i in ids if before.tasks.get(i) is not plan.tasks.get(i)}
        assert about.every_task or changed <= named


@often
@for_all(histories)
def test_an_event_that_changes_text_says_so(history: list[PlanEvent]) -> None:
    def text(plan: Plan) -> tuple[str | None, list[str]]:
        return plan.goal, sorted(task.title or "" for task in plan)

    plan = Plan(PLAN)
    for event in history:
        before, plan = plan, evolve(plan, event)
        assert touches(event).text or text(before) == text(plan)


@often
@for_all(policies, histories)
def test_only_a_score_change_changes_the_confidence_of_a_task_that_stays(
    policy: Policy, history: list[PlanEvent]
) -> None:
    plan = fold(Plan(PLAN), [created(A, B, C, policy=policy), *(scored(i) for i in (A, B, C))])
    for event in history:
        before, plan = plan, evolve(plan, event)
        if plan.order is before.order and not isinstance(event, ScoreChange):
            now = [(task.id, task.confidence(plan.policy)) for task in plan]
            assert now == [(task.id, task.confidence(plan.policy)) for task in before]
