"""Exceptions that signal handlers raise in the middle of commands and questions."""

import gc
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.interrupts import Interruptions, time_of
from tests.support.reliability.scripts import run_script
from tests.support.soak import Say, short_and_long


@pytest.mark.parametrize("target", ["plans.db", "memory:"])
@short_and_long("number", 1_000, 10_000)
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


@short_and_long("number", 300, 5_000)
def test_interrupts_of_one_thread_neither_lose_nor_double_what_others_record(
    tmp_path: Path, say: Say, number: int
) -> None:
    interruptions, over = Interruptions(5), Event()
    gc.collect()  # an interrupt while registries of earlier tests are collected would be lost

    def record(registry: PlanRegistry, plan_id: str) -> int:
        acknowledged = 0
        while not over.is_set():
            acknowledged += bool(registry.score_prompt(plan_id, "a", 0.5).recorded)
        return acknowledged

    plan_ids = ["p", "q", "r", "s"]
    with connect(tmp_path / "plans.db") as registry, ThreadPoolExecutor(len(plan_ids)) as pool:
        for plan_id in ["main", *plan_ids]:
            registry.create("g", [{"id": "a", "title": "A"}], plan_id=plan_id)
        recording = [pool.submit(record, registry, plan_id) for plan_id in plan_ids]
        try:
            usual = time_of(lambda: registry.score_prompt("main", "a", 0.5))
            with interruptions.handled():
                ended = sum(
                    interruptions.interrupt(
                        lambda: registry.score_prompt("main", "a", 0.5), within=1.5 * usual
                    )
                    for _ in range(number)
                )
        finally:
            over.set()
        acknowledged = [thread.result() for thread in recording]
        versions = [registry.get_status(plan_id).version for plan_id in plan_ids]
        own = registry.get_status("main").version - 21
    say(f"{number} interrupts", acknowledged=sum(acknowledged), ended=ended, recorded=own)
    assert versions == [1 + count for count in acknowledged]
    assert ended <= own <= number


_FAULTS = (
    "turned_into_another",
    "swallowed",
    "barred",
    "readers_left",
    "lost",
    "doubled",
    "gaps",
)
