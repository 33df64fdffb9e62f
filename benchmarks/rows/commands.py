"""Rows on durable commands, on SQLite."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import plangate
from benchmarks.eventsource_peer import NAME, AsyncPlans
from benchmarks.logs import score_next, tasks
from benchmarks.measuring import Bench, Case, Contender, measure, per_operation, timed
from benchmarks.peers import JsonPlan, LibraryPlans
from benchmarks.raw import Command, RawLog, Recorded, written_again
from benchmarks.results import Role, Row

_MANY = 16
"""The number of threads that has a target."""
RAW, LIBRARY, JSON = "raw sqlite3", "eventsourcing", "JSON file"
FRESH_PLAN = "The libraries work on a new plan in every round, so that their replay stays short."


def score(bench: Bench) -> Row:
    """A scored output, with one client, by the number of tasks."""

    def command_on(registry: plangate.PlanRegistry, size: int) -> Callable[[], object]:
        registry.create("Move billing", tasks(size), plan_id="plan")
        turns = count()
        return lambda: score_next(registry, "plan", size, next(turns))

    cases = [_case(bench, size, command_on, target="≥ 0.55") for size in bench.scale.tasks]
    return Row(
        name="score",
        title="durable `score_output`, one client",
        operation="command",
        size="tasks",
        notes=(FRESH_PLAN,),
        measurements=measure(bench, cases, bench.scale.rounds, growth="≤ 1.15"),
    )


def next_task(bench: Bench) -> Row:
    """A task taken and given back, by the number of tasks: two commands."""

    def commands_on(registry: plangate.PlanRegistry, size: int) -> Callable[[], object]:
        registry.create("Move billing", tasks(size), plan_id="plan")

        def take_and_release() -> None:
            task = registry.next_task("plan", worker="agent-7", lease=60.0)
            assert task is not None  # noqa: S101  (all are pending)
            registry.release("plan", task.id)

        return take_and_release

    cases = [_case(bench, size, commands_on, commands=2) for size in bench.scale.tasks]
    return Row(
        name="next-task",
        title="`next_task` and `release`, one client",
        operation="pair of commands",
        size="tasks",
        notes=(FRESH_PLAN, "Target: at most 1,000 µs at 10,000 tasks."),
        measurements=measure(bench, cases, bench.scale.rounds, growth=None),
    )


def _case(
    bench: Bench,
    size: int,
    operation_on: Callable[[plangate.PlanRegistry, int], Callable[[], object]],
    *,
    commands: int = 1,
    target: str | None = None,
) -> Case:
    """plangate, and the three others with the commands that it recorded in the same round."""
    folder = bench.folder
    registry = bench.closing(plangate.connect(folder / f"{size}.db"))
    operation = operation_on(registry, size)
    recorded = Recorded(folder / f"{size}.db")
    raw = bench.closing(RawLog(folder / f"{size}-raw.db"))
    library, json = (
        bench.closing(LibraryPlans.in_file(folder / f"{size}-library.db")),
        JsonPlan(folder / f"{size}.json", size),
    )
    plan = [library.create(size)]
    at_most, seconds = bench.scale.commands, bench.scale.seconds

    def prepare_library() -> None:
        plan[0] = library.create(size)

    def library_run() -> float:
        given = recorded.latest[: max(commands, bench.scale.commands // 4)]
        return timed(lambda: library.write(plan[0], given), len(given) // commands)

    def json_change() -> None:
        for _ in range(commands):
            json.change()

    return Case(
        size,
        [
            Contender(
                "plangate",
                Role.PLANGATE,
                lambda: per_operation(operation, at_most, seconds),
                rows=recorded.count,
            ),
            Contender(
                RAW,
                Role.LIMIT,
                lambda: written_again(recorded, raw, commands),
                recorded.look,
                lambda: raw.written,
                target,
            ),
            Contender(
                LIBRARY, Role.ALTERNATIVE, library_run, prepare_library, lambda: library.written
            ),
            Contender(JSON, Role.ALTERNATIVE, lambda: per_operation(json_change, at_most, seconds)),
            _by_eventsource_py(bench, size, commands, recorded),
        ],
    )


def _by_eventsource_py(bench: Bench, size: int, commands: int, recorded: Recorded) -> Contender:
    plans = bench.closing(AsyncPlans(bench.folder / f"{size}-eventsource-py.db"))
    plan = [plans.create(size)]

    def prepare() -> None:
        plan[0] = plans.create(size)

    def run() -> float:
        given = recorded.latest[: max(commands, bench.scale.commands // 4)]
        return timed(lambda: plans.write(plan[0], given), len(given) // commands)

    return Contender(NAME, Role.ALTERNATIVE, run, prepare, lambda: plans.written)


def threads(bench: Bench) -> Row:
    """Scored outputs by threads that share one registry, against raw with one client."""
    cases = [_threaded(bench, number) for number in bench.scale.threads]
    return Row(
        name="threads",
        title="durable `score_output`, threads of one registry",
        operation="command",
        size="threads",
        notes=(
            "Each thread has a plan of 20 tasks. raw sqlite3 is one client that writes the same "
            "commands one by one; eventsourcing has as many threads.",
        ),
        measurements=measure(bench, cases, bench.scale.rounds),
    )


def _threaded(bench: Bench, number: int) -> Case:
    path, size = bench.folder / f"{number}.db", 20
    registry = bench.closing(plangate.connect(path))
    names = [f"plan-{n}" for n in range(number)]
    for name in names:
        registry.create("Move billing", tasks(size), plan_id=name)
    recorded, raw = Recorded(path), bench.closing(RawLog(bench.folder / f"{number}-raw.db"))
    library = bench.closing(LibraryPlans.in_file(bench.folder / f"{number}-library.db"))
    turns = {name: count() for name in names}
    share = -(-4 * bench.scale.commands // number)
    pool = ThreadPoolExecutor(number)
    plans = [library.create(size) for _ in names]

    def work(name: str) -> None:
        for _ in range(share):
            score_next(registry, name, size, next(turns[name]))

    def prepare_library() -> None:
        plans[:] = [library.create(size) for _ in names]

    def library_work(number: int) -> None:
        library.write(plans[number], shares[number])

    shares: list[Sequence[Command]] = []

    def library_run() -> float:
        given = recorded.latest[: max(number, bench.scale.commands)]
        shares[:] = [given[n::number] for n in range(number)]
        return timed(lambda: list(pool.map(library_work, range(number))), len(given))

    return Case(
        number,
        [
            Contender(
                "plangate",
                Role.PLANGATE,
                lambda: timed(lambda: list(pool.map(work, names)), share * number),
                rows=recorded.count,
            ),
            Contender(
                RAW,
                Role.LIMIT,
                lambda: written_again(recorded, raw),
                recorded.look,
                lambda: raw.written,
                "≥ 0.75" if number == _MANY else None,
            ),
            Contender(LIBRARY, Role.ALTERNATIVE, library_run, prepare_library),
        ],
    )
