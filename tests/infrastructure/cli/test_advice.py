"""At the terminal advice names commands, and never a method."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.render.advice import at_the_terminal
from tests.infrastructure.cli.conftest import Plangate

METHOD = re.compile(r"\b[a-z]+_[a-z]+\b")
Act = Callable[[PlanRegistry, str], Any]


def fail_the_prompt(registry: PlanRegistry, plan: str) -> None:
    registry.score_prompt(plan, "a", 0.1)


def fail(registry: PlanRegistry, plan: str) -> None:
    registry.score_output(plan, "a", 0.1)


def pass_while_replanning(registry: PlanRegistry, plan: str) -> None:
    registry.score_output(plan, "a", 0.9)
    registry.mark_task(plan, "a", "replanning")


def defer_all(registry: PlanRegistry, plan: str) -> None:
    registry.defer_task(plan, "a", reason="later")
    registry.defer_task(plan, "b", reason="later")


def begin_all(registry: PlanRegistry, plan: str) -> None:
    registry.next_task(plan)
    registry.next_task(plan)


@pytest.mark.parametrize(
    "act", [fail_the_prompt, fail, pass_while_replanning, defer_all, begin_all]
)
def test_no_advice_at_the_terminal_names_a_method(
    plangate: Plangate, registry: PlanRegistry, billing: str, act: Act
) -> None:
    act(registry, billing)

    for words in (["gate", billing], ["status", billing], ["next", billing]):
        bullets = [line for line in plangate(*words).stdout.splitlines() if line.startswith("·")]
        assert bullets or words[0] == "next"
        assert not [line for line in bullets if METHOD.search(line) or " with " in line]


def test_ids_stay_as_they_are() -> None:
    said = at_the_terminal("take the next task with next_task: 'run next_task again'")

    assert said == "take the next task: 'run next_task again'"
