"""`plangate plan erase` asks first, erases, and reports text that may be left."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate


def test_it_asks_before_it_erases(plangate: Plangate, billing: str, registry: PlanRegistry) -> None:
    said = plangate("plan", "erase", billing, typed="n\n")
    assert said.exit_code == 1
    assert "Erase all text about billing? This cannot be undone." in said.stderr
    assert registry.get_status(billing).goal == "Move billing"
    said = plangate("plan", "erase", billing, typed="y\n")
    assert "Erased the text in 1 event of billing." in said.stdout
    assert registry.get_status(billing).goal is None
    assert "There was no text left to erase" in plangate("plan", "erase", billing, "--yes").stdout


def test_programs_get_the_report_as_json(plangate: Plangate, billing: str) -> None:
    said = plangate("plan", "erase", billing, "--yes", "--json", "--actor", "dpo")
    assert said.json == {"plan_id": billing, "rewritten": 1, "complete": True, "remains": None}
    assert plangate("plan", "erase", "unknown", "--yes", "--json").error["type"] == "PlanNotFound"


def test_text_that_may_be_left_is_reported_and_exits_with_1(
    plangate: Plangate, billing: str, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plangate.infrastructure.sqlite.connections.LOCK_TIMEOUT", 0.2)
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM stored_events").fetchall()
        said = plangate("plan", "erase", billing, "--yes")
    assert said.exit_code == 4
    assert "Erased the text in 1 event" in said.stdout
    assert "some text may be left" in said.stderr
    assert plangate("plan", "erase", billing, "--yes").exit_code == 0
