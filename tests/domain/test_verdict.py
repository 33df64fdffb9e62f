"""One answer about going on with a plan, and what it takes for each of its values."""

from datetime import datetime, timedelta

import pytest

from plangate.domain.events import PlanEvent
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.verdict import (
    changes_at,
    highest_priority,
    may_continue,
    priority_of,
    takeable,
    verdict,
)
from plangate.domain.vocabulary import Gate, Verdict
from tests.support.examples import (
    DONE,
    FAILED,
    HAS_ARCHIVED,
    HAS_PAUSED,
    HAS_REVISED,
    HOLDING,
    IN_PROGRESS,
    MARKED,
    NOON,
    PENDING,
    PLAN,
    REPLANNING,
    A,
    B,
    C,
    claimed,
    created,
    deferred,
    deleted,
    moved,
    planned,
    replan,
    scored,
)

AN_HOUR = timedelta(hours=1)
BRIEF = Policy(max_replans=0)


def after(*history: PlanEvent) -> Plan:
    return fold(Plan(PLAN), history)


def replan_due() -> tuple[PlanEvent, ...]:
    return (scored(A, score=0.1), moved(A, PENDING, REPLANNING), replan(A))


WAITS_FOR_A = planned(B, depends_on=(A,))

HISTORIES: dict[str, tuple[Verdict, bool, tuple[PlanEvent, ...]]] = {
    "a new plan": (Verdict.GO, True, (created(A, B),)),
    "deleted, whatever else": (Verdict.DELETED, False, (created(A), HAS_PAUSED, deleted())),
    "archived while paused": (Verdict.ARCHIVED, False, (created(A), HAS_PAUSED, HAS_ARCHIVED)),
    "paused while a replan is due": (
        *(Verdict.PAUSED, False),
        (created(A, B), *replan_due(), HAS_PAUSED),
    ),
    "a replan is due, and another task is ready": (
        *(Verdict.REPLAN, True),
        (created(A, B), *replan_due()),
    ),
    "a replan is due, and the gate holds": (
        *(Verdict.REPLAN, False),
        (created(A, B, policy=HOLDING), *replan_due()),
    ),
    "a replan is due, and nothing else is ready": (
        *(Verdict.REPLAN, False),
        (created(A, WAITS_FOR_A), *replan_due()),
    ),
    "replans are used up, and this one is due": (
        *(Verdict.REPLAN, False),
        (created(A, B, policy=BRIEF), *replan_due()),
    ),
    "replans are used up, and the last was answered": (
        *(Verdict.BLOCKED, False),
        (created(A, B, policy=BRIEF), *replan_due(), HAS_REVISED),
    ),
    "everything is done": (Verdict.COMPLETE, False, (created(A), moved(A, PENDING, DONE, MARKED))),
    "all work is in progress": (Verdict.WAIT, False, (created(A, WAITS_FOR_A), claimed(A))),
    "a lease ends later": (
        *(Verdict.WAIT, False),
        (created(A), claimed(A, until=NOON + AN_HOUR)),
    ),
    "a lease has just ended": (Verdict.GO, True, (created(A), claimed(A, until=NOON))),
    "only deferred work is left": (Verdict.WAIT, False, (created(A), deferred(A))),
    "a deferral ends later": (
        *(Verdict.WAIT, False),
        (created(A), deferred(A, until=NOON + AN_HOUR)),
    ),
    "a deferral has just ended": (Verdict.GO, True, (created(A), deferred(A, until=NOON))),
    "a lease has ended, but the task waits for another": (
        *(Verdict.BLOCKED, False),
        (
            created(A, WAITS_FOR_A),
            *(moved(A, PENDING, DONE, MARKED), claimed(B, until=NOON)),
            moved(A, DONE, FAILED, MARKED),
        ),
    ),
    "what is left waits for a failed task": (
        *(Verdict.BLOCKED, False),
        (created(A, WAITS_FOR_A), moved(A, PENDING, FAILED, MARKED)),
    ),
}


@pytest.mark.parametrize("case", HISTORIES)
def test_a_verdict_is_the_first_that_applies(case: str) -> None:
    expected, continues, history = HISTORIES[case]

    plan = after(*history)

    assert (verdict(plan, NOON), may_continue(plan, NOON)) == (expected, continues)


def test_every_verdict_is_reached() -> None:
    assert {expected for expected, *_ in HISTORIES.values()} == set(Verdict)


def test_takeable_tasks_come_in_plan_order_with_those_whose_time_is_up() -> None:
    plan = after(
        created(A, B, C),
        claimed(A, until=NOON),
        deferred(B, until=NOON),
    )

    assert [task.id for task in takeable(plan, NOON)] == [A, B, C]
    assert [task.id for task in takeable(plan, NOON - AN_HOUR)] == [C]


@pytest.mark.parametrize(
    "history, expected",
    [
        ((created(A),), None),
        ((created(A, B), claimed(A, until=NOON + AN_HOUR)), NOON + AN_HOUR),
        (
            (
                created(A, B),
                claimed(A, until=NOON + 2 * AN_HOUR),
                deferred(B, until=NOON + AN_HOUR),
            ),
            NOON + AN_HOUR,
        ),
        ((created(A, B), claimed(A, until=NOON), deferred(B, until=NOON)), None),
        ((created(A, B), claimed(A), deferred(B)), None),
        ((created(A), claimed(A, until=NOON + AN_HOUR), moved(A, IN_PROGRESS, DONE)), None),
    ],
)
def test_an_answer_may_change_when_the_next_lease_or_deferral_ends(
    history: tuple[PlanEvent, ...], expected: datetime | None
) -> None:
    assert changes_at(after(*history), NOON) == expected


def test_under_a_gate_that_holds_a_due_replan_never_lets_work_go_on() -> None:
    plan = after(created(A, B, policy=Policy(gate=Gate.HOLD)), *replan_due())

    assert list(takeable(plan, NOON))
    assert not may_continue(plan, NOON)


# --- the highest priority ---

URGENT, CALM = planned(A, priority=7), planned(B, priority=-1)


@pytest.mark.parametrize(
    "highest, history",
    [
        (7, (created(CALM, URGENT),)),
        (0, (created(CALM, C),)),
        (2, (created(CALM, C, priority=2),)),
        (-1, (created(CALM, priority=2),)),
        (-1, (created(URGENT, CALM), moved(A, PENDING, DONE))),
        (7, (created(URGENT, CALM), claimed(A, until=NOON))),
        (-1, (created(URGENT, CALM), claimed(A))),
        (7, (created(URGENT, CALM), deferred(A, until=NOON))),
        (-1, (created(URGENT, CALM), deferred(A))),
        (None, (created(URGENT), moved(A, PENDING, DONE))),
        (7, (created(URGENT, B), *replan_due()[2:])),
        (None, (created(URGENT, B, policy=HOLDING), *replan_due()[2:])),
        *((None, (created(URGENT), over)) for over in (HAS_PAUSED, HAS_ARCHIVED, deleted())),
    ],
)
def test_the_highest_priority_of_what_can_be_taken(
    highest: int | None, history: tuple[PlanEvent, ...]
) -> None:
    assert highest_priority(after(*history)) == highest


def test_a_task_without_a_priority_has_that_of_its_plan() -> None:
    plan = after(created(URGENT, B, priority=2))
    assert [priority_of(plan, task) for task in plan] == [7, 2]
