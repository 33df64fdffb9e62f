"""A process that keeps the views may be killed at any moment: they still agree with the log."""

from pathlib import Path
from random import Random
from time import sleep

from plangate.infrastructure.bootstrap import connect
from tests.reliability.conftest import say as say  # noqa: PLC0414  (a fixture of this test too)
from tests.support.reliability.crowd import crowd
from tests.support.reliability.view_workers import follow, keep_views, rebuild_views, work_at_random
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long
from tests.support.views.from_scratch import same_views

AT_LEAST = 40
"""Events that are written before anybody is killed."""

LONGEST_LIFE = 0.5
"""Seconds after that within which all are killed."""


@short_and_long("kills", 8, 100)
def test_views_survive_killed_processes(tmp_path: Path, say: Say, kills: int) -> None:
    _survive(str(tmp_path / "plans.db"), say, kills)


@short_and_long("kills", 4, 100)
def test_views_in_postgresql_survive_killed_processes(
    postgres: PostgresServer, say: Say, kills: int
) -> None:
    _survive(postgres.url, say, kills)


def _survive(database: str, say: Say, kills: int) -> None:
    rng, killed, rounds, events = Random(4), 0, 0, 0
    while killed < kills:
        with crowd() as working:
            working.start(work_at_random, database, f"r{rounds}-", rounds)
            working.start(keep_views, database, rng.choice([3, 50]))
            working.start(rebuild_views, database, rng.choice([3, 50]))
            working.start(follow, database)
            _wait_for(database, events + AT_LEAST)
            # No pipe could stand for this sleep: the moment is to be any moment.
            sleep(rng.uniform(0, LONGEST_LIFE))
            killed += working.kill()
        rounds += 1
        with connect(database) as registry:
            same_views(registry)
            events = registry.history.last_position()
    with connect(database) as registry:
        registry.views.rebuild()
        same_views(registry)
    say(
        f"kill -9 of everybody who keeps views, {database[:6]}",
        kills=killed,
        rounds=rounds,
        events=events,
    )


def _wait_for(database: str, events: int) -> None:
    with connect(database) as registry:
        while registry.history.last_position() < events:
            sleep(0.01)
