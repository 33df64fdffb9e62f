"""The shell completes commands, plan ids, task ids and statuses, and disturbs nothing."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry

PROGRAM = Path(sys.executable).with_name("plangate")


Complete = Callable[[str, Path], list[str]]


@pytest.fixture
def complete(warm_plangate: Path) -> Complete:
    """What bash would be offered at the end of a line, with a store."""

    def offered(line: str, database: Path) -> list[str]:
        environment = {
            **os.environ,
            "PLANGATE_DB": str(database),
            "_PLANGATE_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
        }
        outcome = subprocess.run(
            [warm_plangate],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert outcome.stderr == ""
        return outcome.stdout.split()

    return offered


@pytest.fixture
def plans(registry: PlanRegistry) -> None:
    """Two plans, one of two tasks."""
    tasks = [{"id": "schema", "title": "S"}, {"id": "switch", "title": "S"}]
    registry.create("g", tasks, plan_id="billing")
    task: dict[str, object] = {"id": "a", "title": "A", "labels": ["rust"]}
    registry.create("g", [task], plan_id="reports", labels=["sales"])
    registry.next_task("billing", worker="agent-7")
    registry.mark_task("reports", "a", "failed")


@pytest.mark.usefixtures("plans")
@pytest.mark.parametrize(
    "line, offered",
    [
        ("plangate ga", ["gate"]),
        ("plangate status ", ["billing", "reports"]),
        ("plangate next bil", ["billing"]),
        ("plangate score billing s", ["schema", "switch"]),
        ("plangate task mark billing sw", ["switch"]),
        ("plangate task mark billing schema re", ["replanning"]),
        ("plangate task mark nowhere ", []),
        ("plangate status --db no-such.db ", []),
        ("plangate --db no-such.db status ", []),
        ("plangate list --or", ["--order"]),
        ("plangate create plan.yaml --policy ", ["classic", "steady"]),
        ("plangate create plan.yaml --policy st", ["steady"]),
        ("plangate list --state wa", ["waiting"]),
        ("plangate list --label ", ["rust", "sales"]),
        ("plangate list --verdict bl", ["blocked"]),
        ("plangate gate billing rep", ["reports"]),
        ("plangate task claim billing sw", ["switch"]),
        ("plangate task defer billing sc", ["schema"]),
        ("plangate approve reports --accept ", ["passing", "a"]),
        ("plangate approve billing --accept ", ["passing"]),
        ("plangate next --label ru", ["rust"]),
        ("plangate revi", ["revise"]),
        ("plangate retry billing sc", ["schema"]),
        ("plangate plan graph bil", ["billing"]),
        ("plangate plan graph billing --format m", ["mermaid"]),
        ("plangate task heartbeat billing schema --token ", ["2"]),
        ("plangate task heartbeat billing switch --token ", []),
    ],
)
def test_the_shell_completes(
    complete: Complete, line: str, offered: list[str], database: Path
) -> None:
    assert complete(line, database) == offered


@pytest.mark.usefixtures("plans")
@pytest.mark.parametrize("line", ["plangate --db {} status ", "plangate status --db {} "])
def test_completion_looks_into_the_store_that_is_meant(
    complete: Complete, line: str, database: Path, tmp_path: Path
) -> None:
    assert complete(line.format(database), tmp_path / "other.db") == ["billing", "reports"]
    assert complete(line.format(f"sqlite:///{database}"), tmp_path) == ["billing", "reports"]


def test_completion_makes_no_database_and_survives_one_that_is_none(
    complete: Complete, tmp_path: Path
) -> None:
    assert complete("plangate status ", tmp_path / "plans.db") == []
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "notes.txt").write_text("Not a database.", "utf-8")
    assert complete("plangate status ", tmp_path / "notes.txt") == []


@pytest.mark.usefixtures("plans")
def test_completion_survives_a_corrupt_plan(complete: Complete, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE stored_events SET state = '{' WHERE originator_id = 'billing'")
        connection.commit()

    assert complete("plangate status ", database) == ["reports"]
    assert complete("plangate task mark billing ", database) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_shown_for_a_shell(shell: str) -> None:
    outcome = subprocess.run(
        [PROGRAM, "--show-completion", shell],
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "_PLANGATE_COMPLETE=complete_" in outcome.stdout
