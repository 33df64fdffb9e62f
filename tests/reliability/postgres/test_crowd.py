"""Many processes write to one PostgreSQL, and one reader misses nothing."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import perf_counter

from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.acks import AckLog, Promises
from tests.support.reliability.crowd import PROCESSES, crowd
from tests.support.reliability.errands import creating
from tests.support.reliability.postgres import (
    audit_postgres,
    led_to_the_end,
    missed_or_disordered,
    tail,
)
from tests.support.reliability.workers import claim_all, run_errands
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long
from tests.support.views.from_scratch import same_views

WRITERS = 8


@short_and_long("number", 40, 10_000)
def test_a_reader_beside_eight_writers_sees_every_event_once_and_in_order(
    postgres: PostgresServer, tmp_path: Path, say: Say, number: int
) -> None:
    logs = [tmp_path / f"{n}.acks" for n in range(WRITERS)]
    done, started = Event(), perf_counter()
    with connect(postgres.url) as registry, ThreadPoolExecutor(1) as thread:
        registry.views.follow()
        reading = thread.submit(tail, registry, done)
        try:
            with crowd() as writers:
                for seed, log in enumerate(logs):
                    plans = ["shared-0", "shared-1", f"own-{seed}"]
                    writers.start(run_errands, postgres.url, log, plans, seed, number)
                for writer in writers.members:
                    writer.join()
                    assert writer.exitcode == 0
        finally:
            done.set()
        seen = reading.result()
        led_to_the_end(registry)
        same_views(registry)

    findings = audit_postgres(postgres.url, Promises.in_logs(logs))
    seconds = round(perf_counter() - started, 1)
    say("a reader beside eight writers", findings, seen=len(seen), seconds=seconds)
    assert findings.faults == {}
    assert len(seen) == findings.events
    assert missed_or_disordered(seen) == []


@short_and_long("claimers", 10, 64)
def test_many_processes_take_each_task_once(
    postgres: PostgresServer, tmp_path: Path, say: Say, claimers: int
) -> None:
    tasks = 8 * claimers
    setup, *logs = [tmp_path / f"{n}.acks" for n in range(claimers + 1)]
    with connect(postgres.url) as registry:
        AckLog(setup).handle(creating("queue", tasks), registry)
    all_here = PROCESSES.Barrier(claimers + 1)
    with crowd() as workers:
        for log in logs:
            workers.start(claim_all, postgres.url, log, "queue", log.stem, all_here)
        all_here.wait()
        started = perf_counter()
        workers.finish()
        seconds = perf_counter() - started

    promises = Promises.in_logs([setup, *logs])
    handed_out = [answer for answer in promises.kept.values() if isinstance(answer, str)]
    assert sorted(handed_out) == sorted(f"t{n}" for n in range(tasks))
    findings = audit_postgres(postgres.url, promises)
    what = f"{claimers} processes claim {tasks} tasks on PostgreSQL"
    say(what, findings, seconds=round(seconds, 2))
    assert findings.faults == {}
