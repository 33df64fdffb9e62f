"""Scored low, revised, done at the second attempt: the same history by either door."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from plangate.application.registry import PlanRegistry
from plangate.application.results import PlanStatus
from plangate.domain.events import AttemptStarted, PlanRevised
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.app import app
from plangate.infrastructure.cli.render.event_text import event_table

GOAL = "Move billing"
TASKS: list[dict[str, Any]] = [
    {"id": "schema", "title": "Design the schema"},
    {"id": "backfill", "title": "Backfill the invoices", "depends_on": ["schema"]},
    {"id": "switch", "title": "Switch the reports", "depends_on": ["backfill"]},
]
REASON = "nothing would notice an invoice that is there twice"
CHANGES: list[dict[str, Any]] = [
    {"op": "add", "task": {"id": "check", "title": "Compare the sums"}, "before": "backfill"},
    {
        "op": "change",
        "task_id": "backfill",
        "description": "Month by month; the check must pass.",
        "depends_on": ["schema", "check"],
    },
    {
        "op": "split",
        "task_id": "switch",
        "into": [{"id": "sales", "title": "Switch sales"}, {"id": "tax", "title": "Switch tax"}],
    },
]

EXPECTED = """\
plan of 3 tasks: Move billing
schema: pending → in progress
schema: output scored 0.90
schema: in progress → done
backfill: pending → in progress
backfill: output scored 0.40
backfill: in progress → replanning
backfill: replan
plan revised
check: added
backfill: changed
backfill: attempt 2
backfill: replanning → pending
switch: split into sales, tax
check: pending → in progress
check: output scored 0.95
check: in progress → done
backfill: pending → in progress
backfill: output scored 0.85
backfill: in progress → done
sales: pending → in progress
sales: output scored 0.90
sales: in progress → done
tax: pending → in progress
tax: output scored 0.90
tax: in progress → done
""".splitlines()


class Python:
    """The steps as a program takes them."""

    def __init__(self, registry: PlanRegistry) -> None:
        self.registry = registry

    def create(self) -> PlanStatus:
        return self.registry.create(GOAL, TASKS, plan_id="billing")

    def work(self, task_id: str, score: float) -> PlanStatus:
        """Take the next task, which must be this one, and score its output."""
        task = self.registry.next_task("billing", worker="agent-7")
        assert task is not None
        assert task.claim is not None
        assert task.id == task_id
        return self.registry.score_output("billing", task_id, score, token=task.claim.token)

    def revise(self) -> PlanStatus:
        return self.registry.revise("billing", REASON, CHANGES)


class Shell:
    """The same steps as a script takes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self) -> PlanStatus:
        plan = {"goal": GOAL, "plan_id": "billing", "tasks": TASKS}
        return self._plan("create", self._file("plan.json", plan))

    def work(self, task_id: str, score: float) -> PlanStatus:
        task = self._run("next", "billing", "--worker", "agent-7")["task"]
        assert task["id"] == task_id
        token = str(task["claim"]["token"])
        return self._plan("score", "billing", task_id, "--output", str(score), "--token", token)

    def revise(self) -> PlanStatus:
        changes = self._file("changes.json", {"changes": CHANGES})
        return self._plan("revise", "billing", changes, "--reason", REASON)

    def _plan(self, *words: str) -> PlanStatus:
        return PlanStatus.model_validate(self._run(*words))

    def _run(self, *words: str) -> Any:
        result = CliRunner().invoke(app, ["--db", str(self.folder / "plans.db"), "--json", *words])
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def _file(self, name: str, content: object) -> str:
        (self.folder / name).write_text(json.dumps(content), "utf-8")
        return str(self.folder / name)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[PlanRegistry]:
    with connect(tmp_path / "plans.db") as registry:
        yield registry


@pytest.fixture(params=["python", "shell"])
def door(request: pytest.FixtureRequest, registry: PlanRegistry, tmp_path: Path) -> Python | Shell:
    return Python(registry) if request.param == "python" else Shell(tmp_path)


@pytest.fixture
def gate(tmp_path: Path) -> Callable[[], int]:
    """The exit code of `plangate gate`."""
    words = ["--db", str(tmp_path / "plans.db"), "gate", "billing"]
    return lambda: CliRunner().invoke(app, words).exit_code


def test_a_low_task_is_revised_and_done_at_the_second_attempt(
    door: Python | Shell, registry: PlanRegistry, gate: Callable[[], int]
) -> None:
    door.create()
    door.work("schema", 0.9)
    fired = door.work("backfill", 0.4)

    assert (fired.needs_replan, fired.replan_due, gate()) == (True, True, 10)
    assert {task.id: task.status for task in fired.tasks}["backfill"] == "replanning"

    revised = door.revise()

    again = {task.id: task for task in revised.tasks}
    assert (revised.needs_replan, revised.replan_due, gate()) == (True, False, 0)
    assert list(again) == ["schema", "check", "backfill", "sales", "tax"]
    assert (again["backfill"].status, again["backfill"].attempt) == ("pending", 2)
    assert (again["backfill"].output_score, again["backfill"].depends_on) == (
        0.4,
        ("schema", "check"),
    )
    assert again["tax"].split_from == "switch"
    assert registry.graph("billing").critical_path == ("schema", "backfill", "sales")

    door.work("check", 0.95)
    mended = door.work("backfill", 0.85)

    assert (mended.needs_replan, mended.replan_count) == (False, 1)
    door.work("sales", 0.9)
    assert door.work("tax", 0.9).state == "complete"

    recorded = registry.history.of("billing")
    screen = Console(width=200)
    with screen.capture() as printed:
        screen.print(event_table(recorded))
    rows = re.findall(r"^ *[0-9]+ +(.*)", printed.get(), re.MULTILINE)
    for row, expected in zip(rows, EXPECTED, strict=True):
        assert row.startswith(expected)
    assert REASON in printed.get()


def test_the_history_shows_who_did_what_and_why(registry: PlanRegistry) -> None:
    steps = Python(registry)
    with registry.acting_as("planner"):
        states = [steps.create()]
    with registry.acting_as("agent-7"):
        states += [steps.work("schema", 0.9), steps.work("backfill", 0.4)]
    with registry.acting_as("reviewer"):
        states.append(steps.revise())
    with registry.acting_as("agent-7"):
        states += [steps.work("check", 0.95), steps.work("backfill", 0.85)]
        states += [steps.work("sales", 0.9), steps.work("tax", 0.9)]

    assert [status.state for status in states] == ["active"] * 2 + ["blocked"] + ["active"] * 4 + [
        "complete"
    ]
    assert [status.replan_due for status in states] == [False, False, True] + [False] * 5
    assert states[2].advice[0].startswith("a replan is due: revise")
    done = ["TaskStatusChanged", "TaskScored", "TaskStatusChanged"]
    recorded = registry.history.of("billing")
    assert [(entry.envelope.actor, type(entry.event).__name__) for entry in recorded] == [
        ("planner", "PlanCreated"),
        *(("agent-7", kind) for kind in [*done, *done, "ReplanTriggered"]),
        ("reviewer", "PlanRevised"),
        ("reviewer", "TaskAdded"),
        ("reviewer", "TaskChanged"),
        ("reviewer", "AttemptStarted"),
        ("reviewer", "TaskStatusChanged"),
        ("reviewer", "TaskSplit"),
        *(("agent-7", kind) for kind in done * 4),
    ]
    assert [e.event.reason for e in recorded if isinstance(e.event, PlanRevised)] == [REASON]
    assert [
        (e.event.task_id, e.event.attempt) for e in recorded if isinstance(e.event, AttemptStarted)
    ] == [("backfill", 2)]
