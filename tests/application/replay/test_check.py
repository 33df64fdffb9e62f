"""`check` finds every wrong decision, names its event, and takes nothing after it for one."""

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import plangate
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.application.registry import PlanRegistry
from plangate.application.replay import check as checking
from plangate.application.replay.check import CheckReport, Mismatch
from plangate.domain.commands import ChangeTask, PlanCommand
from plangate.domain.decisions import decide
from plangate.domain.errors import PlanNotFound
from plangate.domain.event_ids import event_id
from plangate.domain.events import PlanEvent
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.memory.events import memory_event_store
from tests.support import examples as say
from tests.support import stores
from tests.support.clocks import registry_on
from tests.support.examples import (
    ADA,
    DONE,
    EVEN,
    FAILED,
    HOLDING,
    IN_PROGRESS,
    NOON,
    OUTPUT,
    PENDING,
    PROMPT,
    REPLANNING,
    RETRIED,
    REVISED,
    A,
    B,
    D,
    create,
    new,
)
from tests.support.model.histories import recorded
from tests.support.model.random_work import RandomWork

LATER = NOON + timedelta(minutes=5)
LEASED = say.claim_next(ADA, lease=60.0)
FAILING = say.score_output(A, 0.5)


@dataclass(frozen=True)
class Planted:
    """A plan that was worked on as it should be, and one command with a wrong decision.

    `found` says which of its events the check must name, counted from 0, and how.
    """

    name: str
    before: Sequence[PlanCommand]
    wrong: Sequence[PlanEvent]
    found: Sequence[str]
    at: datetime = NOON


PLANTED = [
    Planted(
        "a task is done below its threshold",
        [create(A, B, policy=EVEN)],
        [say.scored(A, OUTPUT, 0.7), say.moved(A, PENDING, DONE), say.replan(A, 0.7, 0.75)],
        ["1 wrong new"],
    ),
    Planted(
        "a task fails although it passes",
        [create(A, B, policy=EVEN)],
        [say.scored(A, OUTPUT, 0.8), say.moved(A, PENDING, FAILED)],
        ["1 wrong new"],
    ),
    Planted(
        "the gate should have fired",
        [create(A, B, policy=EVEN)],
        [say.scored(A, OUTPUT, 0.7), say.moved(A, PENDING, REPLANNING)],
        ["1 missing"],
    ),
    Planted(
        "nothing followed from a score",
        [create(A, B, policy=EVEN)],
        [say.scored(A, OUTPUT, 0.7)],
        ["0 missing", "0 missing"],
    ),
    Planted(
        "the gate should not have fired",
        [create(A, B, policy=EVEN)],
        [say.scored(A, OUTPUT, 0.8), say.moved(A, PENDING, DONE), say.replan(A, 0.8, 0.75)],
        ["2 undue"],
    ),
    Planted(
        "the gate fired at another confidence",
        [create(A, B, policy=EVEN)],
        [say.scored(A, OUTPUT, 0.7), say.moved(A, PENDING, REPLANNING), say.replan(A, 0.6, 0.75)],
        ["2 wrong rolling_confidence"],
    ),
    Planted(
        "the gate fired at another threshold and task",
        [create(A, B, policy=EVEN)],
        [say.scored(A, OUTPUT, 0.7), say.moved(A, PENDING, REPLANNING), say.replan(B, 0.7, 0.72)],
        ["2 wrong task_id threshold"],
    ),
    Planted(
        "a task fails where the gate should have fired again",
        [create(A, B, policy=EVEN), FAILING],
        [say.scored(A, OUTPUT, 0.6), say.moved(A, REPLANNING, FAILED)],
        ["1 wrong"],
    ),
    Planted(
        "an update in which the scores changed places",
        [create(A, B, policy=EVEN)],
        [say.scored(A, OUTPUT, 0.9), say.scored(A, PROMPT, 0.9), say.moved(A, PENDING, DONE)],
        ["1 undue"],
    ),
    Planted(
        "a score is not what it was clamped to",
        [create(A, B)],
        [say.scored(A, OUTPUT, 0.9, raw_score=85.0), say.moved(A, PENDING, DONE)],
        ["0 wrong score"],
    ),
    Planted(
        "a score out of range under a policy that refuses it",
        [create(A, B, policy=say.REFUSING)],
        [say.scored(A, OUTPUT, 1.0, raw_score=85.0), say.moved(A, PENDING, DONE)],
        ["0 refused"],
    ),
    Planted(
        "a task that the plan does not have was scored",
        [create(A, B)],
        [say.scored(D, PROMPT, 0.9)],
        ["0 refused"],
    ),
    Planted(
        "a consequence at another time",
        [create(A, B, policy=EVEN)],
        [
            say.scored(A, OUTPUT, 0.8),
            say.moved(A, PENDING, DONE).model_copy(update={"at": LATER}),
        ],
        ["1 wrong at"],
    ),
    Planted(
        "a status follows from nothing",
        [create(A, B)],
        [say.moved(A, PENDING, DONE)],
        ["0 unexplained"],
    ),
    Planted("a replan follows from nothing", [create(A, B)], [say.replan(A)], ["0 unexplained"]),
    Planted(
        "a mark that moves nothing",
        [create(A, B)],
        [say.moved(A, PENDING, PENDING, say.MARKED)],
        ["0 undue"],
    ),
    Planted(
        "a mark from a status that the task does not have",
        [create(A, B)],
        [say.moved(A, FAILED, DONE, say.MARKED)],
        ["0 wrong old"],
    ),
    Planted(
        "a task was taken before what it waits for",
        [create(A, new(B, depends_on=(A,)))],
        [say.claimed(B)],
        ["0 undue"],
    ),
    Planted("a task was taken twice", [create(A, B), LEASED], [say.claimed(A)], ["0 undue"]),
    Planted(
        "a task was taken from a paused plan",
        [create(A), say.PAUSE],
        [say.claimed(A)],
        ["0 refused"],
    ),
    Planted(
        "a task was taken under a gate that holds",
        [create(A, B, policy=HOLDING), FAILING],
        [say.claimed(B)],
        ["0 refused"],
    ),
    Planted(
        "a claim expired before its time",
        [create(A, B), LEASED],
        [say.moved(A, IN_PROGRESS, PENDING, say.EXPIRED), say.claimed(B)],
        ["0 undue"],
    ),
    Planted(
        "a claim that had expired was left in force",
        [create(A, B), LEASED],
        [say.claimed(B)],
        ["0 missing"],
        LATER,
    ),
    Planted(
        "a lease was renewed after it had run out",
        [create(A, B), LEASED],
        [say.renewed(A, LATER + timedelta(minutes=1))],
        ["0 refused"],
        LATER,
    ),
    Planted(
        "a lease of a task without a holder was renewed",
        [create(A, B)],
        [say.renewed(A, LATER)],
        ["0 refused"],
    ),
    Planted(
        "a lease ends before it begins",
        [create(A, B)],
        [say.claimed(A, until=NOON - timedelta(seconds=1))],
        ["0 unexplained"],
    ),
    Planted(
        "a task without a holder was given back",
        [create(A, B)],
        [say.moved(A, PENDING, PENDING, say.RELEASED)],
        ["0 undue"],
    ),
    Planted(
        "a task that did not fail was tried again",
        [create(A, B)],
        [say.attempted(A)],
        ["0 refused"],
    ),
    Planted(
        "an attempt has the wrong number",
        [create(A, B), FAILING],
        [say.attempted(A, 3), say.moved(A, REPLANNING, PENDING, RETRIED)],
        ["0 wrong attempt"],
    ),
    Planted(
        "an attempt began and the task did not",
        [create(A, B), FAILING],
        [say.attempted(A)],
        ["0 missing"],
    ),
    Planted("nothing was due to be approved", [create(A)], [say.HAS_APPROVED], ["0 undue"]),
    Planted(
        "a score that does not stand was withdrawn",
        [create(A, B), FAILING],
        [say.retracted(A, OUTPUT, "nothing@9")],
        ["0 refused"],
    ),
    Planted(
        "a revision leaves a circle",
        [create(A, B)],
        [
            say.HAS_REVISED,
            say.changed(A, depends_on=(B,)),
            say.changed(B, depends_on=(A,)),
        ],
        ["0 refused"],
    ),
    Planted(
        "a dropped task had others that waited for it",
        [create(A, new(B, depends_on=(A,)))],
        [say.HAS_REVISED, say.dropped(A, "nobody")],
        ["1 wrong dependants"],
    ),
    Planted(
        "a changed task should have started again",
        [create(A, B), FAILING],
        [say.HAS_REVISED, say.changed(A, title="Another")],
        ["1 missing", "1 missing"],
    ),
    Planted(
        "a changed task started again for no reason",
        [create(A, B)],
        [
            say.HAS_REVISED,
            say.changed(A, title="Another"),
            say.attempted(A),
            say.moved(A, PENDING, PENDING, REVISED),
        ],
        ["2 undue", "3 undue"],
    ),
    Planted("a paused plan was paused", [create(A), say.PAUSE], [say.HAS_PAUSED], ["0 undue"]),
    Planted(
        "an archived plan was worked on",
        [create(A), say.ARCHIVE],
        [say.scored(A, PROMPT, 0.9)],
        ["0 refused"],
    ),
    Planted(
        "a deleted plan was worked on",
        [create(A), say.delete()],
        [say.scored(A, PROMPT, 0.9)],
        ["0 refused"],
    ),
    Planted("a deleted plan was deleted", [create(A), say.delete()], [say.deleted()], ["0 undue"]),
]
AFTERWARDS: Sequence[PlanCommand] = (
    say.RESTORE,
    say.RESUME,
    say.update(A, 0.9, 0.3),
    say.revise(ChangeTask(task_id=B, title="Another")),
    say.score_output(B, 0.9),
    say.APPROVE,
    say.claim_next(),
)


def plant(registry: PlanRegistry, planted: Planted) -> list[str]:
    """Record the plan with its wrong decision and further work; return the expected report."""
    plan = Plan(planted.name)
    for command in planted.before:
        plan = _recorded(registry, plan, decide(plan, command, NOON))
    expected = [_named(plan, found) for found in planted.found]
    wrong = [
        event if event.at == LATER else event.model_copy(update={"at": planted.at})
        for event in planted.wrong
    ]
    plan = _recorded(registry, plan, wrong)
    for command in AFTERWARDS:
        try:
            events = decide(plan, command, LATER)
        except plangate.PlangateError:
            continue
        if events:
            plan = _recorded(registry, plan, events)
    return expected


def _recorded(registry: PlanRegistry, plan: Plan, events: Sequence[PlanEvent]) -> Plan:
    registry._store.append(recorded(plan, events).events)
    return fold(plan, events)


def _named(plan: Plan, found: str) -> str:
    place, _, rest = found.partition(" ")
    return f"{event_id(plan.plan_id, plan.version + 1 + int(place))} {rest}"


def result(found: Mismatch) -> str:
    return " ".join([found.event_id, found.kind, *found.fields])


def test_every_planted_wrong_decision_is_found_in_a_real_file_and_nothing_else(
    tmp_path: Path,
) -> None:
    with connect(tmp_path / "plans.db") as registry:
        work = RandomWork(registry, random.Random(1), "sound")
        expected: list[str] = []
        for one in PLANTED:
            work.go_on(10)
            expected += plant(registry, one)
        report = registry.replay.check()
        log = registry.history.events(limit=10_000)
    assert [result(found) for found in report.mismatches] == expected
    assert report.mismatch_count == len(expected)
    assert report.events == len(log)
    assert report.plans > len(PLANTED)


@pytest.mark.parametrize("seed", range(5))
def test_random_work_has_no_mismatches(seed: int) -> None:
    registry = registry_on(memory_event_store())
    RandomWork(registry, random.Random(seed)).go_on(200)
    log = registry.history.events(limit=10_000)

    report = registry.replay.check()

    assert report == CheckReport(
        plans=len({entry.envelope.plan_id for entry in log}),
        commands=sum(entry.envelope.causation_id is None for entry in log),
        events=len(log),
        mismatch_count=0,
        mismatches=(),
    )


@pytest.mark.parametrize("seed", range(3))
def test_erased_text_is_not_a_mismatch(seed: int) -> None:
    registry = registry_on(memory_event_store())
    RandomWork(registry, random.Random(seed)).go_on(200)
    for plan_id in {entry.envelope.plan_id for entry in registry.history.events(limit=10_000)}:
        registry.erase(plan_id)
    assert registry.replay.check().mismatches == ()
    assert {plan.changed for plan in registry.replay.what_if(policy={}).plans} == {0}


def test_a_mismatch_has_the_recorded_and_the_expected_event(
    registry: PlanRegistry, plan_id: str
) -> None:
    plan = registry.get(plan_id)
    assert plan is not None
    _recorded(registry, plan, [say.scored("a", OUTPUT, 0.9), say.moved("a", PENDING, FAILED)])
    (found,) = registry.replay.check(plan_id).mismatches
    assert found.why == "the rules give another new"
    assert found.recorded is not None
    assert found.recorded.facts["new"] == "failed"
    assert found.expected is not None
    assert found.expected.facts["new"] == "done"


def test_a_refused_command_has_the_message_of_the_refusal(
    registry: PlanRegistry, plan_id: str
) -> None:
    plan = registry.get(plan_id)
    assert plan is not None
    plan = _recorded(registry, plan, [say.attempted("a")])
    _recorded(registry, plan, [say.replan("a"), say.replan("b")])
    (
        refused,
        unexplained,
    ) = registry.replay.check(plan_id).mismatches
    assert refused.why.startswith("the rules refuse it: task_id: the task 'a' is pending")
    assert refused.recorded is not None
    assert refused.recorded.event == "AttemptStarted"
    assert (unexplained.event_id, unexplained.why) == (
        "billing@3",
        "no command begins with such an event",
    )


def test_an_unreadable_event_is_a_finding_and_ends_its_plan_alone(tmp_path: Path) -> None:
    path = tmp_path / "plans.db"
    with connect(path) as registry:
        for name in ("p1", "p2", "p3"):
            registry.create("g", [{"id": "a", "title": "A"}], plan_id=name)
            registry.score_prompt(name, "a", 0.9)
            registry.score_output(name, "a", 0.9)
        with closing(sqlite3.connect(path)) as file:
            damage = "WHERE originator_version = 2 AND originator_id = ?"
            file.execute(f"UPDATE stored_events SET state = '{{}}' {damage}", ["p1"])
            file.execute(f"DELETE FROM stored_events {damage}", ["p2"])
            file.commit()
        report = registry.replay.check()
    missing = "it is missing; the rest of the plan is not checked"
    assert [(found.event_id, found.kind) for found in report.mismatches] == [
        ("p1@2", "unreadable"),
        ("p2@2", "unreadable"),
    ]
    assert report.mismatches[1].why == missing
    assert (report.plans, report.commands, report.events) == (3, 5, 6)


def test_of_a_command_cut_short_by_an_unreadable_event_nothing_is_missed(
    registry: PlanRegistry, plan_id: str
) -> None:
    plan = registry.get(plan_id)
    assert plan is not None
    cut: list[PlanEvent] = [say.scored("a", OUTPUT, 0.1), say.moved("a", PENDING, DONE)]
    _recorded(registry, plan, cut)
    beyond = Envelope(plan_id=plan_id, version=5, recorded_at=NOON)
    stores.plant(registry._store, [RecordedEvent(say.HAS_PAUSED, beyond)])
    assert [result(found) for found in registry.replay.check().mismatches] == [
        "billing@3 wrong new",
        "billing@4 unreadable",
    ]


def test_so_many_mismatches_are_listed_and_all_are_counted(
    registry: PlanRegistry, plan_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "MAX_LISTED", 3)
    plan = registry.get(plan_id)
    assert plan is not None
    for _ in range(5):
        plan = _recorded(registry, plan, [say.HAS_APPROVED])
    report = registry.replay.check()
    assert (report.mismatch_count, len(report.mismatches)) == (5, 3)


def test_progress_is_reported_to_the_end(registry: PlanRegistry) -> None:
    RandomWork(registry, random.Random(3)).go_on(100)
    answer: list[tuple[int, int]] = []
    registry.replay.check(progress=lambda *how_far: answer.append(how_far))
    last = registry.history.last_position()
    assert answer == sorted(answer)
    assert (answer[0], answer[-1]) == ((1, last), (last, last))


def test_a_plan_that_never_was_is_not_checked(registry: PlanRegistry) -> None:
    with pytest.raises(PlanNotFound):
        registry.replay.check("nowhere")
