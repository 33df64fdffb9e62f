"""Many writers on the same plans of one file: nothing is lost, doubled or handed out twice."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import pytest

from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.acks import AckLog, Promises
from tests.support.reliability.audit import audit
from tests.support.reliability.crowd import PROCESSES, crowd
from tests.support.reliability.errands import creating
from tests.support.reliability.workers import (
    claim_all,
    claim_on,
    open_all_at_once,
    run_errands,
    work_through,
)
from tests.support.soak import Say, short_and_long

PLANS = ["shared-0", "shared-1"]
THREADS = 8
WRITERS = 4


@short_and_long("number", 60, 2_500)
def test_threads_sharing_a_registry_lose_and_double_nothing(
    tmp_path: Path, say: Say, number: int
) -> None:
    database = tmp_path / "plans.db"
    logs = [tmp_path / f"{n}.acks" for n in range(THREADS)]
    with connect(database) as registry, ThreadPoolExecutor(THREADS) as threads:
        work = [
            threads.submit(work_through, registry, AckLog(log), PLANS, seed, number)
            for seed, log in enumerate(logs)
        ]
        for thread in work:
            thread.result()

    _nothing_is_amiss(say, "threads on one registry", database, logs, number * THREADS)


@short_and_long("number", 80, 5_000)
def test_processes_writing_to_the_same_plans_lose_and_double_nothing(
    tmp_path: Path, say: Say, number: int
) -> None:
    database = tmp_path / "plans.db"
    logs = [tmp_path / f"{n}.acks" for n in range(WRITERS)]
    with crowd() as writers:
        for seed, log in enumerate(logs):
            writers.start(run_errands, database, log, PLANS, seed, number)
        writers.finish()

    _nothing_is_amiss(say, "processes on one file", database, logs, number * WRITERS)


@short_and_long("number", 25, 1_000)
def test_a_new_file_can_be_opened_by_all_at_the_same_moment(tmp_path: Path, number: int) -> None:
    databases = [tmp_path / f"{n}.db" for n in range(number)]
    logs = [tmp_path / f"{n}.acks" for n in range(WRITERS)]
    all_here = PROCESSES.Barrier(WRITERS)
    with crowd() as writers:
        for log in logs:
            writers.start(open_all_at_once, databases, log, log.stem, all_here)
        writers.finish()

    for database in databases:
        with connect(database) as registry:
            assert len(registry.list_plans().plans) == WRITERS


@pytest.mark.parametrize("processes", [False, True], ids=["threads", "processes"])
@short_and_long("claimers", 16, 64)
def test_no_task_is_handed_out_twice_and_none_is_missed(
    tmp_path: Path, say: Say, claimers: int, *, processes: bool
) -> None:
    tasks = 5 * claimers
    database = tmp_path / "plans.db"
    setup, *logs = [tmp_path / f"{n}.acks" for n in range(claimers + 1)]
    with connect(database) as registry:
        AckLog(setup).handle(creating("queue", tasks), registry)
    claim = _claimed_by_processes if processes else _claimed_by_threads
    seconds = claim(database, logs)

    promises = Promises.in_logs([setup, *logs])
    handed_out = [answer for answer in promises.kept.values() if isinstance(answer, str)]
    assert sorted(handed_out) == sorted(f"t{n}" for n in range(tasks))
    findings = audit(database, promises)
    what = f"{claimers} {'processes' if processes else 'threads'} claim {tasks} tasks"
    say(what, findings, seconds=round(seconds, 2))
    assert findings.faults == {}


def _claimed_by_threads(database: Path, logs: list[Path]) -> float:
    with connect(database) as registry, ThreadPoolExecutor(len(logs)) as threads:
        started = perf_counter()
        work = [threads.submit(claim_on, registry, AckLog(log), "queue", log.stem) for log in logs]
        for thread in work:
            thread.result()
        return perf_counter() - started


def _claimed_by_processes(database: Path, logs: list[Path]) -> float:
    all_here = PROCESSES.Barrier(len(logs) + 1)
    with crowd() as workers:
        for log in logs:
            workers.start(claim_all, database, log, "queue", log.stem, all_here)
        all_here.wait()
        started = perf_counter()
        workers.finish()
        return perf_counter() - started


def _nothing_is_amiss(say: Say, what: str, database: Path, logs: list[Path], errands: int) -> None:
    promises = Promises.in_logs(logs)
    findings = audit(database, promises)
    say(what, findings)
    assert findings.faults == {}
    assert len(promises.kept) == errands + len(PLANS)
