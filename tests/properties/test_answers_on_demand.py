"""A status whose fields are made when they are read is one that was made as a whole."""

import pickle
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy, deepcopy
from datetime import timedelta
from typing import Any

import pytest

from plangate.application.advice import advice
from plangate.application.results import (
    ClaimView,
    DeferralView,
    Evidence,
    GateView,
    ObstacleView,
    PlanList,
    PlanStatus,
    TaskView,
)
from plangate.domain.evolve import fold
from plangate.domain.obstacles import obstacles
from plangate.domain.plan import Plan
from plangate.domain.verdict import changes_at, may_continue, verdict
from plangate.domain.vocabulary import TaskStatus
from tests.support.clocks import DAWN
from tests.support.examples import (
    DONE,
    PENDING,
    PLAN,
    A,
    B,
    claimed,
    created,
    moved,
    planned,
    replan,
    scored,
)
from tests.support.model.histories import some_history
from tests.support.soak import short_and_long

WRITTEN = {"a": [1, {"b": None}]}
NO_FIELD = "nothing"
WARNINGS = ("one", "two")


def whole(plan: Plan, now: Any, *, recorded: bool | None) -> PlanStatus:
    """The status with every field given and validated."""
    return PlanStatus(
        plan_id=plan.plan_id,
        goal=plan.goal,
        state=plan.state,
        verdict=verdict(plan, now),
        may_continue=may_continue(plan, now),
        version=plan.version,
        rolling_confidence=plan.rolling_confidence,
        confidence_threshold=plan.policy.confidence_threshold,
        evidence=evidence(plan),
        needs_replan=plan.needs_replan,
        replan_count=plan.replan_count,
        replan_due=plan.replan_due,
        gate=GateView.of(plan),
        obstacles=tuple(
            ObstacleView(kind=one.kind, task_ids=one.task_ids, reasons=dict(one.reasons))
            for one in obstacles(plan)
        ),
        advice=tuple(advice(plan, now)),
        created_at=plan.created_at,
        updated_at=plan.updated_at,
        changes_at=changes_at(plan, now),
        priority=plan.priority,
        labels=plan.labels,
        task_count=len(plan.order),
        metadata=deepcopy(plan.metadata),
        tasks=tuple(task_views(plan)),
        warnings=WARNINGS,
        recorded=recorded,
    )


def evidence(plan: Plan) -> Evidence:
    return Evidence(
        scored=sum(task.confidence(plan.policy) is not None for task in plan),
        tasks=len(plan.order),
        scoring_failed=sum(task.scoring_failed for task in plan),
        clamped=sum(given.clamped for task in plan for given in task.counting),
        done_unscored=sum(t.status is TaskStatus.DONE and t.output_score is None for t in plan),
        awaits_judges=sum(task.awaits_judges for task in plan),
    )


def task_views(plan: Plan) -> Iterator[TaskView]:
    for task in plan:
        yield TaskView(
            id=task.id,
            plan_id=plan.plan_id,
            title=task.title,
            description=task.description,
            status=task.status,
            prompt_score=task.prompt_score,
            output_score=task.output_score,
            confidence=task.confidence(plan.policy),
            missing_judges=task.missing_judges,
            replan_count=task.replan_count,
            attempt=task.attempt,
            depends_on=task.depends_on,
            claim=ClaimView.of(task),
            deferred=DeferralView.of(task),
            priority=task.priority,
            labels=task.labels,
            split_from=task.split_from,
            replaces=task.replaces,
            metadata=deepcopy(task.metadata),
        )


DONE_WITH: list[Callable[[PlanStatus], object]] = [
    repr,
    str,
    dict,
    list,
    copy,
    deepcopy,
    PlanStatus.model_copy,
    PlanStatus.model_dump,
    PlanStatus.model_dump_json,
    lambda status: pickle.loads(pickle.dumps(status)),  # noqa: S301  (of our own making)
    lambda status: status.model_dump(mode="json", exclude={"tasks"}, exclude_defaults=True),
    lambda status: status.model_dump_json(include={"tasks": {0: {"id"}}}, exclude_unset=True),
    lambda status: status.model_copy(update={"goal": "another"}),
    lambda status: PlanList(plans=(status,)),
    lambda status: PlanList(plans=(status,)).model_dump_json(indent=2),
    PlanStatus.model_validate,
    lambda status: PlanStatus.model_validate(dict(status)),
    lambda status: PlanStatus.model_validate_json(status.model_dump_json()),
    lambda status: status.model_fields_set,
    lambda status: [getattr(status, name) for name in reversed(PlanStatus.model_fields)],
]


@short_and_long("histories", 60, 20_000)
def test_it_is_the_same_whatever_is_done_with_it(histories: int) -> None:
    for seed in range(histories):
        chance = random.Random(seed)
        plan = some_history(chance, chance.randint(0, 15))[-1].after
        now, recorded = (
            DAWN + timedelta(seconds=chance.choice([0, 30, 9_999])),
            chance.random() < 0.5,
        )
        expected = whole(plan, now, recorded=recorded)

        def status(plan: Plan = plan, now: Any = now, *, recorded: bool = recorded) -> PlanStatus:
            return PlanStatus.of(plan, now, warnings=iter(WARNINGS), recorded=recorded)

        assert status() == expected
        assert expected == status()
        assert status() == status()
        for use in DONE_WITH:
            read = status()
            assert chance.random() > 0.5 or read.tasks == expected.tasks
            assert use(read) == use(expected)


def some_plan() -> Plan:
    tasks = planned(A).model_copy(update={"metadata": WRITTEN}), planned(B)
    return fold(
        Plan(PLAN), [created(*tasks), scored(A), moved(A, PENDING, DONE), claimed(B, until=DAWN)]
    )


def test_another_one_differs() -> None:
    plan, later = some_plan(), fold(some_plan(), [replan(A)])
    assert PlanStatus.of(plan, DAWN) != PlanStatus.of(later, DAWN)
    assert PlanStatus.of(plan, DAWN) != PlanStatus.of(plan, DAWN, recorded=True)
    assert PlanStatus.of(plan, DAWN) != TaskView.of(plan.task(A), plan)


def test_it_says_what_held_at_the_time_of_the_answer_however_late_it_is_read() -> None:
    """The lease of the task has ended a second later."""
    plan = some_plan()
    before, after = (PlanStatus.of(plan, DAWN - timedelta(seconds=s)) for s in (1, 0))
    assert (before.may_continue, after.may_continue) == (False, True)
    assert before.advice != after.advice


def test_callers_may_change_its_metadata_without_changing_the_plan() -> None:
    plan = some_plan()
    PlanStatus.of(plan, DAWN).tasks[0].metadata["a"].clear()
    assert PlanStatus.of(plan, DAWN).tasks[0].metadata == WRITTEN == plan.task(A).metadata


def test_a_field_is_made_once_and_the_plan_is_let_go_when_all_are_made() -> None:
    status = PlanStatus.of(some_plan(), DAWN)
    tasks = status.tasks
    known = [bool(status._source), status.whole().tasks is tasks, bool(status._source)]
    assert known == [True, True, False]
    assert getattr(status, "__getattr__")("tasks") is tasks  # noqa: B009  (as a slower thread)


def test_threads_that_read_it_at_once_read_the_same() -> None:
    for _ in range(20):
        status = PlanStatus.of(some_plan(), DAWN)
        with ThreadPoolExecutor(4) as threads:
            read = [*threads.map(lambda one: (one.whole().tasks, one.tasks), [status] * 8)]
        assert len({id(tasks) for both in read for tasks in both}) == 1


def test_it_has_no_other_fields_no_hash_and_cannot_be_changed() -> None:
    status = PlanStatus.of(some_plan(), DAWN)
    with pytest.raises(AttributeError, match=NO_FIELD):
        getattr(status, NO_FIELD)
    with pytest.raises(TypeError, match="dict"):
        hash(status)
    with pytest.raises(ValueError, match="frozen"):
        status.goal = "another"  # type: ignore[misc]
    assert status.goal != "another"


def test_every_field_has_its_maker_or_is_given() -> None:
    assert [*PlanStatus.makers, "warnings", "recorded"] == list(PlanStatus.model_fields)
