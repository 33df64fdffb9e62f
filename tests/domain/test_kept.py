"""What a plan keeps about its tasks from event to event is what its tasks are like."""

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from plangate.domain.events import PlanEvent
from plangate.domain.evolve import apply, evolve, fold
from plangate.domain.plan import Plan
from plangate.domain.plan_draft import PlanDraft
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Judges, Recency, ScoreKind
from tests.support.examples import (
    CLAIMED,
    DONE,
    FAILED,
    IN_PROGRESS,
    MARKED,
    MORNING,
    NOON,
    PENDING,
    PLAN,
    PROMPT,
    A,
    B,
    C,
    D,
    E,
    added,
    attempted,
    changed,
    claimed,
    created,
    deferred,
    dropped,
    moved,
    planned,
    put,
    renewed,
    replaced,
    retracted,
    scored,
    scoring_failed,
    split,
    undeferred,
)
from tests.support.kept import agrees, look

TASKS = (
    planned(A, priority=3),
    planned(B, depends_on=(A,)),
    planned(C, depends_on=(A, B), priority=7),
    planned(D),
    planned(E, depends_on=(D,)),
)


def clamped(task: str, version: int) -> tuple[PlanEvent, ...]:
    return (
        scored(task, score=1.0, raw_score=85.0),
        retracted(task, event=f"{PLAN}@{version}"),
    )


HISTORIES: dict[str, tuple[PlanEvent, ...]] = {
    "work in order": (
        *(claimed(A, "w", NOON), renewed(A, NOON + timedelta(hours=1)), scored(A)),
        *(moved(A, IN_PROGRESS, DONE), scored(B, PROMPT, 0.2), claimed(B)),
        *(scored(B, score=0.3, mark_done=False), moved(B, IN_PROGRESS, DONE)),
        *(claimed(C, "w", MORNING), moved(C, IN_PROGRESS, FAILED, MARKED), attempted(C)),
    ),
    "done without a score, and undone": (
        *(moved(A, PENDING, DONE, MARKED), moved(D, PENDING, DONE, MARKED), scored(D)),
        *(moved(A, DONE, PENDING, MARKED), moved(A, PENDING, DONE, MARKED)),
        *(scored(A, PROMPT, 0.1), scored(A, PROMPT, 0.9), scoring_failed(A), scored(A)),
    ),
    "deferred, for good and for a time": (
        *(deferred(A, until=NOON), deferred(D), claimed(A, "w", NOON), deferred(B, until=NOON)),
        *(undeferred(D), moved(A, IN_PROGRESS, DONE), deferred(E, until=MORNING)),
        *(undeferred(B), undeferred(E)),
    ),
    "scores clamped, failed and retracted": (
        *(*clamped(A, 2), *clamped(B, 4), scoring_failed(D), scored(D, PROMPT, 0.5)),
        *(retracted(D, ScoreKind.PROMPT, f"{PLAN}@7"), scored(A, score=0.5)),
        *(scored(A, PROMPT, 0.0, raw_score=-1.0), retracted(A, event=f"{PLAN}@9")),
    ),
    "clear, failed on, and done without a score": (
        *(claimed(A), scored(A, PROMPT, 0.9), scoring_failed(A), scored(B, score=0.5)),
        *(scoring_failed(B), scoring_failed(D), moved(D, PENDING, DONE, MARKED)),
        *(scored(C, score=4.0 / 5, raw_score=4.2, scale=(1.0, 5.0)), scored(E, PROMPT, 0.9)),
    ),
    "moved before another that waits for the same": (put(C, before=B), dropped(A, C, B)),
    "planned anew": (
        *(scored(A), dropped(B), claimed(D), moved(D, IN_PROGRESS, DONE)),
        *(created(D, planned(A, depends_on=(E,)), E), scored(E), moved(E, PENDING, DONE, MARKED)),
    ),
    "without a task": (dropped(E), dropped(D), dropped(C), dropped(B), dropped(A)),
    "tasks that come, change and go": (
        *(scored(B), added("x", before=B), changed(C, depends_on=("x", B), priority=1)),
        *(put(E, before=A), scored("x"), dropped(B, C), split(D, planned("y"), planned("z"))),
        *(replaced(A, planned("w", depends_on=("y",))), scored("y"), changed("w", depends_on=())),
        *(put("z"), scored("z", PROMPT, 0.4), dropped("w")),
    ),
}

POLICIES = (
    Policy(),
    Policy(order=Recency.SCORED, min_scored=3),
    Policy(min_scored=2, consecutive_lows=2, latch=True),
    Policy(judges=Judges.MEAN, order=Recency.SCORED),
    Policy(min_judges=2, min_scored=2),
)


NAMES = ("usual", "by score", "with a memory", "several judges", "too few judges")


@pytest.mark.parametrize("policy", POLICIES, ids=NAMES)
@pytest.mark.parametrize("name", HISTORIES)
def test_event_by_event_and_in_one_run(name: str, policy: Policy) -> None:
    begun = fold(Plan(PLAN), [created(*TASKS, policy=policy)])
    plan, history = look(begun), HISTORIES[name]
    for number, event in enumerate(history, start=1):
        plan = evolve(plan, event)
        agrees(look(plan))
        run = fold(look(fold(Plan(PLAN), [created(*TASKS, policy=policy)])), history[:number])
        assert run == plan
        agrees(run)
    agrees(begun)


@pytest.mark.parametrize("tasks", [8, 60, 101])
def test_many_changes_between_two_questions(tasks: int) -> None:
    chance, names = random.Random(tasks), [f"t{number}" for number in range(tasks)]
    chains = [planned(name, depends_on=names[:n][-1:]) for n, name in enumerate(names)]
    plan = look(fold(Plan(PLAN), [created(*chains)]))
    for length in (1, 2, 33, 34, 70):
        plan = fold(plan, _changes(chance, names, length))
        agrees(look(plan))


def _changes(chance: random.Random, names: Sequence[str], length: int) -> list[PlanEvent]:
    found: list[PlanEvent] = []
    for _ in range(length):
        task, new = chance.choice(names), chance.choice([PENDING, DONE, FAILED, IN_PROGRESS])
        cause = CLAIMED if new is IN_PROGRESS else MARKED
        status = moved(task, PENDING, new, cause)
        found.append(status if chance.random() < 0.6 else scored(task))
    return found


def test_a_task_that_a_draft_gave_out_stays_as_it_was() -> None:
    draft = PlanDraft(fold(Plan(PLAN), [created(A)]))
    given, statuses = [], (IN_PROGRESS, FAILED, PENDING)
    for status in statuses:
        apply(draft, moved(A, new=status))
        given.append(draft.task(A))
    draft.settled()
    apply(draft, moved(A, new=DONE))
    assert [task and task.status for task in given] == list(statuses)
    assert draft.frozen().tasks[A].status is DONE
