"""Writers and a reader are killed at random moments; every acknowledged command is complete."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from signal import SIGKILL
from time import perf_counter, sleep

from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.acks import AckLog, Promises, wait_for_promises
from tests.support.reliability.audit import audit
from tests.support.reliability.crowd import Crowd, crowd
from tests.support.reliability.workers import (
    catch_up,
    follow,
    read_tally,
    run_errands,
    run_errands_in_threads,
)
from tests.support.soak import Say, short_and_long

WRITERS = 4
THREADS = 8
LONGEST_LIFE = 0.6
"""Seconds within which the first of a crowd are killed."""


@short_and_long("kills", 12, 1_000)
def test_no_kill_loses_doubles_or_halves_a_command(tmp_path: Path, say: Say, kills: int) -> None:
    database, notebook = tmp_path / "plans.db", tmp_path / "tally.json"
    rng, killed, rounds, started = Random(1), 0, 0, perf_counter()
    while killed < kills:
        with crowd() as working:
            _set_to_work(working, database, notebook, rounds)
            if rounds % 4:  # the others may be killed before they got anywhere
                wait_for_promises(tmp_path, f"{rounds}-*.acks", 2 * (WRITERS + 1))
            killed += _kill_at_random(working, rng)
            assert {process.exitcode for process in working.members} == {-SIGKILL}
        rounds += 1

    promises = Promises.in_logs(tmp_path.glob("*.acks"))
    open_errands = promises.open
    _send_again(database, tmp_path / "again.acks", promises)
    findings = audit(database, Promises.in_logs(tmp_path.glob("*.acks")))
    say(
        "kill -9 of writers and a reader",
        findings,
        kills=killed,
        rounds=rounds,
        sent_again=len(open_errands),
        seconds=round(perf_counter() - started, 1),
    )
    assert findings.faults == {}
    assert findings.acknowledged > kills
    assert _tally_after_the_rest(database, notebook) == _recount(database)


@short_and_long("kills", 6, 300)
def test_no_kill_loses_doubles_or_halves_what_threads_commit_together(
    tmp_path: Path, say: Say, kills: int
) -> None:
    database, rng, killed = tmp_path / "plans.db", Random(2), 0
    while killed < kills:
        with crowd() as working:
            for process in range(2):
                log = tmp_path / f"{killed}-{process}.acks"
                first = (killed + process) * THREADS
                seeds = range(first, first + THREADS)
                working.start(run_errands_in_threads, database, log, [f"t{killed}"], seeds)
            wait_for_promises(tmp_path, f"{killed}-*.acks", THREADS)
            killed += _kill_at_random(working, rng)
            assert {process.exitcode for process in working.members} == {-SIGKILL}

    promises = Promises.in_logs(tmp_path.glob("*.acks"))
    _send_again(database, tmp_path / "again.acks", promises)
    findings = audit(database, Promises.in_logs(tmp_path.glob("*.acks")))
    say("kill -9 of threads", findings, kills=killed, sent_again=len(promises.open))
    assert findings.faults == {}
    assert findings.acknowledged > kills


def _set_to_work(working: Crowd, database: Path, notebook: Path, number: int) -> None:
    """Four writers on the plans of this round, and a reader that knows only the file."""
    plans = [f"r{number}-{n}" for n in range(2)]
    for writer in range(WRITERS):
        log = database.with_name(f"{number}-{writer}.acks")
        working.start(run_errands, database, log, plans, number * WRITERS + writer, None)
    working.start(follow, database, notebook)


def _kill_at_random(working: Crowd, rng: Random) -> int:
    """Kill all at once, or two and a little later the others. How many were killed."""
    # A pipe cannot replace these sleeps: the moment has to be arbitrary.
    sleep(rng.uniform(0, LONGEST_LIFE))
    if rng.random() < 0.5:
        return working.kill()
    killed = working.kill(*rng.sample(working.members, 2))
    sleep(rng.uniform(0, LONGEST_LIFE / 2))
    return killed + working.kill()


def _send_again(database: Path, log: Path, promises: Promises) -> None:
    """Send the unanswered commands again, as a caller would."""
    acks = AckLog(log)
    with connect(database) as registry:
        for errand in promises.open:
            acks.handle(errand, registry)
    acks.close()


def _tally_after_the_rest(database: Path, notebook: Path) -> dict[str, int]:
    """The tally of the reader that was killed so often, once it has read to the end."""
    with connect(database) as registry:
        while catch_up(registry, notebook):
            pass
    return read_tally(notebook)[0]


def _recount(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as connection:
        return dict(
            connection.execute(
                "SELECT originator_id, count(*) FROM stored_events GROUP BY originator_id"
            )
        )
