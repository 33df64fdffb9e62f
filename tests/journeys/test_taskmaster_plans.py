"""Plans of another tool come in by `plangate import` and are worked to the end by a team.

Each task is handed out once, and never before its dependencies are done, as the log shows.
"""

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from plangate.application.recorded_event import RecordedEvent
from plangate.application.results import PlanStatus
from plangate.domain.events import TaskStatusChanged
from plangate.domain.vocabulary import PlanState, StatusCause, TaskStatus
from plangate.infrastructure.bootstrap import connect
from tests.journeys.team import work_to_the_end
from tests.support.reliability.crowd import crowd

ROOT = Path(__file__).parents[2]
OWN = ROOT / "tests" / "data" / "taskmaster-plans.json"
REAL = ROOT.parent / "shared" / "data" / "taskmaster-tasks.json"
WORKERS = 8

SMALL = {
    "house": {
        "tasks": [
            {"id": 1, "title": "Dig", "status": "done", "dependencies": []},
            {
                "id": 2,
                "title": "Wall",
                "status": "pending",
                "dependencies": [1],
                "priority": "high",
            },
            {"id": 3, "title": "Pool", "status": "cancelled", "dependencies": [1]},
            {"id": 4, "title": "Roof", "status": "in-progress", "dependencies": [2, 3, "2.1", 2]},
            {"id": 5, "title": "Party", "status": "deferred", "dependencies": [4]},
        ]
    },
    "garden": {
        "tasks": [
            {
                "id": "1",
                "title": "Hedge",
                "status": "pending",
                "subtasks": [
                    {"id": 1, "title": "Cut", "status": "pending"},
                    {"id": 2, "title": "Sweep", "status": "pending", "dependencies": [1]},
                ],
            }
        ]
    },
}


def imported(database: Path, file: Path) -> Any:
    """What `plangate import` answers."""
    program = "from plangate.infrastructure.cli.app import main; main()"
    words = ["--db", str(database), "import", str(file), "--format", "taskmaster", "--json"]
    finished = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    return json.loads(finished.stdout)


def given_back(database: Path) -> None:
    """What was in progress or deferred elsewhere goes to the team."""
    with connect(database) as registry:
        for plan in registry.list_plans().plans:
            for task in plan.tasks:
                if task.status is TaskStatus.IN_PROGRESS:
                    registry.mark_task(plan.plan_id, task.id, "pending")
                if task.deferred:
                    registry.undefer_task(plan.plan_id, task.id)


def worked_to_the_end(database: Path) -> float:
    """Let the team loose on a store; how many seconds it took."""
    started = perf_counter()
    with crowd() as team:
        for number in range(WORKERS):
            team.start(work_to_the_end, database, f"worker-{number}")
        team.finish()
    return perf_counter() - started


def whole(database: Path) -> tuple[tuple[PlanStatus, ...], list[RecordedEvent]]:
    """Every plan, and the whole log."""
    with connect(database) as registry:
        log = list(registry.history.events(limit=10_000))
        assert len(log) < 10_000
        return registry.list_plans().plans, log


def assert_handed_out_once_and_in_order(
    plans: tuple[PlanStatus, ...], log: list[RecordedEvent]
) -> None:
    depends_on = {(plan.plan_id, task.id): task.depends_on for plan in plans for task in plan.tasks}
    taken: set[tuple[str, str]] = set()
    done: set[tuple[str, str]] = set()
    came_done: set[tuple[str, str]] = set()
    for recorded in log:
        event, plan_id = recorded.event, recorded.envelope.plan_id
        if not isinstance(event, TaskStatusChanged):
            continue
        task = (plan_id, event.task_id)
        if event.cause is StatusCause.CLAIMED:
            assert task not in taken
            assert {(plan_id, on) for on in depends_on[task]} <= done
            taken.add(task)
        elif event.new is TaskStatus.DONE:
            done.add(task)
            if event.cause is StatusCause.MARKED:
                came_done.add(task)
    assert done == depends_on.keys()
    assert taken == done - came_done
    assert {plan.state for plan in plans} == {PlanState.COMPLETE}


def test_a_small_file_comes_in_and_is_worked_to_the_end(tmp_path: Path) -> None:
    database, file = tmp_path / "plans.db", tmp_path / "tasks.json"
    file.write_text(json.dumps(SMALL), "utf-8")

    first, again = imported(database, file), imported(database, file)

    assert [(plan["plan_id"], plan["tasks"], plan["outcome"]) for plan in first["plans"]] == [
        ("house", 4, "imported"),
        ("garden", 3, "imported"),
    ]
    assert {left["pointer"] for plan in first["plans"] for left in plan["not_carried"]} == {
        "/house/tasks/2",
        "/house/tasks/3/dependencies",
    }
    assert {plan["outcome"] for plan in again["plans"]} == {"already_there"}
    given_back(database)
    worked_to_the_end(database)
    plans, log = whole(database)
    assert_handed_out_once_and_in_order(plans, log)
    assert imported(database, file) == again
    assert whole(database)[1] == log


def dependencies_in(file: Path) -> dict[tuple[str, str], set[str]]:
    """What each task waits for, read from the file itself; also behind one that was cancelled."""
    found = {}
    for tag, content in json.loads(file.read_text("utf-8")).items():
        every = {str(task["id"]): task for task in content["tasks"]}
        kept = {name: task for name, task in every.items() if task["status"] != "cancelled"}
        for task_id, task in kept.items():
            waits_for = set(map(str, task["dependencies"]))
            for gone in waits_for - kept.keys():
                waits_for |= set(map(str, every[gone]["dependencies"]))
            found[tag, task_id] = waits_for & kept.keys()
    return found


@pytest.mark.parametrize(
    "file, expected",
    [
        pytest.param(OWN, (3, 13, 1), id="own"),
        *([pytest.param(REAL, (9, 181, 2), id="real")] if REAL.exists() else []),
    ],
)
def test_several_plans_come_in_and_are_worked_to_the_end_by_eight_processes(
    tmp_path: Path, file: Path, expected: tuple[int, int, int]
) -> None:
    """`expected`: how many plans and tasks come in, and how many things do not."""
    database = tmp_path / "plans.db"
    theirs = json.loads(file.read_text("utf-8"))
    statuses = {
        (tag, str(task["id"])): {"deferred": "pending"}.get(
            task["status"], task["status"].replace("-", "_")
        )
        for tag, content in theirs.items()
        for task in content["tasks"]
    }

    report = imported(database, file)

    plans, _ = whole(database)
    left = [one["pointer"] for plan in report["plans"] for one in plan["not_carried"]]
    assert (len(plans), sum(plan.task_count for plan in plans), len(left)) == expected
    assert {
        (plan.plan_id, task.id): set(task.depends_on) for plan in plans for task in plan.tasks
    } == dependencies_in(file)
    for plan in plans:
        for task in plan.tasks:
            assert task.status == statuses[plan.plan_id, task.id]
    given_back(database)
    seconds = worked_to_the_end(database)
    plans, log = whole(database)
    print(f"{sum(e.envelope.actor is not None for e in log)} events came in; {seconds:.1f} s")
    assert_handed_out_once_and_in_order(plans, log)
