"""Rows on a process as a whole: how long it takes to start, and the memory of a warm plan."""

import atexit
import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import plangate
from benchmarks.logs import copy_plan, score_next, tasks
from benchmarks.measuring import MICROSECONDS, Bench, Case, Contender, measure
from benchmarks.peers import JsonPlan, LibraryPlans
from benchmarks.results import Role, Row
from benchmarks.rows.commands import JSON, LIBRARY
from benchmarks.workers import environment

_PARTS: Final = """
import eventsourcing.persistence, msgspec, rich.console, rpds, sqlite3, typer, typer.main
from pydantic import BaseModel
class Model(BaseModel):
    number: int
"""


def start_up(bench: Bench, *words: str) -> Row:
    """A whole command from a shell: its words, or `gate`."""
    words = words or ("gate", "plan")
    path = _store(bench)
    command = ["-m", "plangate", "--db", str(path), *words]

    def release() -> None:
        with plangate.connect(path) as registry:
            for task in registry.get_status("plan").tasks:
                if task.claim:
                    registry.mark_task("plan", task.id, "pending")

    ours = Contender("plangate", Role.PLANGATE, _process(command), release)
    name = "start-up" if words[0] == "gate" else f"start-up-{words[0].lstrip('-')}"
    return _beside_imports(bench, name, f"`plangate {words[0]}` from a shell", ours)


def completion(bench: Bench) -> Row:
    """What the shell waits for at TAB behind `plangate gate`."""
    line = {
        "_PLANGATE_COMPLETE": "complete_bash",
        "COMP_WORDS": "plangate gate ",
        "COMP_CWORD": "2",
        "PLANGATE_DB": str(_store(bench)),
    }
    ours = Contender("plangate", Role.PLANGATE, _process(["-m", "plangate"], line))
    return _beside_imports(bench, "start-up-tab", "TAB behind `plangate gate`", ours)


def _store(bench: Bench) -> Path:
    path = bench.folder / "plans.db"
    with plangate.connect(path) as registry:
        registry.create("Move billing", tasks(20), plan_id="plan")
        registry.score_output("plan", "t0", 0.9)
    return path


def _beside_imports(bench: Bench, name: str, title: str, ours: Contender) -> Row:
    imports = ["-c", "import pydantic, eventsourcing.persistence"]
    parts = ["-c", _PARTS]
    return Row(
        name=name,
        title=title,
        operation="process",
        size="plans",
        notes=(
            "Target: at most twice the time of `python -c 'import pydantic, "
            "eventsourcing.persistence'`, so imports / plangate is at least 0.5.",
            "*its parts*: what any command line of these libraries imports, and one model.",
            "The bytecode of all modules is there already, as after an installation.",
        ),
        measurements=measure(
            bench,
            [
                Case(
                    1,
                    [
                        ours,
                        Contender("imports", Role.ALTERNATIVE, _process(imports), target="≥ 0.5"),
                        Contender("its parts", Role.ALTERNATIVE, _process(parts)),
                        Contender("bare Python", Role.LIMIT, _process(["-c", "pass"])),
                    ],
                )
            ],
            bench.scale.starts,
        ),
    )


@cache
def _bytecode() -> str:
    """A folder for the bytecode of all modules, which the rows of one run share."""
    folder = TemporaryDirectory(prefix="plangate-bench-bytecode-")
    atexit.register(folder.cleanup)
    return folder.name


def _process(
    arguments: Sequence[str], given: Mapping[str, str] | None = None
) -> Callable[[], float]:
    variables = environment() | {"PYTHONPYCACHEPREFIX": _bytecode()}
    variables |= given or {}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)

    def run() -> float:
        started = perf_counter()
        subprocess.run(  # noqa: S603  (our own program)
            [sys.executable, *arguments], env=variables, stdout=subprocess.DEVNULL, check=True
        )
        return (perf_counter() - started) * MICROSECONDS

    return run


def memory(bench: Bench) -> Row:
    """The memory of a plan of 20 tasks with 40 scores, once it is remembered."""
    number, path = bench.scale.warm_plans, bench.folder / "plans.db"
    with plangate.connect(path) as registry:
        registry.create("Move billing", tasks(20), plan_id="work-0")
        for turn in range(40):
            score_next(registry, "work-0", 20, turn)
    names = [f"plan-{n}" for n in range(number)]
    copy_plan(path, "work-0", names)
    library = bench.closing(LibraryPlans.in_file(bench.folder / "library.db"))
    aggregate, json = library.write_history(20, 90), JsonPlan(bench.folder / "plan.json", 20)

    def ours() -> float:
        with plangate.connect(path) as registry:
            registry.get_status("work-0")
            return _allocated(lambda name: registry.get_status(name).version, names)

    case = Case(
        20,
        [
            Contender("plangate", Role.PLANGATE, ours),
            Contender(
                LIBRARY,
                Role.ALTERNATIVE,
                lambda: _allocated(lambda _: library.read(aggregate), names),
            ),
            Contender(JSON, Role.LIMIT, lambda: _allocated(lambda _: json.read(), names)),
        ],
    )
    return Row(
        name="memory",
        title="memory of a warm plan",
        operation="plan",
        cost="bytes",
        size="tasks",
        notes=(
            f"What tracemalloc counts, shared out over {number:,} plans of 40 scores. plangate "
            "remembers at most 1,000 plans; of the others one object a plan is held in a list.",
        ),
        measurements=measure(bench, [case], bench.scale.long_rounds),
    )


def _allocated(read: Callable[[str], object], names: Sequence[str]) -> float:
    """The bytes that are held for each plan once all were read."""
    read(names[0])
    gc.collect()
    tracemalloc.start()
    try:
        held = [read(name) for name in names]
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / len(held)
    finally:
        tracemalloc.stop()
