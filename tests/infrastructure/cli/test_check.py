"""`plangate replay check` names decisions that do not follow from the rules; a CI run stops."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.render import check
from tests.infrastructure.cli.conftest import Plangate


@pytest.fixture
def worked_on(registry: PlanRegistry, billing: str) -> str:
    """A plan whose first task is done and whose second made the gate fire."""
    registry.score_output(billing, "a", 0.9)
    registry.score_output(billing, "b", 0.1)
    registry.pause(billing, "lunch")
    return billing


def alter(database: Path, path: str, value: object, where: str) -> None:
    with closing(sqlite3.connect(database)) as file:
        file.execute(
            f"UPDATE stored_events SET state = json_set(state, ?, ?) WHERE {where}", [path, value]
        )
        file.commit()


def test_a_sound_store_has_no_mismatch(plangate: Plangate, worked_on: str) -> None:
    for words in ((), (worked_on,)):
        said = plangate("replay", "check", *words)
        assert said.exit_code == 0
        assert "Checked 1 plan, 4 commands, 7 events." in said.stdout
        assert "Every decision follows from the rules." in said.stdout
    assert plangate("--json", "replay", "check").json == {
        "plans": 1,
        "commands": 4,
        "events": 7,
        "mismatch_count": 0,
        "mismatches": [],
    }


def test_mismatches_are_named_and_exit_with_1(
    plangate: Plangate, worked_on: str, database: Path
) -> None:
    assert worked_on
    alter(database, "$.event.new", "failed", "originator_version = 3")
    alter(database, "$.event.threshold", 0.9, "originator_version = 6")
    alter(database, "$.event.at", "when?", "originator_version = 7")

    said = plangate("replay", "check")

    lines = [" ".join(line.split()) for line in said.stdout.splitlines()]
    assert said.exit_code == 1
    assert "3 decisions do not follow from the rules:" in lines
    assert "billing@3 wrong a: pending → failed new done, not failed" in lines
    assert "billing@6 wrong b: replan threshold 0.72, not 0.9" in lines
    assert any(line.startswith("billing@7 unreadable") for line in lines)
    assert plangate("--json", "replay", "check").json["mismatch_count"] == 3


def test_undue_missing_and_refused_events_are_named(
    plangate: Plangate, worked_on: str, database: Path
) -> None:
    assert worked_on
    with closing(sqlite3.connect(database)) as file:
        file.execute("UPDATE stored_events SET topic = 'plan-resumed' WHERE originator_version = 7")
        file.execute("DELETE FROM stored_events WHERE originator_version = 6")
        file.execute("UPDATE stored_events SET originator_version = 6 WHERE originator_version = 7")
        file.commit()
    lines = [" ".join(line.split()) for line in plangate("replay", "check").stdout.splitlines()]
    assert "billing@5 missing b: replan" in lines
    assert "billing@6 undue plan resumed nothing" in lines
    alter(database, "$.event.task_id", "x", "originator_version = 5")
    shown = " ".join(plangate("replay", "check").stdout.split())
    assert "billing@5 wrong x: pending → replanning task_id b, not x" in shown
    alter(database, "$.event.task_id", "x", "originator_version = 2")
    shown = " ".join(plangate("replay", "check").stdout.split())
    assert "has no task 'x'" in shown


def test_one_mismatch_is_singular_and_many_are_cut_short(
    plangate: Plangate, worked_on: str, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worked_on
    alter(database, "$.event.new", "failed", "originator_version = 3")
    assert "1 decision does not follow from the rules:" in plangate("replay", "check").stdout
    alter(database, "$.event.threshold", 0.9, "originator_version = 6")
    monkeypatch.setattr(check, "_AT_MOST", 1)
    assert "and 1 more" in plangate("replay", "check").stdout


def test_an_unknown_plan_is_refused(plangate: Plangate) -> None:
    plangate("store", "migrate")
    said = plangate("replay", "check", "nowhere")
    assert said.exit_code == 3
    assert "there is no plan 'nowhere'" in said.stderr
