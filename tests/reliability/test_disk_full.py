"""On a full disk the error is clear, nothing is half written, and work continues later."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from plangate.application.errors import StoreError, StoreFull
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.clocks import registry_on
from tests.support.reliability.acks import AckLog, Promises
from tests.support.reliability.audit import audit
from tests.support.reliability.errands import Errand, creating, errands
from tests.support.soak import Say
from tests.support.stores import sqlite_event_store

PLANS, TASKS = ["p0", "p1"], 12
REFUSALS = 5
"""So often a full store is asked again before there is space."""


def test_a_full_store_refuses_clearly_and_goes_on_once_there_is_space(
    tmp_path: Path, say: Say
) -> None:
    database, log = tmp_path / "plans.db", tmp_path / "acks"
    acks, todo = AckLog(log), errands(Random(4), PLANS, TASKS, "w")
    cramped = sqlite_event_store(database, {"synchronous": "FULL", "max_page_count": 40})
    with registry_on(cramped) as registry:
        _register(registry, acks)
        _work_until_full(registry, acks, todo)
        with pytest.raises(StoreFull, match="no space left"):
            registry.create("Too much", [{"title": "x" * 500}] * 100)
        assert registry.get_status("p0").task_count == TASKS
    with connect(database) as registry:
        _send_again_and_go_on(registry, acks, log, todo)

    findings = audit(database, Promises.in_logs([log]))
    say("no more pages", findings)
    assert findings.faults == {}


@pytest.mark.soak
def test_a_full_disk_is_survived_more_than_once(tiny_disk: Path, tmp_path: Path, say: Say) -> None:
    database, log, ballast = tiny_disk / "plans.db", tmp_path / "acks", tiny_disk / "ballast"
    acks, todo = AckLog(log), errands(Random(4), PLANS, TASKS, "w")
    with connect(database) as registry:
        _register(registry, acks)
        for kilobytes in (600, 300):
            ballast.write_bytes(bytes(kilobytes * 1024))
            _work_until_full(registry, acks, todo)
            assert registry.get_status("p0").task_count == TASKS
            ballast.unlink()
            _send_again_and_go_on(registry, acks, log, todo)

    findings = audit(database, Promises.in_logs([log]))
    say("a full disk of 1 MB, twice", findings)
    assert findings.faults == {}


@pytest.mark.soak
def test_a_store_on_a_full_disk_is_refused_or_readable(tiny_disk: Path) -> None:
    with connect(tiny_disk / "plans.db") as registry:
        registry.create("Ship it", [{"title": "Build"}], plan_id="p")
    _fill(tiny_disk / "ballast")
    try:
        with connect(tiny_disk / "plans.db") as registry:
            assert registry.get_status("p").task_count == 1
            with pytest.raises(StoreFull):
                registry.next_task("p")
    except StoreError as error:
        assert str(tiny_disk) in str(error)  # noqa: PT017  (either outcome is right)
    (tiny_disk / "ballast").unlink()
    with connect(tiny_disk / "plans.db") as registry:
        assert registry.next_task("p")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    place = tmp_path / "tiny"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=1m", "plangate-test", str(place)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _register(registry: PlanRegistry, acks: AckLog) -> None:
    for plan_id in PLANS:
        acks.handle(creating(plan_id, TASKS), registry)


def _work_until_full(registry: PlanRegistry, acks: AckLog, todo: Iterator[Errand]) -> None:
    """Run errands until so many were refused. What needs no space may still be done."""
    refusals = 0
    while refusals < REFUSALS:
        try:
            acks.handle(next(todo), registry)
        except StoreFull:
            refusals += 1


def _send_again_and_go_on(
    registry: PlanRegistry, acks: AckLog, log: Path, todo: Iterator[Errand]
) -> None:
    refused = Promises.in_logs([log]).open
    assert len(refused) == REFUSALS
    for errand in refused:
        acks.handle(errand, registry)
    for _ in range(REFUSALS):
        acks.handle(next(todo), registry)


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(512)):
                pass
        except OSError:
            return
