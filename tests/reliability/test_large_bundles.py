"""A large store goes out in a bundle and into another one in flat memory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from plangate.application.recorded_event import StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.memory.events import memory_event_store
from tests.support.bundles import log_of
from tests.support.clocks import registry_on
from tests.support.reliability.crowd import PROCESSES, crowd
from tests.support.reliability.workers import peak_of_export, peak_of_import
from tests.support.soak import Say, short_and_long

EVENTS_OF_A_PLAN = 120
A_LOT = 2_000
"""Events of the one plan that is much larger than the others."""
GROWTH = 64
"""MiB that a process may grow by, whatever the bundle's size: stretches of events, and ids."""


@short_and_long("events", 6_000, 1_000_000)
def test_exporting_and_importing_take_flat_memory(tmp_path: Path, say: Say, events: int) -> None:
    source, file, target = (tmp_path / name for name in ("a.db", "plans.bundle", "b.db"))
    with connect(source) as registry:
        _fill(registry, events)
        there = registry.history.last_position()
    out = _measured(peak_of_export, source, file)
    came_in = _measured(peak_of_import, target, file)
    again = _measured(peak_of_import, target, file)
    with connect(target) as registry:
        assert registry.history.last_position() == there
        report = registry.bundles.export(tmp_path / "again.bundle")
    assert report.content_sha256 == out["content"] == came_in["content"] == again["content"]
    assert max(out["grown"], came_in["grown"], again["grown"]) < GROWTH
    say(
        "export and import of a large store",
        events=there,
        plans=report.plans,
        bytes=report.bytes,
        export=out,
        imported=came_in,
        imported_again=again,
    )


@short_and_long("count", 2_000, 10_000)
def test_a_plan_within_all_bounds_fits_into_a_bundle(tmp_path: Path, count: int) -> None:
    """Its creation alone is larger than 32 MiB."""
    words = "x" * (35_000_000 // count)
    tasks = [{"id": f"t{n}", "title": "T", "description": words} for n in range(count)]
    with connect(tmp_path / "a.db") as source, connect(tmp_path / "b.db") as target:
        source.create("Large", tasks, plan_id="large")
        exported = source.bundles.export(tmp_path / "large.bundle")
        imported = target.bundles.import_bundle(tmp_path / "large.bundle", strict=True)
        assert imported.content_sha256 == exported.content_sha256
        assert target.get_status("large").task_count == count
        more = [{"id": f"more{n}", "title": "T", "description": "x" * 20_000} for n in range(count)]
        with pytest.raises(InvalidInput, match="tasks: must be at most 48 MiB of JSON"):
            source.create("Larger", [*tasks, *more])


def _fill(registry: PlanRegistry, events: int) -> None:
    """Many plans that were worked on, one of them for long."""
    long, usual = (list(_worked_on(n)) for n in (A_LOT, EVENTS_OF_A_PLAN))
    registry._store.append_stored(long)
    batch: list[StoredEntry] = []
    for number in range((events - A_LOT) // EVENTS_OF_A_PLAN + 1):
        name = f"plan-{number:06}"
        batch += [
            replace(e, plan_id=name, state=e.state.replace(b"usual@", name.encode() + b"@"))
            for e in usual
        ]
        if len(batch) > 20_000:
            registry._store.append_stored(batch)
            batch = []
    registry._store.append_stored(batch)


def _worked_on(events: int) -> Iterator[StoredEntry]:
    plan_id = "usual" if events == EVENTS_OF_A_PLAN else "long"
    with registry_on(memory_event_store()) as registry:
        tasks = [{"id": f"t{n}", "title": f"Task {n}"} for n in range(10)]
        registry.create("Keep at it", tasks, plan_id=plan_id)
        number = 0
        while registry.get_status(plan_id).version < events:
            score = 0.5 + (number * 7 % 10) / 20
            why = f"Because of what was seen at {number}"
            registry.score_output(plan_id, f"t{number % 10}", score, rationale=why)
            number += 1
        yield from (replace(entry, position=None) for entry in log_of(registry)[:events])


def _measured(work: Any, *arguments: Path) -> dict[str, Any]:
    ours, theirs = PROCESSES.Pipe(duplex=False)
    started = perf_counter()
    with crowd() as processes, ours:
        processes.start(work, *arguments, theirs)
        theirs.close()
        report: dict[str, Any] = ours.recv()
        processes.finish()
    return {**report, "seconds": round(perf_counter() - started, 1)}
