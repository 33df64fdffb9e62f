"""Views in the SQLite file: older files, plain SQL, and a file that cannot be written."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from plangate.application.errors import NotAStore, StoreReadOnly
from plangate.application.views.log_events import read_slice
from plangate.application.views.view_store import ViewStore
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.sql.tables import TABLES, Table
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION
from tests.support.views.from_scratch import same_views

TASKS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]


def made(path: Path) -> Path:
    with connect(path) as registry:
        registry.create("Move billing", TASKS, plan_id="p", labels=["x", "Ä"])
        registry.score_output("p", "a", 0.5)
        registry.views.plans()
    return path


def asked(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def as_before_there_were_views(path: Path) -> None:
    """The file as an earlier plangate left it: layout 1 had events and nothing else."""
    with closing(sqlite3.connect(path)) as connection:
        later = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND (name LIKE 'view_%' OR name LIKE 'ledger_%'"
            " OR name IN ('store_facts', 'api_keys'))"
        )
        for (table,) in connection.execute(later).fetchall():
            if not table.startswith("view_words_"):  # goes with its table
                connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
        assert connection.execute(
            "SELECT group_concat(name) FROM sqlite_master WHERE type = 'table'"
        ).fetchone() == ("stored_events,sqlite_sequence",)


def test_a_file_of_before_there_were_views_is_brought_up_to_date(tmp_path: Path) -> None:
    path = made(tmp_path / "plans.db")
    as_before_there_were_views(path)
    before = asked(path, "SELECT * FROM stored_events")
    with connect(path) as registry, connect(path) as other:
        same_views(registry)
        same_views(other)
    assert asked(path, "PRAGMA user_version") == [(LAYOUT_VERSION,)]
    assert asked(path, "SELECT * FROM stored_events") == before


def test_a_file_of_before_there_was_a_ledger_is_brought_up_to_date(tmp_path: Path) -> None:
    path = made(tmp_path / "plans.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "DROP TABLE ledger_leaves; DROP TABLE ledger_reach; DROP TABLE store_facts;"
            "ALTER TABLE view_marks DROP COLUMN event;"
            "PRAGMA user_version = 2"
        )
    with connect(path) as registry:
        same_views(registry)
        assert registry.ledger.checkpoint().size == registry.history.last_position()
    assert asked(path, "PRAGMA user_version") == [(LAYOUT_VERSION,)]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_has_the_columns_of_its_rows(tmp_path: Path, table: Table[Any]) -> None:
    path = made(tmp_path / "plans.db")
    assert tuple(row[1] for row in asked(path, f"PRAGMA table_info({table.name})")) == tuple(
        column.name for column in table.columns
    )


def test_a_slice_of_the_log_ends_before_what_was_recorded_behind_a_gap(tmp_path: Path) -> None:
    path = made(tmp_path / "plans.db")
    with connect(path) as registry:
        log = registry._store
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("DELETE FROM stored_events WHERE notification_id = 2")
        found = read_slice(log, 0, 2, 10)
        assert [one.position for some in found.entries.values() for one in some] == [1]
        assert (found.last and found.last.position) == 1
        assert read_slice(log, 1, 2, 10).last is None


def test_anyone_can_join_views_with_plain_sql(tmp_path: Path) -> None:
    path = made(tmp_path / "plans.db")
    query = (
        "SELECT goal, label.value, task_id, status FROM view_plans JOIN view_board USING (plan_id),"
        " json_each(view_plans.labels) label WHERE needs_replan ORDER BY place, label.value"
    )
    assert asked(path, query) == [
        ("Move billing", "x", "a", "replanning"),
        ("Move billing", "Ä", "a", "replanning"),
        ("Move billing", "x", "b", "pending"),
        ("Move billing", "Ä", "b", "pending"),
    ]


def test_rebuilding_again_and_again_leaves_no_table_behind(tmp_path: Path) -> None:
    path = made(tmp_path / "plans.db")
    tables = "SELECT name FROM sqlite_master ORDER BY name"
    before = asked(path, tables)
    with connect(path) as registry:
        for _ in range(3):
            registry.views.rebuild()
        same_views(registry)
    assert asked(path, tables) == before


def test_views_that_cannot_be_written_are_read_as_long_as_they_are_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path / "plans.db")
    with connect(path) as registry:
        views: ViewStore = registry._view_store

        def refuse(*_: object, **_how: object) -> bool:
            raise StoreReadOnly("plans.db can be read but not written")

        monkeypatch.setattr(views, "save", refuse)
        assert registry.views.plans().plans[0].plan_id == "p"
        registry.score_prompt("p", "b", 0.9)
        with pytest.raises(StoreReadOnly):
            registry.views.plans()
        assert registry.list_plans(labels=["x"]).plans[0].version == 5


@pytest.mark.parametrize("value", ["'{'", "3", "x'ff'"])
def test_a_damaged_row_is_named_with_the_command_that_rebuilds_it(
    tmp_path: Path, value: str
) -> None:
    """A flipped bit may also turn a text into a number, or into bytes that are none."""
    path = made(tmp_path / "plans.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'labels TEXT', 'labels BLOB')"
            " WHERE name = 'view_plans'"
        )
        connection.commit()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE view_plans SET labels = {value}")
        connection.commit()
    with connect(path) as registry:
        with pytest.raises(
            NotAStore, match="`plangate views rebuild plans` rebuilds it from the log"
        ):
            registry.views.plans()
        registry.views.rebuild("plans")
        same_views(registry)
