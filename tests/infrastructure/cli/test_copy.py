"""`plangate store copy`: from one store to another, as text and in JSON."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from tests.infrastructure.cli.conftest import Plangate


@pytest.mark.usefixtures("billing")
def test_plans_are_copied_and_copied_again(plangate: Plangate, database: Path) -> None:
    first = plangate("store", "copy", str(database), "copy.db")
    assert first.exit_code == 0
    assert "Copied 1 event.\n" in first.stdout
    assert "holds all 1 event of 1 plan up to position 1, byte for byte." in first.stdout
    assert "Every event kept its position." in first.stdout
    again = plangate("store", "copy", f"sqlite:///{database}", "sqlite:///copy.db")
    assert "Copied 0 events. Already there: 1." in again.stdout
    assert plangate("status", "billing", "--db", "copy.db").exit_code == 0


@pytest.mark.usefixtures("billing")
def test_beside_other_plans_events_get_new_positions(plangate: Plangate, database: Path) -> None:
    with connect("other.db") as other:
        other.create("Mine", [{"title": "T"}])
    said = plangate("store", "copy", str(database), "other.db", "--json")
    assert said.json["positions_kept"] is False
    assert said.stderr == ""
    assert (
        "keep the old one as origin_position"
        in plangate("store", "copy", str(database), "other.db").stdout
    )


def test_another_history_is_refused(
    plangate: Plangate, billing: str, registry: PlanRegistry, database: Path
) -> None:
    plangate("store", "copy", str(database), "copy.db")
    with connect("copy.db") as other:
        other.next_task(billing)
    registry.score_prompt(billing, "a", 0.5)
    said = plangate("store", "copy", str(database), "copy.db", "--json")
    assert said.exit_code == 4
    assert said.error["type"] == "HistoryDiffers"
    assert (said.error["plan_id"], said.error["version"]) == (billing, 2)


@pytest.mark.usefixtures("billing")
def test_unreadable_events_are_reported(plangate: Plangate, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE stored_events SET state = '{'")
        connection.commit()
    said = plangate("store", "copy", str(database), "copy.db")
    assert said.exit_code == 0
    assert "warning: unreadable, and copied as found: 1 event" in said.stderr


@pytest.mark.parametrize(
    "words, why",
    [
        (("nowhere.db", "copy.db"), "there is no store at nowhere.db"),
        (("mysql://x", "copy.db"), "there is no engine for mysql:// addresses"),
        (("", "copy.db"), "is not the address of a store"),
        (("engine:", "copy.db"), "PERSISTENCE_MODULE names no engine"),
    ],
)
def test_a_source_that_is_not_there_is_refused_and_nothing_is_made(
    plangate: Plangate, tmp_path: Path, words: tuple[str, str], why: str
) -> None:
    said = plangate("store", "copy", *words)
    assert said.exit_code == 4
    assert why in said.stderr
    assert list(tmp_path.iterdir()) == []
