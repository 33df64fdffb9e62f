"""Exceptions that signal handlers raise in the middle of commands and questions."""

import json
from pathlib import Path

import pytest

from tests.support.reliability.scripts import run_script
from tests.support.soak import Say, short_and_long


@pytest.mark.parametrize("target", ["plans.db", "memory:"])
@short_and_long("number", 500, 10_000)
def test_an_interrupted_registry_works_on_and_bars_no_other_process(
    tmp_path: Path, say: Say, target: str, number: int
) -> None:
    address = tmp_path / target if target != "memory:" else target
    program = run_script("interrupting", address, number, 11)
    assert (program.returncode, program.stderr) == (0, "")
    figures = json.loads(program.stdout)
    say(f"{number} interrupts, {target}", **figures)
    assert figures["interrupted"] == number
    assert figures["acknowledged"]
    assert {name: figures.get(name, 0) for name in _FAULTS} == dict.fromkeys(_FAULTS, 0)
    assert (figures["commands_afterwards"], figures["plans_in_views"]) == (2, 1)


@short_and_long("number", 200, 5_000)
def test_interrupts_of_one_thread_neither_lose_nor_double_what_others_record(
    tmp_path: Path, say: Say, number: int
) -> None:
    program = run_script("interrupting_one_thread", tmp_path / "plans.db", number)
    assert (program.returncode, program.stderr) == (0, "")
    figures = json.loads(program.stdout)
    say(f"{number} interrupts of one thread", **figures)
    assert figures["acknowledged"]
    assert (figures["differing"], figures["swallowed"]) == (0, 0)
    assert figures["ended"] <= figures["recorded"] <= number


_FAULTS = (
    "turned_into_another",
    "swallowed",
    "barred",
    "readers_left",
    "lost",
    "doubled",
    "gaps",
)
