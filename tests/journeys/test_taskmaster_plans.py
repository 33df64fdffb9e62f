"""Plans of another tool come in by the example script and are worked to the end by a team.

Each task is handed out once, and never before its dependencies are done: the log tells.
"""

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

from plangate.application.records import RecordedEvent
from plangate.application.results import PlanStatus
from plangate.domain.events import TaskStatusChanged
from plangate.domain.vocabulary import PlanState, StatusCause, TaskStatus
from plangate.infrastructure.bootstrap import connect
from tests.journeys.team import work_to_the_end
from tests.support.reliability_crowd import crowd

ROOT = Path(__file__).parents[2]
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
    "garden": {"tasks": [{"id": "1", "title": "Hedge", "status": "pending"}]},
    "knot": {
        "tasks": [
            {"id": 1, "title": "Egg", "status": "pending", "dependencies": [2]},
            {"id": 2, "title": "Hen", "status": "pending", "dependencies": [1]},
        ]
    },
}


def imported(database: Path, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "examples" / "import_taskmaster.py", file, "--db", database],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


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
        log = list(registry.events(limit=10_000))
        assert len(log) < 10_000
        return registry.list_plans().plans, log


def assert_handed_out_once_and_in_order(
    plans: tuple[PlanStatus, ...], log: list[RecordedEvent]
) -> None:
    depends_on = {(plan.plan_id, task.id): task.depends_on for plan in plans for task in plan.tasks}
    taken: set[tuple[str, str]] = set()
    done: set[tuple[str, str]] = set()
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
    assert taken == done == depends_on.keys()
    assert {plan.state for plan in plans} == {PlanState.COMPLETE}


def test_a_small_file_comes_in_as_it_says_and_is_worked_to_the_end(tmp_path: Path) -> None:
    database, file = tmp_path / "plans.db", tmp_path / "tasks.json"
    file.write_text(json.dumps(SMALL), "utf-8")

    first, again = imported(database, file), imported(database, file)

    assert (first.returncode, again.returncode) == (1, 1)
    assert first.stdout.splitlines() == [
        "[1/3] house: tasks: 3, dependencies: 2",
        "    left out: 3 (cancelled), 5 (deferred)",
        "    dropped: 4 needs 3, 4 needs 2.1",
        "[2/3] garden: tasks: 1, dependencies: 0",
        "[3/3] knot: refused: depends_on: a circle: '1' depends on '2' depends on '1'",
        (
            "plans: 3, tasks: 6, dependencies: 4, left out: 2, dropped: 2, already there: 0, "
            "refused: 1"
        ),
    ]
    assert "[1/3] house: already there" in again.stdout
    assert again.stdout.endswith("already there: 2, refused: 1\n")
    assert len(whole(database)[1]) == 2
    worked_to_the_end(database)
    plans, log = whole(database)
    assert [plan.plan_id for plan in plans] == ["house", "garden"]
    assert [(task.id, task.priority) for task in plans[0].tasks] == [
        ("1", None),
        ("2", 1),
        ("4", None),
    ]
    assert [task.metadata["taskmaster_status"] for task in plans[0].tasks] == [
        "done",
        "pending",
        "in-progress",
    ]
    assert_handed_out_once_and_in_order(plans, log)


def test_a_file_without_tags_is_one_plan(tmp_path: Path) -> None:
    database, file = tmp_path / "plans.db", tmp_path / "tasks.json"
    file.write_text(json.dumps(SMALL["house"]), "utf-8")

    assert imported(database, file).returncode == 0
    plans, _ = whole(database)
    assert [plan.plan_id for plan in plans] == ["master"]


def test_a_tag_without_anything_to_do_makes_no_plan(tmp_path: Path) -> None:
    database, file = tmp_path / "plans.db", tmp_path / "tasks.json"
    file.write_text(json.dumps({"new": {"tasks": []}}), "utf-8")

    told = imported(database, file)

    assert (told.returncode, told.stderr) == (0, "")
    assert whole(database) == ((), [])


@pytest.mark.parametrize(
    "content, complaint",
    [
        (None, "No such file or directory"),
        ("{", "Expecting property name"),
        ("[1]", "must hold a JSON object of tags"),
        ('{"a": {}}', "the tag 'a' has no list of tasks"),
        ('{"a": {"tasks": [{"title": "A"}]}}', "tasks[0] must be an object with an id"),
        ('{"a": {"tasks": [{"id": 1, "dependencies": 2}]}}', "dependencies must be a list"),
        ('{"a": {"tasks": [{"id": 1}, {"id": "1"}]}}', "tasks[1].id: 1 is used twice"),
    ],
)
def test_a_file_that_is_none_of_its_kind_is_refused_in_one_line(
    tmp_path: Path, content: str | None, complaint: str
) -> None:
    database, file = tmp_path / "plans.db", tmp_path / "tasks.json"
    if content is not None:
        file.write_text(content, "utf-8")

    told = imported(database, file)

    (line,) = told.stderr.splitlines()
    assert (told.returncode, told.stdout) == (1, "")
    assert line.startswith(f"{file}: ")
    assert complaint in line
    assert not database.exists()


def dependencies_in(file: Path) -> dict[tuple[str, str], set[str]]:
    """What each task waits for, read from the file itself."""
    found = {}
    for tag, content in json.loads(file.read_text("utf-8")).items():
        open_tasks = {
            str(task["id"]): task
            for task in content["tasks"]
            if task["status"] not in {"cancelled", "deferred"}
        }
        for task_id, task in open_tasks.items():
            found[tag, task_id] = set(map(str, task["dependencies"])) & open_tasks.keys()
    return found


@pytest.mark.skipif(not REAL.exists(), reason="the plans are not part of the project")
def test_nine_real_plans_are_worked_to_the_end_by_eight_processes(tmp_path: Path) -> None:
    database = tmp_path / "plans.db"

    told = imported(database, REAL)
    seconds = worked_to_the_end(database)

    plans, log = whole(database)
    claims = [
        recorded.event
        for recorded in log
        if isinstance(recorded.event, TaskStatusChanged)
        and recorded.event.cause is StatusCause.CLAIMED
    ]
    print(told.stdout)
    print(f"{len(claims)} claims by {len({c.worker for c in claims})} workers in {seconds:.1f} s")
    assert told.returncode == 0
    assert told.stdout.splitlines()[-1] == (
        "plans: 9, tasks: 179, dependencies: 205, left out: 3, dropped: 1, already there: 0, "
        "refused: 0"
    )
    assert {
        (plan.plan_id, task.id): set(task.depends_on) for plan in plans for task in plan.tasks
    } == dependencies_in(REAL)
    assert (len(plans), sum(plan.task_count for plan in plans)) == (9, 179)
    assert_handed_out_once_and_in_order(plans, log)
