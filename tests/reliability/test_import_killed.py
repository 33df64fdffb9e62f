"""`import` is killed at random moments and run again, until the whole bundle is in."""

import random
from pathlib import Path
from signal import SIGKILL
from time import perf_counter, sleep

from plangate.infrastructure.bootstrap import connect
from tests.support.bundles import exported, exported_with_report, imported, log_of
from tests.support.model.random_work import RandomWork
from tests.support.reliability.crowd import PATIENCE, PROCESSES, crowd
from tests.support.reliability.workers import import_in_stretches
from tests.support.soak import Say, short_and_long

COMMANDS = 600
STRETCH = 10
WHILE_IT_RECORDS = 0.06
"""Seconds within which an import is killed, from the moment when it begins to record."""


@short_and_long("kills", 2, 200)
def test_an_import_killed_at_random_moments_ends_as_if_it_had_never_been(
    tmp_path: Path, say: Say, kills: int
) -> None:
    file, chance, started = tmp_path / "plans.bundle", random.Random(8), perf_counter()
    with connect("memory:") as source, connect(tmp_path / "undisturbed.db") as undisturbed:
        RandomWork(source, chance).go_on(COMMANDS)
        digest = exported_with_report(source)[1].content_sha256
        file.write_bytes(exported(source))
        imported(undisturbed, file.read_bytes())
        whole = log_of(undisturbed)
    killed = in_the_middle = finished = 0
    while killed < kills:
        finished += 1
        database = tmp_path / f"{finished}.db"
        for _ in range(4):
            killed += _imported(database, file, chance.uniform(0, WHILE_IT_RECORDS)) == -SIGKILL
            with connect(database) as registry:
                log = log_of(registry)
            assert log == whole[: len(log)]
            in_the_middle += 0 < len(log) < len(whole)
        assert _imported(database, file, None) == 0
        with connect(database) as registry:
            assert log_of(registry) == whole
            assert exported_with_report(registry)[1].content_sha256 == digest
    assert in_the_middle > 0
    say(
        "kill -9 of an import",
        kills=killed,
        in_the_middle=in_the_middle,
        imports_finished=finished,
        events=len(whole),
        seconds=round(perf_counter() - started, 1),
    )


def _imported(database: Path, file: Path, until_killed: float | None) -> int | None:
    """How an import ended: by itself, or killed so many seconds after it began to record."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    with crowd() as processes, ours:
        process = processes.start(import_in_stretches, database, file, theirs, STRETCH)
        theirs.close()
        if until_killed is not None:
            ours.poll(PATIENCE)  # it closes its end
            sleep(until_killed)
            processes.kill(process)
        process.join(PATIENCE)
        return process.exitcode
