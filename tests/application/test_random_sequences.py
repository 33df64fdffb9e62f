"""Random command sequences, decided and folded, give what the naive model gives."""

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import pytest

from plangate.domain.commands import PlanCommand
from plangate.domain.decisions import decide
from plangate.domain.errors import PlangateError
from plangate.domain.events import PlanEvent
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from plangate.domain.vocabulary import PlanState
from tests.support.clocks import DAWN
from tests.support.model.commands import random_command
from tests.support.model.comparison import DEPENDENCIES, POLICIES, a_plan, at, same_plan
from tests.support.model.naive import NaivePlan, Refused

SEQUENCES = 1_000_000
WHAT_MATTERS = (*PlanState, "tripped", "lows in a row", "exhausted", "awaits judges")


@pytest.mark.soak
def test_a_million_random_sequences_give_what_the_naive_model_gives() -> None:
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        seen = sum(pool.map(run, range(workers), [SEQUENCES // workers] * workers), Counter())
    print(json.dumps(seen))
    assert all(seen[what] for what in WHAT_MATTERS)


def test_a_thousand_random_sequences_give_what_the_naive_model_gives() -> None:
    seen = run(seed=2026, sequences=1_000)
    assert [what for what in WHAT_MATTERS if not seen[what]] == [], "it was never reached"


def run(seed: int, sequences: int) -> Counter[str]:
    """Compare so many sequences; how many commands there were, and how often each state."""
    chance = random.Random(seed)
    seen: Counter[str] = Counter()
    for _ in range(sequences):
        _one_sequence(chance, seen)
    return seen


def _one_sequence(chance: random.Random, seen: Counter[str]) -> None:
    creation, naive = a_plan(
        chance.randint(1, 5), chance.randrange(len(POLICIES)), chance.randrange(len(DEPENDENCIES))
    )
    log = decide(Plan("p"), creation, DAWN)
    plan = fold(Plan("p"), log)
    for _ in range(chance.randint(1, 14)):
        naive.now += chance.choice([0, 1, 1, 5, 40, -100])
        command, model = random_command(chance, naive)
        events = _decided(plan, command, naive)
        refusal = _refusal(model)
        if isinstance(events, str):
            assert (command, events) == (command, refusal)
        else:
            assert (command, refusal) == (command, None)
            log += events
            plan = fold(plan, events)
        seen["commands"] += 1
        seen[plan.state] += 1
        seen["tripped"] += plan.gate.tripped
        seen["lows in a row"] += plan.gate.lows > 1
        seen["exhausted"] += plan.is_exhausted
        seen["awaits judges"] += any(task.awaits_judges for task in plan)
    same_plan(plan, naive)
    assert fold(Plan("p"), log) == plan


def _decided(plan: Plan, command: PlanCommand, naive: NaivePlan) -> list[PlanEvent] | str:
    try:
        return decide(plan, command, at(naive))
    except PlangateError as refusal:
        return type(refusal).__name__


def _refusal(model: Callable[[], object]) -> str | None:
    try:
        model()
    except Refused as refusal:
        return str(refusal)
    return None
