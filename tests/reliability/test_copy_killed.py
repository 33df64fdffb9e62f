"""A copy killed at any moment is run again, and ends as an undisturbed one does."""

import random
from pathlib import Path
from random import Random
from time import perf_counter, sleep
from typing import Any

import pytest

from plangate.application.recorded_event import StoredEntry
from plangate.infrastructure.bootstrap import connect
from tests.support.model.random_work import RandomWork
from tests.support.reliability.copy_workers import copy_plans
from tests.support.reliability.crowd import crowd
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long

EVENTS = 1_500
PLANS_OF_ITS_OWN = [(), ("mine",)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that takes a moment to copy."""
    path = tmp_path_factory.mktemp("source") / "plans.db"
    with connect("memory:") as registry, connect(path) as target:
        work = RandomWork(registry, random.Random(3))
        while registry.history.last_position() < EVENTS:
            work.go_on(50)
        registry.bundles.copy_to(target)
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def targets(request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path: Path) -> str:
    """Addresses of stores that are not there yet, with a place for a number."""
    return str(tmp_path / "{}.db") if request.param == "sqlite" else f"{postgres.url}#{{}}"


@pytest.mark.parametrize("own", PLANS_OF_ITS_OWN, ids=["into an empty store", "beside others"])
@short_and_long("kills", 3, 50)
def test_a_copy_that_was_killed_ends_like_any_other(
    source: Path, targets: str, own: tuple[str, ...], kills: int, say: Say
) -> None:
    rng, started, part_done = Random(kills), perf_counter(), 0
    whole = _copied(source, targets.format("whole"), own, kills=0, rng=rng)[0]
    for number in range(kills // 3 or 1):
        there, reached = _copied(source, targets.format(number), own, kills=3, rng=rng)
        assert there == whole
        part_done += sum(0 < events < EVENTS for events in reached)
    seconds = round(perf_counter() - started, 1)
    say("kill -9 of a copy", kills=kills, killed_half_way=part_done, seconds=seconds)


def _copied(
    source: Path, target: str, own: tuple[str, ...], *, kills: int, rng: Random
) -> tuple[list[StoredEntry], list[int]]:
    """What a target holds at last, and how much of it each kill left."""
    address, _, schema = target.partition("#")
    opened: dict[str, Any] = {"schema": f"target_{schema}"} if schema else {}
    reached = []
    with connect(address, **opened) as registry:
        for plan_id in own:
            registry.create("Mine", [{"id": "a", "title": "T"}], plan_id=plan_id)
        for _ in range(kills):
            before = registry.history.last_position()
            with crowd() as working:
                working.start(copy_plans, source, address, opened)
                # A pipe cannot replace this sleep: the moment has to be arbitrary.
                while registry.history.last_position() == before < EVENTS:
                    sleep(0.001)
                sleep(rng.uniform(0, 0.05))
                working.kill()
            reached.append(registry.history.last_position() - len(own))
        with connect(source) as plans:
            report = plans.bundles.copy_to(registry)
        assert report.checked == report.already_there + report.copied
        entries = registry._store.read_all_stored(after=len(own), limit=99_999)
    return list(entries), reached
