"""`plangate store doctor`: its findings as text and in JSON, and the exit code."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate


@pytest.mark.usefixtures("billing")
def test_a_healthy_store_is_reported_as_such(plangate: Plangate, database: Path) -> None:
    said = plangate("store", "doctor")
    assert said.exit_code == 0
    assert "All is well." in said.stdout
    report = plangate("store", "doctor", "--json").json
    assert (report["store"], report["health"]) == (str(database), "ok")
    assert {o["health"] for o in report["observations"]} == {"ok"}


def test_a_problem_is_reported_with_its_location_and_advice(
    plangate: Plangate, billing: str, registry: PlanRegistry, database: Path
) -> None:
    registry.close()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE stored_events SET state = '{'")
        connection.commit()
    said = plangate("store", "doctor")
    assert said.exit_code == 1
    assert said.stderr == ""
    for words in (
        f"at {billing}@1, position 1",
        "→ its plan cannot be used",
        "2 problems, 0 warnings.",
    ):
        assert words in said.stdout
    report = plangate("store", "doctor", "--json")
    assert report.exit_code == 1
    (found,) = [o for o in report.json["observations"] if o["check"] == "events"]
    assert (found["health"], found["place"]) == ("problem", f"{billing}@1, position 1")


def test_a_warning_exits_with_0(
    plangate: Plangate, billing: str, registry: PlanRegistry, database: Path
) -> None:
    registry.views.plans()
    with closing(sqlite3.connect(database)) as connection:
        stuck = ("plans", 0, billing, 1, 1, "it failed", "2026-01-01T00:00Z")
        connection.execute("INSERT INTO view_stuck VALUES (?, ?, ?, ?, ?, ?, ?)", stuck)
        connection.commit()
    said = plangate("store", "doctor")
    assert said.exit_code == 0
    assert "0 problems, 1 warning." in said.stdout
    assert plangate("store", "doctor", "--json").json["health"] == "warning"


def test_a_missing_store_is_a_problem_and_is_not_created(
    plangate: Plangate, tmp_path: Path
) -> None:
    said = plangate("store", "doctor")
    assert said.exit_code == 1
    assert "there is no file" in said.stdout
    assert list(tmp_path.iterdir()) == []
    refused = plangate("store", "doctor", "--db", "mysql://x")
    assert (refused.exit_code, refused.stdout) == (4, "")
