"""A recovered command leads to the recorded events again."""

import random
from datetime import timedelta
from math import inf
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.application.rerun.recover_command import Unexplained
from plangate.domain.commands import (
    AddTask,
    ChangeTask,
    DropTask,
    MoveTask,
    PlanCommand,
    ReplaceTask,
    SplitTask,
)
from plangate.domain.decisions import decide
from plangate.domain.events import PlanEvent
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from tests.support import examples as say
from tests.support.examples import (
    ADA,
    NOON,
    OUTPUT,
    PLAN,
    PROMPT,
    WHY,
    A,
    B,
    C,
    D,
    E,
    create,
    new,
    planned,
)
from tests.support.model.histories import (
    facts,
    history,
    recorded,
    recovered,
    some_history,
)
from tests.support.properties import repeatable

LATER = NOON + timedelta(minutes=5)
PLANNED = create(A, new(B, depends_on=(A,), priority=3, labels=("x",)), C)
FAILING = say.score_output(A, 0.1)
EVERY_CHANGE = (
    AddTask(task=new(D, description="why", metadata={"n": 1}), after=A),
    MoveTask(task_id=C, before=A),
    ChangeTask(task_id=A, title="Another", depends_on=(C,)),
    SplitTask(task_id=B, into=(new(E), new("f", priority=1))),
    ReplaceTask(task_id=C, by=new("g", labels=("y",))),
    DropTask(task_id=D),
    ChangeTask(task_id="f", description=""),
)


@pytest.mark.parametrize(
    "before, given",
    [
        ((), create(A, new(B, description="d", metadata={"n": 1}), labels=("x",), priority=2)),
        ((PLANNED,), say.score_prompt(A, 0.4, scorer=say.JUDGE, rationale=WHY, evidence={"n": 1})),
        ((PLANNED,), say.score_prompt(A, 85.0)),
        ((PLANNED,), say.score_output(A, 0.4, mark_done=False)),
        ((PLANNED,), say.score_output(A, -3.0)),
        ((PLANNED,), say.update(A, 85.0, 0.4, scorer=say.JUDGE, mark_done=False)),
        ((PLANNED,), say.record_failure(A, PROMPT, scorer=say.JUDGE)),
        ((PLANNED, FAILING), say.retract(f"{PLAN}@2")),
        ((PLANNED,), say.mark(A, say.FAILED, WHY)),
        ((PLANNED,), say.claim_next(ADA, task=A)),
        ((PLANNED,), say.claim_next(ADA, lease=0.5, task=A)),
        ((PLANNED, say.claim_next(ADA, lease=60.0)), say.renew(A, token=2, lease=90.0)),
        ((PLANNED, say.claim_next(ADA)), say.release(A, reason=WHY)),
        ((PLANNED, FAILING), say.retry(A)),
        ((PLANNED, FAILING), say.APPROVE),
        ((PLANNED, FAILING), say.revise(*EVERY_CHANGE)),
        ((PLANNED, FAILING), say.revise(ChangeTask(task_id=A), MoveTask(task_id=A))),
        ((PLANNED,), say.PAUSE),
        ((PLANNED, say.PAUSE), say.RESUME),
        ((PLANNED,), say.ARCHIVE),
        ((PLANNED, say.ARCHIVE), say.RESTORE),
        ((PLANNED,), say.delete(WHY)),
    ],
    ids=lambda part: type(part).__name__,
)
def test_every_command_is_recovered(before: tuple[PlanCommand, ...], given: PlanCommand) -> None:
    command = history(*before, given)[-1]

    found = recovered(command)

    assert type(found) is type(given)
    assert decide(command.before, found, command.at) == facts(command)


def test_a_single_prompt_score_is_recovered_as_one() -> None:
    alone = history(PLANNED, say.update(A, 0.9, None))[-1]
    assert recovered(alone) == say.score_prompt(A, 0.9)
    with_output = history(PLANNED, say.update(A, 0.9, 0.1))[-1]
    assert recovered(with_output) == say.update(A, 0.9, 0.1)
    output = history(PLANNED, say.update(A, None, 0.1))[-1]
    assert recovered(output) == say.score_output(A, 0.1)


def test_a_claim_is_found_with_its_worker_its_lease_and_its_task_and_no_expiry() -> None:
    first = say.claim_next("bob", lease=60.0)
    command = history(PLANNED, first, (say.claim_next(ADA, lease=1.5), LATER))[-1]
    assert [type(event).__name__ for event in facts(command)] == ["TaskStatusChanged"] * 2
    assert recovered(command) == say.claim_next(ADA, lease=1.5, task=A)


def test_a_claim_that_only_found_others_expired_names_no_task() -> None:
    first = say.claim_next(ADA, lease=60.0)
    command = history(PLANNED, first, (say.claim_next(task=B), LATER))[-1]
    assert [type(event).__name__ for event in facts(command)] == ["TaskStatusChanged"]
    assert decide(command.before, recovered(command), LATER) == facts(command)


@settings(repeatable, max_examples=60)
@for_all(chance=st.randoms(use_true_random=False), length=st.integers(1, 25))
def test_any_history_follows_from_its_recovered_commands(
    chance: random.Random, length: int
) -> None:
    for command in some_history(chance, length):
        assert decide(command.before, recovered(command), command.at) == facts(command)


def test_a_command_is_recovered_without_its_erased_text() -> None:
    erased: list[PlanEvent] = [
        say.created(planned(A), planned(B)).model_copy(update={"goal": None}),
        say.scored(A, OUTPUT, 0.9),
        say.HAS_REVISED.model_copy(update={"reason": None}),
        say.changed(A),  # its title was all that it had
    ]
    plan = fold(Plan(PLAN), erased[:2])
    creation = decide(Plan(PLAN), recovered(recorded(Plan(PLAN), erased[:1])), say.MORNING)
    revision = decide(plan, recovered(recorded(plan, erased[2:])), say.MORNING)

    assert creation == erased[:1]
    assert [type(event) for event in revision] == [type(event) for event in erased[2:]]


def test_a_prompt_score_is_found_whatever_else_was_recorded_with_it() -> None:
    plan = fold(Plan(PLAN), [say.created(A)])
    events: list[PlanEvent] = [say.scored(A, PROMPT, 0.4), say.moved(A), say.scored(A, OUTPUT, 0.2)]
    assert recovered(recorded(plan, events[:2])) == say.score_prompt(A, 0.4)
    assert recovered(recorded(plan, events)) == say.score_prompt(A, 0.4)


def begun_by(event: PlanEvent, **envelope: Any) -> RecordedCommand:
    command = recorded(fold(Plan(PLAN), [say.created(A)]), [event])
    entry = command.events[0]
    changed = {name: value for name, value in envelope.items() if value is not None}
    entry = type(entry)(event, type(entry.envelope)(**{**_fields(entry.envelope), **changed}))
    return RecordedCommand(command.before, (entry,))


def _fields(envelope: Any) -> dict[str, Any]:
    return dict(vars(envelope))


@pytest.mark.parametrize(
    "command, why",
    [
        (begun_by(say.replan(A)), "no command begins with such an event"),
        (begun_by(say.added(D)), "no command begins with such an event"),
        (begun_by(say.moved(A)), "a status is scored only as part of another command"),
        (
            begun_by(say.moved(A, cause=say.REVISED)),
            "a status is revised only as part of another command",
        ),
        (begun_by(say.claimed(A, until=say.MORNING)), "its lease ends before it begins"),
        (begun_by(say.renewed(A, say.MORNING)), "its lease ends before it begins"),
        (
            begun_by(say.renewed(A, say.MORNING + timedelta(days=30, seconds=1))),
            "its lease is longer than a command can give",
        ),
        (begun_by(say.scored(A, raw_score=inf)), "inf is not a score that a command can give"),
        (
            begun_by(say.scored(A), causation_id=f"{PLAN}@1"),
            f"it names {PLAN}@1 as its cause, which does not begin the command before it",
        ),
    ],
)
def test_events_that_no_command_leads_to_are_unexplained(
    command: RecordedCommand, why: str
) -> None:
    with pytest.raises(Unexplained) as unexplained:
        recovered(command)
    assert str(unexplained.value) == why
