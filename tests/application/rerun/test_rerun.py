"""Recorded inputs decided once more: under the same rules nothing changes, under others enough."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest

from plangate.application.rerun.rerun import RerunStep
from plangate.domain.commands import (
    ApproveGate,
    ArchivePlan,
    ChangeTask,
    DeferTask,
    DeletePlan,
    MarkTask,
    PausePlan,
    PlanCommand,
    RecordOutcome,
    RecordScoringFailure,
    RestorePlan,
    ResumePlan,
    RetryTask,
    ScoreOutput,
    ScorePrompt,
    UndeferTask,
    UpdateScores,
)
from plangate.domain.events import ReplanTriggered, ScoreRetracted
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import AttemptScores, Gate, OutOfRange, TaskStatus
from tests.support import examples as say
from tests.support.clocks import DAWN
from tests.support.examples import NOON, PLAN, A, B, C, create
from tests.support.model.comparison import POLICIES, at, same_plan
from tests.support.model.histories import again, facts, history, recorded, some_history
from tests.support.model.naive import NaivePlan, NaivePolicy, NaiveTask, Refused
from tests.support.soak import short_and_long

LENIENT = Policy(confidence_threshold=0.0)
STRICT = Policy(confidence_threshold=1.0)


@short_and_long("histories", 250, 100_000)
def test_under_the_recorded_policy_every_history_is_reproduced_event_for_event(
    histories: int,
) -> None:
    with ProcessPoolExecutor(2) as pool:
        commands = sum(pool.map(_reproduced, range(histories), chunksize=100))
    assert commands > histories * 5


def _reproduced(seed: int) -> int:
    chance = random.Random(seed)
    commands = some_history(chance, chance.randint(1, 20))
    steps = again(commands)
    for command, step in zip(commands, steps, strict=True):
        assert (step.refusal, step.left_out) == (None, ())
        assert list(step.events) == facts(command)
        assert step.after == command.after
    return len(commands)


@short_and_long("histories", 60, 20_000)
def test_under_any_policy_every_input_is_granted_refused_or_found_idle(histories: int) -> None:
    refused = 0
    for seed in range(histories):
        chance = random.Random(seed)
        commands = some_history(chance, chance.randint(5, 20))
        steps = again(commands, Policy(**chance.choice(POLICIES)))
        assert [step.recorded for step in steps] == commands
        assert steps[-1].after.version == sum(len(step.events) for step in steps)
        refused += sum(step.refusal is not None for step in steps)
    assert refused > histories / 100


@short_and_long("histories", 60, 20_000)
def test_it_is_as_if_the_plan_had_been_created_under_the_other_policy(histories: int) -> None:
    for seed in range(histories):
        chance = random.Random(seed)
        commands = some_history(chance, chance.randint(5, 30), among=tuple(_ON_THE_NAIVE_PLAN))
        policy = Policy(**chance.choice(POLICIES))
        created = commands[0].after
        numbers = cast("NaivePolicy", policy.model_dump(mode="json"))
        naive = NaivePlan("p", numbers, [NaiveTask(t.id, [*t.depends_on]) for t in created])
        steps = again(commands, policy)
        for step in steps[1:]:
            assert (step.refusal and type(step.refusal).__name__) == _refusal(naive, step)
        same_plan(steps[-1].after, naive)


_ON_THE_NAIVE_PLAN: dict[type[PlanCommand], Callable[[NaivePlan, Any], object]] = {
    ScorePrompt: lambda naive, command: naive.score_prompt(
        command.task_id, command.score, scale=command.scale, judge=_judge(command)
    ),
    ScoreOutput: lambda naive, command: naive.score_output(
        command.task_id,
        command.score,
        scale=command.scale,
        judge=_judge(command),
        mark_done=command.mark_done,
    ),
    UpdateScores: lambda naive, command: naive.update(
        command.task_id, command.prompt_score, command.output_score, _judge(command)
    ),
    RecordScoringFailure: lambda naive, command: naive.record_scoring_failure(command.task_id),
    RecordOutcome: lambda naive, command: naive.record_outcome(command.task_id),
    MarkTask: lambda naive, command: naive.mark_task(command.task_id, command.status.value),
    RetryTask: lambda naive, command: naive.retry(command.task_id),
    DeferTask: lambda naive, command: naive.defer_task(
        command.task_id, command.until and (command.until - at(naive)).total_seconds()
    ),
    UndeferTask: lambda naive, command: naive.undefer_task(command.task_id),
    ApproveGate: lambda naive, command: naive.approve(_results(naive, command.accept)),
    PausePlan: lambda naive, _command: naive.pause(),
    ResumePlan: lambda naive, _command: naive.resume(),
    ArchivePlan: lambda naive, _command: naive.archive(),
    RestorePlan: lambda naive, _command: naive.restore(),
    DeletePlan: lambda naive, _command: naive.delete(),
}


def _judge(command: Any) -> str:
    """The judge of a recovered command, as the naive model tells judges apart."""
    scorer = command.scorer
    return "unnamed" if scorer is None else f"{scorer.kind}:{scorer.name}"


def _results(naive: NaivePlan, accept: Any) -> Any:
    """Of the tasks whose results were accepted, those that have a result in the other history."""
    if not isinstance(accept, tuple):
        return accept
    without = [
        task.id
        for task in naive.tasks
        if task.status == "pending"
        or (task.status == "in_progress" and not naive.awaits_judges(task))
    ]
    return [task_id for task_id in accept if task_id not in without]


def _refusal(naive: NaivePlan, step: RerunStep) -> str | None:
    command = step.recorded.given
    assert not isinstance(command, str)
    naive.now = (step.recorded.at - DAWN).total_seconds()
    try:
        _ON_THE_NAIVE_PLAN[type(command)](naive, command)
    except Refused as refusal:
        return str(refusal)
    return None


def fired(steps: Sequence[RerunStep]) -> list[str]:
    return [
        step.recorded.event_id
        for step in steps
        if any(isinstance(event, ReplanTriggered) for event in step.events)
    ]


def test_the_gate_speaks_as_the_other_policy_has_it() -> None:
    commands = history(create(A, B, C), *(say.score_output(task, 0.7) for task in (A, B, C)))
    assert fired(again(commands)) == [f"{PLAN}@2", f"{PLAN}@5", f"{PLAN}@8"]
    steps = again(commands, LENIENT)
    assert fired(steps) == []
    assert [task.status for task in steps[-1].after] == [TaskStatus.DONE] * 3
    assert [task.status for task in again(commands, STRICT)[-1].after] == [say.REPLANNING] * 3


def test_a_score_counts_as_given_and_not_as_clamped() -> None:
    commands = history(create(A), say.score_output(A, 85.0))
    refusing = Policy(out_of_range=OutOfRange.REFUSE)
    step = again(commands, refusing)[-1]
    assert str(step.refusal) == (
        "score: 85.0 is outside [0, 1], and the plan's policy refuses such scores"
    )
    assert again(commands, LENIENT)[-1].events == tuple(facts(commands[-1])[:2])


def test_a_retraction_finds_its_score_where_that_has_another_version() -> None:
    commands = history(
        create(A, B),
        say.score_output(A, 0.1),
        say.score_output(B, 0.1),
        say.retract(f"{PLAN}@5"),
    )
    last = again(commands, LENIENT)[-1]
    assert last.after.version == 6
    assert last.after.task(B).output_score is None
    assert [event.event_id for event in last.events if isinstance(event, ScoreRetracted)] == [
        f"{PLAN}@5"
    ]


def test_a_retraction_of_a_score_that_was_refused_is_refused() -> None:
    commands = history(create(A, B), say.score_output(A, 85.0), say.retract(f"{PLAN}@2"))
    steps = again(commands, Policy(out_of_range=OutOfRange.REFUSE))
    assert [type(step.refusal).__name__ for step in steps[1:]] == ["InvalidScore", "ScoreNotFound"]
    assert f"{PLAN}@2" in str(steps[-1].refusal)


def test_a_claim_under_a_gate_that_holds_is_refused_and_so_is_its_heartbeat() -> None:
    commands = history(
        create(A, B),
        say.score_output(A, 0.1),
        say.claim_next(lease=60.0),
        say.renew(B, token=5),
        say.score_output(B, 1.0),
    )
    steps = again(commands, Policy(gate=Gate.HOLD))
    refusals = [type(step.refusal).__name__ for step in steps if step.refusal]
    assert refusals == ["PlanHeld", "ClaimLost"]
    assert steps[-1].after.task(B).output_score == 1.0


def test_a_heartbeat_finds_its_claim_where_that_has_another_version() -> None:
    commands = history(
        create(A, B), say.score_output(A, 0.1), say.claim_next(lease=60.0), say.renew(B, token=5)
    )
    last = again(commands, LENIENT)[-1]
    assert last.after.version == 5
    assert last.events == tuple(facts(commands[-1]))


def test_inputs_that_are_idle_under_the_other_policy_record_nothing() -> None:
    commands = history(create(A, B), say.score_output(A, 0.1), say.APPROVE, say.retry(A))
    steps = again(commands, LENIENT)
    assert (steps[2].events, steps[2].refusal) == ((), None)
    assert type(steps[3].refusal).__name__ == "InvalidInput"


def test_a_revision_leaves_out_tasks_it_only_started_again() -> None:
    changes = (ChangeTask(task_id=A), ChangeTask(task_id=B, title="Another"))
    commands = history(create(A, B), say.score_output(A, 0.1), say.revise(*changes))
    last = again(commands, LENIENT)[-1]
    assert last.left_out == (A,)
    assert last.refusal is None
    assert last.after.task(B).title == "Another"
    assert last.after.task(A).status is TaskStatus.DONE


def test_a_lease_runs_out_at_the_recorded_times() -> None:
    later = NOON + timedelta(minutes=5)
    claim = say.claim_next(lease=60.0)
    commands = history(create(A, B), claim, (claim, later))
    assert again(commands, STRICT)[-1].events == tuple(facts(commands[-1]))


@pytest.mark.parametrize("scores", AttemptScores)
def test_attempts_begin_as_the_other_policy_has_it(scores: AttemptScores) -> None:
    commands: list[PlanCommand] = [create(A), say.score_output(A, 0.1), say.retry(A)]
    plan = again(history(*commands), Policy(attempt_scores=scores))[-1].after
    assert (plan.task(A).output_score is None) == (scores is AttemptScores.RESET)


def test_unexplained_events_have_no_effect() -> None:
    commands = history(create(A))
    commands.append(recorded(commands[-1].after, [say.replan(A)]))
    step = again(commands)[-1]
    assert (step.events, step.recorded.given) == ((), "no command begins with such an event")
