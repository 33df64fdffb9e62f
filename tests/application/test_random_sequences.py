"""A million random command sequences, decided and folded, against the naive model."""

import json
import os
import random
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from plangate.domain.commands import (
    ClaimNextTask,
    CreatePlan,
    DeletePlan,
    MarkTask,
    NewTask,
    PlanCommand,
    RecordScoringFailure,
    RetractScore,
    ScoreOutput,
    ScorePrompt,
    UpdateScores,
)
from plangate.domain.decisions import decide
from plangate.domain.errors import PlangateError
from plangate.domain.events import PlanEvent
from plangate.domain.plan import Plan, fold
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import ScoreKind, TaskStatus
from tests.support.clocks import DAWN
from tests.support.comparison import POLICIES, TASKS, naive_plan, same_plan
from tests.support.naive import NaivePlan, Refused

SEQUENCES = 1_000_000
A_SCORE = [0.0, 0.5, 0.72, 1.0, -3.0, 85.0]


@pytest.mark.soak
def test_a_million_random_sequences_give_what_the_naive_model_gives() -> None:
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        commands = sum(pool.map(run, range(workers), [SEQUENCES // workers] * workers))
    print(json.dumps({"sequences": SEQUENCES // workers * workers, "commands": commands}))


def test_five_thousand_random_sequences_give_what_the_naive_model_gives() -> None:
    assert run(seed=2026, sequences=5_000) > 5_000


def run(seed: int, sequences: int) -> int:
    """Compare so many sequences; the number of commands given."""
    chance = random.Random(seed)
    return sum(_one_sequence(chance) for _ in range(sequences))


def _one_sequence(chance: random.Random) -> int:
    tasks, policy = chance.randint(1, 5), chance.choice(POLICIES)
    naive = naive_plan("p", tasks, policy)
    creation = CreatePlan(
        goal="g",
        tasks=tuple(NewTask(id=t, title=t) for t in TASKS[:tasks]),
        policy=Policy(**policy),
    )
    log = decide(Plan("p"), creation, DAWN)
    plan = fold(Plan("p"), log)
    steps = chance.randint(1, 12)
    for _ in range(steps):
        wish, expected = _some_wish(chance, naive)
        events = _decided(plan, wish, DAWN)
        assert isinstance(events, str) == isinstance(expected, Refused)
        if isinstance(events, str):
            assert events == str(expected)
        else:
            log += events
            plan = fold(plan, events)
    same_plan(plan, naive)
    assert fold(Plan("p"), log) == plan
    return steps


def _decided(plan: Plan, wish: PlanCommand, now: datetime) -> list[PlanEvent] | str:
    try:
        return decide(plan, wish, now)
    except PlangateError as refusal:
        return type(refusal).__name__


def _some_wish(chance: random.Random, naive: NaivePlan) -> tuple[PlanCommand, Any]:
    """A random wish, and what the naive model answers to it."""
    task = (
        chance.choice([*TASKS[:4], "nobody"])
        if chance.random() < 0.1
        else chance.choice(naive.tasks).id
    )
    score, other = _score(chance), _score(chance)
    done = chance.random() < 0.8
    version = naive.version - chance.randint(0, 5)
    status = chance.choice(list(TaskStatus))
    kind = chance.choice(list(ScoreKind))
    wishes: list[tuple[PlanCommand, Any]] = [
        (ScorePrompt(task_id=task, score=score), lambda: naive.score_prompt(task, score)),
        (
            ScoreOutput(task_id=task, score=score, mark_done=done),
            lambda: naive.score_output(task, score, mark_done=done),
        ),
        (
            UpdateScores(task_id=task, prompt_score=score, output_score=other),
            lambda: naive.update(task, score, other),
        ),
        (
            RecordScoringFailure(task_id=task, kind=kind, reason="crashed"),
            lambda: naive.record_scoring_failure(task, kind.value),
        ),
        (
            RetractScore(event_id=f"p@{version}", reason="mistaken"),
            lambda: naive.retract_score(version),
        ),
        (MarkTask(task_id=task, status=status), lambda: naive.mark_task(task, status.value)),
        (ClaimNextTask(), naive.next_task),
        (DeletePlan(), naive.delete),
    ]
    weights = [4, 8, 3, 1, 2, 2, 4, 0.2]
    wish, model = chance.choices(wishes, weights)[0]
    try:
        return wish, model()
    except Refused as refusal:
        return wish, refusal


def _score(chance: random.Random) -> float:
    return chance.choice(A_SCORE) if chance.random() < 0.3 else chance.random()
