"""The disk of PostgreSQL is full: nothing is lost, and work continues once there is room."""

import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from plangate.application.errors import StoreError, StoreFull, StoreUnavailable
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.acks import AckLog, Promises
from tests.support.reliability.errands import Errand, creating, errands
from tests.support.reliability.postgres import audit_postgres
from tests.support.servers.postgres import postgres_server
from tests.support.soak import Say

PLANS, TASKS = ["p0", "p1"], 12
REFUSALS = 5
"""So often a full store is asked again before there is space."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    place = tmp_path / "small"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=192m", "plangate-test", str(place)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    # The server runs as another user, who needs access.
    for folder in (place, *tmp_path.parents[:2], tmp_path):
        folder.chmod(folder.stat().st_mode | 0o011)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.soak
def test_a_full_disk_is_survived_more_than_once(disk: Path, tmp_path: Path, say: Say) -> None:
    log, refused = tmp_path / "acks", list[type[StoreError]]()
    acks, todo = AckLog(log), errands(Random(4), PLANS, TASKS, "w")
    with postgres_server(disk) as server, connect(server.url) as registry:
        for plan_id in PLANS:
            acks.handle(creating(plan_id, TASKS), registry)
        for _ in range(2):
            _fill(disk / "ballast")
            refused += _work_until_full(registry, acks, todo)
            (disk / "ballast").unlink()
            server.start_if_down()  # one that cannot write its log gives up
            for errand in [*Promises.in_logs([log]).open, *islice(todo, 500)]:
                acks.handle(errand, registry)
        findings = audit_postgres(server.url, Promises.in_logs([log]))

    refusals = {kind.__name__: refused.count(kind) for kind in set(refused)}
    say("a full disk under PostgreSQL, twice", findings, refusals=refusals)
    assert findings.faults == {}
    assert StoreFull in refused


def _work_until_full(
    registry: PlanRegistry, acks: AckLog, todo: Iterator[Errand]
) -> list[type[StoreError]]:
    """Run errands until so many were refused; how they were."""
    refused: list[type[StoreError]] = []
    while len(refused) < REFUSALS:
        try:
            acks.handle(next(todo), registry)
        except (StoreFull, StoreUnavailable) as error:
            refused.append(type(error))
    return refused


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return
