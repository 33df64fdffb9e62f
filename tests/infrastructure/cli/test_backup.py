"""`plangate store backup` and `plangate store restore`: as text and in JSON."""

from pathlib import Path

import pytest

from tests.infrastructure.cli.conftest import Plangate


@pytest.mark.usefixtures("billing")
def test_a_store_is_backed_up_and_brought_back(plangate: Plangate, tmp_path: Path) -> None:
    made = plangate("store", "backup", "saved.db")
    assert made.exit_code == 0
    assert "Checked: it is complete and holds 1 event of 1 plan up to position 1." in " ".join(
        made.stdout.split()
    )
    again = plangate("store", "backup", "saved.db")
    assert (again.exit_code, again.stdout) == (3, "")
    assert "saved.db exists already" in again.stderr

    back = plangate("--db", "new.db", "store", "restore", "saved.db")
    assert "Restored from saved.db." in back.stdout
    assert plangate("status", "billing", "--db", "new.db").exit_code == 0
    assert plangate("store", "backup", "--json", "other.db").json == {
        "file": "other.db",
        "bytes": (tmp_path / "other.db").stat().st_size,
        "events": 1,
        "plans": 1,
        "position": 1,
    }
    assert plangate("store", "restore", "saved.db", "--db", "third.db", "--json").json == {
        "file": "saved.db",
        "events": 1,
        "plans": 1,
        "position": 1,
        "positions_kept": True,
    }


@pytest.mark.usefixtures("billing")
def test_a_backup_never_takes_the_place_of_plans(plangate: Plangate, tmp_path: Path) -> None:
    plangate("store", "backup", "saved.db")
    plangate("create", "-", "--db", "other.db", typed='{"goal": "G", "tasks": [{"title": "T"}]}')
    said = plangate("--db", "other.db", "store", "restore", "saved.db", "--json")
    assert said.exit_code == 4
    assert said.error["type"] == "StoreNotEmpty"
    assert "to a new or empty store" in said.error["message"]
    assert {path.name for path in tmp_path.iterdir()} >= {"saved.db", "other.db"}


def test_a_missing_store_cannot_be_backed_up(plangate: Plangate, tmp_path: Path) -> None:
    for words in (("store", "backup", "saved.db"), ("store", "restore", "saved.db")):
        said = plangate(*words)
        assert said.exit_code == 4
        assert "there is no file" in said.stderr
    assert list(tmp_path.iterdir()) == []
