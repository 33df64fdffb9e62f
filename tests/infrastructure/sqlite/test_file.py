"""The SQLite file itself: readable with plain SQL, durable, with permanent positions."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plangate.application.errors import CorruptEvent
from plangate.infrastructure.sql.database import Cursor, all_rows
from plangate.infrastructure.sqlite.file import SqliteFile
from tests.contracts.test_event_store import entry
from tests.support.stores import sqlite_event_store


def test_anyone_can_read_the_scores_with_plain_sql(tmp_path: Path) -> None:
    with closing(sqlite_event_store(tmp_path / "plans.db")) as store:
        store.append([entry("p", 1), entry("p", 2)])
    with closing(sqlite3.connect(tmp_path / "plans.db")) as connection:
        query = (
            "SELECT originator_id, json_extract(state, '$.event.score') FROM stored_events"
            " WHERE topic = 'task-scored'"
        )
        assert connection.execute(query).fetchall() == [("p", 0.1 + 0.2)]


def test_stored_bytes_are_compact_json_and_their_own_re_encoding(tmp_path: Path) -> None:
    with closing(sqlite_event_store(tmp_path / "plans.db")) as store:
        store.append([entry("p", 1), entry("p", 2)])
    with closing(sqlite3.connect(tmp_path / "plans.db")) as connection:
        for (state,) in connection.execute("SELECT state FROM stored_events"):
            assert isinstance(state, str)
            again = json.dumps(json.loads(state), separators=(",", ":"), ensure_ascii=False)
            assert again == state


def test_compacting_the_file_moves_no_position_and_none_is_issued_twice(tmp_path: Path) -> None:
    path = tmp_path / "plans.db"
    with closing(sqlite_event_store(path)) as store:
        store.append([entry("p", 1), entry("p", 2)])
        store.append([entry("q", 1)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM stored_events WHERE notification_id IN (1, 3)")
        connection.commit()
        connection.execute("VACUUM")
    with closing(sqlite_event_store(path)) as store:
        store.append([entry("r", 1)])
        assert [r.envelope.position for r in store.read_all(limit=9)] == [2, 4]


def test_connections_are_durable_and_use_the_write_ahead_log(tmp_path: Path) -> None:
    def settings(cursor: Cursor) -> tuple[int, str]:
        names = ("synchronous", "journal_mode")
        synchronous, mode = (all_rows(cursor, f"PRAGMA {name}")[0][0] for name in names)
        return synchronous, mode

    with closing(SqliteFile(tmp_path / "plans.db")) as file:
        assert file.read(settings) == file.write(settings) == (2, "wal")


def test_a_path_with_odd_characters_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%20ä.db"
    with closing(sqlite_event_store(path)) as store:
        store.append([entry("p", 1)])
    assert path.exists()


def test_bytes_that_only_sqlite_would_hold_are_refused_as_an_event(tmp_path: Path) -> None:
    with closing(sqlite_event_store(tmp_path / "plans.db")) as store:
        store.append([entry("p", 1)])
        with closing(sqlite3.connect(tmp_path / "plans.db")) as connection:
            connection.execute("UPDATE stored_events SET state = ?", ("\x00",))
            connection.commit()
        with pytest.raises(CorruptEvent):
            store.read("p")
