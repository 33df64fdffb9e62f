"""What the processes do that work on one store side by side."""

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random

from plangate.application.bundles import importer as bundle_import
from plangate.application.recorded_event import StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.app import main
from tests.support.reliability.acks import AckLog
from tests.support.reliability.errands import claiming, creating, errands

TASKS = 12
"""Tasks of every plan that the workers write to."""


def run_errands(
    database: Path, log: Path, plan_ids: list[str], seed: int, number: int | None
) -> None:
    """Register the plans unless they exist, then run errands on them: so many, or until killed."""
    acks = AckLog(log)
    with connect(database) as registry:
        work_through(registry, acks, plan_ids, seed, number)
    acks.close()


def run_errands_in_threads(database: Path, log: Path, plan_ids: list[str], seeds: range) -> None:
    """As `run_errands`, until killed, in a thread for each seed: on one registry."""

    def work(registry: PlanRegistry, seed: int) -> None:
        acks = AckLog(log.with_name(f"{log.stem}-{seed}.acks"))
        work_through(registry, acks, [f"{plan_ids[0]}-{seed}", *plan_ids], seed, None)

    with connect(database) as registry, ThreadPoolExecutor(len(seeds)) as pool:
        for working in [pool.submit(work, registry, seed) for seed in seeds]:
            working.result()


def work_through(
    registry: PlanRegistry, acks: AckLog, plan_ids: list[str], seed: int, number: int | None
) -> None:
    """Run errands on a registry that may be shared with others."""
    for plan_id in plan_ids:
        acks.handle(creating(plan_id, TASKS), registry)
    for done, errand in enumerate(errands(Random(seed), plan_ids, TASKS, f"w{seed}")):
        if done == number:
            return
        acks.handle(errand, registry)


def open_all_at_once(databases: list[Path], log: Path, author: str, all_here: Barrier) -> None:
    """Open each of the files at the moment when the others do, and register a plan in it."""
    acks = AckLog(log)
    for database in databases:
        all_here.wait()
        with connect(database) as registry:
            acks.handle(creating(f"{database.stem}-{author}", 1, author), registry)
    acks.close()


def claim_all(database: Path, log: Path, plan_id: str, author: str, all_here: Barrier) -> None:
    """Take tasks until none is pending."""
    acks = AckLog(log)
    with connect(database) as registry:
        registry.get_status(plan_id)
        all_here.wait()
        claim_on(registry, acks, plan_id, author)
    acks.close()


def claim_on(registry: PlanRegistry, acks: AckLog, plan_id: str, author: str) -> None:
    """Take tasks on a registry that may be shared with others, until none is pending."""
    taken = 0
    while acks.handle(claiming(plan_id, f"{author}.{taken}"), registry) is not None:
        taken += 1


def take_with_keys(
    target: str, keys: Sequence[str], answers: Path, threads: int, all_here: Barrier
) -> None:
    """Take a task of any plan under each key, in several threads at once."""
    with connect(target) as registry, ThreadPoolExecutor(threads) as pool, answers.open("w") as log:
        registry.list_plans()
        all_here.wait()

        def take(_thread: int) -> list[str]:
            return [_taken(registry, key) for key in keys]

        for lines in pool.map(take, range(threads)):
            log.writelines(lines)


def _taken(registry: PlanRegistry, key: str) -> str:
    task = registry.next_task(worker="w", idempotency_key=key)
    return f"{key} {task and task.plan_id}\n"


def apply_trace(
    database: Path, trace: Path, report: Path, results: Connection, options: list[str]
) -> None:
    """`plangate apply`, with its report in a file and its progress in a pipe."""
    with report.open("w") as sys.stdout, open(results.fileno(), "w", closefd=False) as sys.stderr:
        sys.argv = ["plangate", "--db", str(database), *options, "apply", str(trace)]
        main()


def import_in_stretches(database: Path, file: Path, results: Connection, events: int) -> None:
    """Import a bundle, so many events at a time, and close the pipe before the first."""
    bundle_import.BATCH_EVENTS = events  # type: ignore[misc]
    with connect(database) as registry:
        append = registry._store.append_stored

        def signalling(entries: Sequence[StoredEntry]) -> None:
            if not results.closed:
                results.close()
            append(entries)

        registry._store.append_stored = signalling  # type: ignore[method-assign]
        registry.bundles.import_bundle(file)


def peak_of_export(database: Path, file: Path, results: Connection) -> None:
    """Export a store, and report by how many MiB this process grew for it."""
    with connect(database) as registry:
        before = _peak()
        report = registry.bundles.export(file)
        results.send({"grown": _peak() - before, "content": report.content_sha256})


def peak_of_import(database: Path, file: Path, results: Connection) -> None:
    """Import a bundle, and report by how many MiB this process grew for it."""
    with connect(database) as registry:
        before = _peak()
        report = registry.bundles.import_bundle(file)
        results.send({"grown": _peak() - before, "content": report.content_sha256})


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def follow(database: Path, notebook: Path) -> None:
    """Follow the log until killed, and keep a tally of it."""
    with connect(database) as registry:
        while True:
            if not catch_up(registry, notebook):
                time.sleep(0.005)


def catch_up(registry: PlanRegistry, notebook: Path) -> int:
    """Read on from the position in the notebook, one page. How many events were new.

    Tally and position are replaced in one step, so a kill leaves the old page or
    the new one.
    """
    tally, position = read_tally(notebook)
    page = registry.history.events(after=position, limit=200)
    for recorded in page:
        envelope = recorded.envelope
        assert envelope.position is not None
        assert envelope.position > position
        position = envelope.position
        tally[envelope.plan_id] += 1
    if page:
        fresh = notebook.with_suffix(".new")
        fresh.write_text(json.dumps([tally, position]), "utf-8")
        fresh.replace(notebook)
    return len(page)


def read_tally(notebook: Path) -> tuple[Counter[str], int]:
    """How many events of each plan were seen, and up to which position."""
    if not notebook.exists():
        return Counter(), 0
    tally, position = json.loads(notebook.read_text("utf-8"))
    return Counter(tally), position
