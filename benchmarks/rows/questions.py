"""Rows on questions: the status of a plan, and the next task of all plans."""

import sqlite3
from collections.abc import Callable

import plangate
from benchmarks.logs import score_next, tasks, write_plans
from benchmarks.measuring import Bench, Case, Contender, measure, per_operation
from benchmarks.peers import JsonPlan, LibraryPlans
from benchmarks.raw import RawLog, Recorded, written_again
from benchmarks.results import Role, Row
from benchmarks.rows.commands import JSON, LIBRARY, RAW


def status(bench: Bench) -> Row:
    """The status of a plan that is remembered, by the number of tasks."""
    cases = [_status_case(bench, size) for size in bench.scale.tasks]
    return Row(
        name="status",
        title="`get_status`, warm",
        operation="question",
        size="tasks",
        notes=(
            "Target: at most 20 µs. raw sqlite3 asks for the plan's newest event by its key.",
            "eventsourcing replays the plan's 30 events; the JSON file is read whole.",
        ),
        measurements=measure(bench, cases, bench.scale.rounds, growth="equal"),
    )


def _status_case(bench: Bench, size: int) -> Case:
    path, at_most, seconds = (
        bench.folder / f"{size}.db",
        10 * bench.scale.commands,
        bench.scale.seconds,
    )
    registry = bench.closing(plangate.connect(path))
    registry.create("Move billing", tasks(size), plan_id="plan")
    for turn in range(10):
        score_next(registry, "plan", size, turn)
    connection = bench.closing(sqlite3.connect(path, isolation_level=None))
    library = bench.closing(LibraryPlans.in_file(bench.folder / f"{size}-library.db"))
    plan, json = library.write_history(size, 30), JsonPlan(bench.folder / f"{size}.json", size)
    newest = (
        "SELECT originator_version, topic, state FROM stored_events"
        " WHERE originator_id = 'plan' ORDER BY originator_version DESC LIMIT 1"
    )
    questions: list[tuple[str, Role, Callable[[], object]]] = [
        ("plangate", Role.PLANGATE, lambda: registry.get_status("plan").rolling_confidence),
        (RAW, Role.LIMIT, lambda: connection.execute(newest).fetchone()),
        (LIBRARY, Role.ALTERNATIVE, lambda: library.read(plan)),
        (JSON, Role.ALTERNATIVE, json.read),
    ]
    return Case(size, [_asked(*one, at_most, seconds) for one in questions])


def _asked(
    name: str, role: Role, question: Callable[[], object], at_most: int, seconds: float
) -> Contender:
    return Contender(name, role, lambda: per_operation(question, at_most, seconds))


def next_over_plans(bench: Bench) -> Row:
    """The next task of all plans, by the number of plans."""
    cases = [_plans_case(bench, size) for size in bench.scale.plans]
    return Row(
        name="next-over-plans",
        title="`next_task` over all plans, and `release`",
        operation="pair of commands",
        size="plans",
        notes=("Plans of two tasks. The JSON file holds all plans, and is written twice.",),
        measurements=measure(bench, cases, bench.scale.rounds, growth="≤ 1.5"),
    )


def _plans_case(bench: Bench, size: int) -> Case:
    path = bench.folder / f"{size}.db"
    write_plans(path, size)
    registry = bench.closing(plangate.connect(path))
    registry.views.plans(limit=1)
    recorded, raw = Recorded(path), bench.closing(RawLog(bench.folder / f"{size}-raw.db"))
    json = JsonPlan(bench.folder / f"{size}.json", 2 * size)
    at_most, seconds = bench.scale.commands, bench.scale.seconds

    def take_and_release() -> None:
        task = registry.next_task(worker="agent-7", lease=60.0)
        assert task is not None  # noqa: S101  (all are pending)
        registry.release(task.plan_id, task.id)

    def change_twice() -> None:
        json.change()
        json.change()

    return Case(
        size,
        [
            Contender(
                "plangate",
                Role.PLANGATE,
                lambda: per_operation(take_and_release, at_most, seconds),
                rows=recorded.count,
            ),
            Contender(
                RAW,
                Role.LIMIT,
                lambda: written_again(recorded, raw, 2),
                recorded.look,
                lambda: raw.written,
            ),
            Contender(
                JSON, Role.ALTERNATIVE, lambda: per_operation(change_twice, at_most, seconds)
            ),
        ],
    )
