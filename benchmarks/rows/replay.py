"""Rows on reading: the cold replay of one plan, and what reads the whole log."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import plangate
from benchmarks.eventsource_peer import NAME, AsyncPlans
from benchmarks.logs import write_history, write_log
from benchmarks.measuring import Bench, Case, Contender, measure, timed
from benchmarks.peers import LibraryPlans
from benchmarks.raw import replayed
from benchmarks.results import Role, Row
from benchmarks.rows.commands import LIBRARY, RAW

_EVENTS_A_ROUND = 2_000
"""Short plans are replayed so often that a round has this many events."""
_LONGEST_OF_THE_LIBRARY = 10_000
"""Events of the longest plan that the library replays; its cost an event stays the same."""
_AGAINST = (
    "raw sqlite3 selects and decodes every event with msgspec and keeps the newest score and "
    "status of each task."
)


def replay(bench: Bench) -> Row:
    """The first answer about a plan, by the number of its events."""
    path, sizes = bench.folder / "plans.db", bench.scale.replayed
    copies = {size: max(1, _EVENTS_A_ROUND // size) for size in sizes}
    bench.progress("writing the plans")
    write_history(path, sizes, copies)
    library = bench.closing(LibraryPlans.in_file(bench.folder / "library.db"))
    connection = bench.closing(sqlite3.connect(path))
    targets = dict(zip(sizes, ("≥ 0.35", "≥ 0.45", "≥ 0.55", "≥ 0.65"), strict=False))
    cases = []
    for size in sizes:
        plans = [f"plan-{size}-{copy}" for copy in range(copies[size])]
        contenders = [
            _cold(bench, path, plans, size),
            _raw_replay(connection, plans, size, targets[size]),
        ]
        if size <= _LONGEST_OF_THE_LIBRARY:
            contenders.append(_library_replay(library, size, copies[size], "≥ 5"))
            contenders.append(_by_eventsource_py(bench, size, copies[size]))
        cases.append(Case(size, contenders))
    return Row(
        name="replay",
        title="cold replay of a plan",
        operation="event",
        size="events",
        notes=(_AGAINST,),
        measurements=measure(bench, cases, bench.scale.rounds),
    )


def _cold(bench: Bench, path: Path, plans: Sequence[str], size: int) -> Contender:
    """A registry that knows none of the plans, on a connection that is open."""
    opened: list[plangate.PlanRegistry] = []
    read = [0]

    def close() -> None:
        while opened:
            opened.pop().close()

    def prepare() -> None:
        close()
        opened.append(plangate.connect(path))
        opened[0].history.last_position()  # it also opens the connection

    def work() -> None:
        for plan_id in plans:
            read[0] += opened[0].get_status(plan_id).version

    bench.stack.callback(close)
    return Contender(
        "plangate",
        Role.PLANGATE,
        lambda: timed(work, size * len(plans)),
        prepare,
        lambda: read[0],
    )


def _raw_replay(
    connection: sqlite3.Connection, plans: Sequence[str], size: int, target: str
) -> Contender:
    read = [0]

    def work() -> None:
        for plan_id in plans:
            read[0] += replayed(connection, plan_id).events

    return Contender(
        RAW,
        Role.LIMIT,
        lambda: timed(work, size * len(plans)),
        rows=lambda: read[0],
        target=target,
    )


def _library_replay(
    library: LibraryPlans, size: int, copies: int, target: str | None = None
) -> Contender:
    plan, read = library.write_history(20, size), [0]

    def work() -> None:
        for _ in range(copies):
            read[0] += library.read(plan).version

    return Contender(
        LIBRARY,
        Role.ALTERNATIVE,
        lambda: timed(work, size * copies),
        rows=lambda: read[0],
        target=target,
    )


def _by_eventsource_py(bench: Bench, size: int, copies: int) -> Contender:
    plans = bench.closing(AsyncPlans(bench.folder / f"{size}-eventsource-py.db"))
    plan, read = plans.create(20, size), [0]

    def work() -> None:
        for _ in range(copies):
            read[0] += plans.read(plan)

    return Contender(
        NAME, Role.ALTERNATIVE, lambda: timed(work, size * copies), rows=lambda: read[0]
    )


# --- the whole log ---

_EARLIER = (
    "The target compares with earlier code, which a checkout no longer has; so there is only the "
    "cost of an event, and its ratio to reading it."
)


def what_if(bench: Bench) -> Row:
    """All plans decided again under another policy."""

    def ask(registry: plangate.PlanRegistry) -> None:
        answer = registry.replay.what_if(policy="steady")
        _require(answer.recorded.plans > 0, "no plan was decided again")

    return _over_the_log(bench, "what-if", "`what_if` of all plans", ask)


def check(bench: Bench) -> Row:
    """All recorded decisions made again."""

    def ask(registry: plangate.PlanRegistry) -> None:
        report = registry.replay.check()
        _require(not report.mismatch_count, "a recorded decision does not follow from the rules")

    return _over_the_log(bench, "check", "`check` of all plans", ask)


def findings(bench: Bench) -> Row:
    """All scores reviewed."""

    def ask(registry: plangate.PlanRegistry) -> None:
        _require(registry.evidence.findings().plans > 0, "no plan was reviewed")

    return _over_the_log(bench, "findings", "`findings` of all plans", ask)


def calibrate(bench: Bench) -> Row:
    """All outcomes compared with the confidences before them, and all intervals drawn."""

    def ask(registry: plangate.PlanRegistry) -> None:
        _require(registry.evidence.calibrate().cases > 0, "there was no outcome")

    return _over_the_log(bench, "calibrate", "`calibrate` of all plans", ask, outcomes=True)


def agreement(bench: Bench) -> Row:
    """Each judge compared with itself on the same work, with the gate run under four policies."""

    def ask(registry: plangate.PlanRegistry) -> None:
        _require(registry.evidence.agreement().repeats.kappa.cases > 0, "nothing was compared")

    return _over_the_log(bench, "agreement", "`agreement` of all plans", ask)


def tune(bench: Bench) -> Row:
    """A policy chosen from three by folds: all plans decided under seven policies."""

    def ask(registry: plangate.PlanRegistry) -> None:
        answer = registry.replay.tune(grid={"confidence_threshold": [0.5, 0.6, 0.72]})
        _require(answer.cases > 0, "there was no outcome")

    return _over_the_log(bench, "tune", "`tune` over all plans", ask, outcomes=True)


def ledger(bench: Bench) -> Row:
    """The whole log taken into a ledger and verified."""
    key = bench.folder / "ledger.pem"
    before = os.environ.get("PLANGATE_LEDGER_KEY")
    os.environ["PLANGATE_LEDGER_KEY"] = str(key)

    def restore() -> None:
        del os.environ["PLANGATE_LEDGER_KEY"]
        if before is not None:
            os.environ["PLANGATE_LEDGER_KEY"] = before

    bench.stack.callback(restore)

    def ask(registry: plangate.PlanRegistry) -> None:
        kept = registry.ledger.checkpoint().note
        report = registry.ledger.verify({"kept": kept})
        _require(not report.finding_count, "the ledger found what was never altered")

    def hashed(connection: sqlite3.Connection) -> int:
        """Read, decode and hash every event twice: taken in, and verified."""
        events = 0
        for _ in range(2):
            events = replayed(connection).events
            for _, state in connection.execute("SELECT topic, state FROM stored_events"):
                hashlib.sha256(state.encode()).digest()
        return events

    return _over_the_log(bench, "ledger", "ledger: take in and verify", ask, hashed)


def _over_the_log(
    bench: Bench,
    name: str,
    title: str,
    ask: Callable[[plangate.PlanRegistry], None],
    read: Callable[[sqlite3.Connection], int] = lambda connection: replayed(connection).events,
    *,
    outcomes: bool = False,
) -> Row:
    library = bench.closing(LibraryPlans.in_file(bench.folder / "library.db"))
    cases = []
    for size in bench.scale.logs:
        bench.progress(f"writing a log of {size:,} events")
        path = bench.folder / f"{size}.db"
        events = write_log(path, size, outcomes=outcomes)
        connection = bench.closing(sqlite3.connect(path))
        contenders = [_asked(path, events, ask), _raw_read(connection, events, read)]
        if name != "ledger":
            contenders.append(_library_replay(library, 60, max(1, min(size, 10_000) // 60)))
        cases.append(Case(size, contenders))
    of_ledger = (
        "raw sqlite3 reads, decodes and hashes every event twice. The library has no ledger."
    )
    of_others = "eventsourcing replays plans of 60 events, which is where such a question begins."
    return Row(
        name=name,
        title=title,
        operation="event",
        size="events",
        notes=(of_ledger if name == "ledger" else f"{_AGAINST} {of_others}", _EARLIER),
        measurements=measure(bench, cases, bench.scale.long_rounds),
    )


def _asked(path: Path, events: int, ask: Callable[[plangate.PlanRegistry], None]) -> Contender:
    """A question on a fresh copy of the file, which keeps nothing of the round before."""
    copy, asked = path.with_suffix(".copy"), [0]

    def prepare() -> None:
        for beside in ("-wal", "-shm"):
            Path(f"{copy}{beside}").unlink(missing_ok=True)
        shutil.copyfile(path, copy)

    def run() -> float:
        with plangate.connect(copy) as registry:
            asked[0] += events
            return timed(lambda: ask(registry), events)

    return Contender("plangate", Role.PLANGATE, run, prepare, lambda: asked[0])


def _raw_read(
    connection: sqlite3.Connection, events: int, read: Callable[[sqlite3.Connection], int]
) -> Contender:
    done = [0]

    def work() -> None:
        done[0] += read(connection)

    return Contender(RAW, Role.LIMIT, lambda: timed(work, events), rows=lambda: done[0])


def _require(holds: object, problem: str) -> None:
    if not holds:
        raise RuntimeError(problem)
