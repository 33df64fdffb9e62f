"""How fast recorded decisions are checked, and how much memory that takes.

    python benchmarks/check.py [--events 100000 1000000]

For each size a SQLite file is written with real decisions on plans of twelve tasks,
a hundred of them worked on side by side: claimed with leases, scored, retried.
Then a process of its own checks the whole file and prints its rate and the most memory
it ever held, beside what it held once the store was open. Its exit code is 1 if
anything does not match.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from time import perf_counter

import plangate
from plangate.application.recorded_event import Envelope, RecordedEvent
from plangate.domain.commands import (
    ClaimNextTask,
    CreatePlan,
    NewTask,
    PlanCommand,
    RetryTask,
    UpdateScores,
)
from plangate.domain.decisions import decide
from plangate.domain.event_ids import event_id
from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from plangate.domain.policy import Policy
from plangate.domain.vocabulary import Scorer, ScorerKind, TaskStatus
from plangate.infrastructure.sqlite.events import events_in
from plangate.infrastructure.sqlite.file import SqliteFile

TASKS = 12
AT_WORK = 100
JUDGE = Scorer(kind=ScorerKind.MODEL, name="judge", version="3")


def main() -> None:
    """Write and check a file of each size."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--events", type=int, nargs="+", default=[100_000, 1_000_000])
    arguments.add_argument("--check", metavar="FILE", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.check:
        check(chosen.check)
        return
    for events in chosen.events:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "plans.db"
            write_log(path, events)
            subprocess.run([sys.executable, __file__, "--check", str(path)], check=True)  # noqa: S603


def check(path: str) -> None:
    """Check a file, and print time and memory."""
    with plangate.connect(path) as registry:
        opened = most_memory()
        started = perf_counter()
        report = registry.replay.check()
        took = perf_counter() - started
    print(
        f"{report.events:,} events of {report.plans:,} plans, {report.commands:,} commands: "
        f"{took:.1f} s, {report.events / took:,.0f} events/s; "
        f"memory {opened:.0f} MiB at first, {most_memory():.0f} MiB at most; "
        f"{report.mismatch_count} mismatches"
    )
    sys.exit(bool(report.mismatch_count))


def most_memory() -> float:
    """The most memory this process ever held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write_log(path: Path, events: int) -> None:
    """At least so many events of plans that are worked on side by side."""
    store = events_in(SqliteFile(path, {"synchronous": "OFF"}))
    names = (f"plan-{number}" for number in count())
    at_work = [work(next(names)) for _ in range(AT_WORK)]
    written = place = 0
    while written < events:
        command = next(at_work[place], None)
        if command is None:
            at_work[place] = work(next(names))
            continue
        store.append(command)
        written += len(command)
        place = (place + 1) % AT_WORK
    store.close()


def work(plan_id: str) -> Iterator[list[RecordedEvent]]:
    """The commands of one plan as they are recorded."""
    chance = random.Random(plan_id)  # noqa: S311  (the same at every run)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    plan = Plan(plan_id)
    while (command := next_command(plan, chance)) is not None:
        now += timedelta(seconds=chance.randint(1, 90))
        events = decide(plan, command, now)
        first = event_id(plan_id, plan.version + 1)
        yield [
            RecordedEvent(
                event,
                Envelope(
                    plan_id=plan_id,
                    version=version,
                    recorded_at=now,
                    causation_id=None if event is events[0] else first,
                ),
            )
            for version, event in enumerate(events, start=plan.version + 1)
        ]
        plan = fold(plan, events)


def next_command(plan: Plan, chance: random.Random) -> PlanCommand | None:
    """Create a plan, claim and score its tasks, and retry those that fail."""
    if not plan.version:
        return CreatePlan(
            goal="Move billing to the new ledger",
            tasks=tuple(NewTask(id=f"t{n}", title=f"Task {n}") for n in range(TASKS)),
            policy=Policy(confidence_threshold=chance.choice([0.5, 0.6, 0.72])),
        )
    for task in plan:
        if task.status is TaskStatus.PENDING:
            return ClaimNextTask(worker="agent-7", lease=60.0, task_id=task.id)
        if task.status is TaskStatus.IN_PROGRESS:
            return UpdateScores(
                task_id=task.id,
                prompt_score=chance.random(),
                output_score=chance.betavariate(4, 2),
                scorer=JUDGE,
                rationale="Every region matches the old report.",
            )
        if task.status is not TaskStatus.DONE and task.attempt == 1:
            return RetryTask(task_id=task.id, reason="The rates are now named.")
    return None


if __name__ == "__main__":
    main()
