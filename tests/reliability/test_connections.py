"""One connection that failed spoils nothing for the commands after it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest

from plangate.application.errors import StoreReadOnly, StoreUnavailable
from plangate.infrastructure.sql.database import Cursor
from plangate.infrastructure.sqlite import connections
from plangate.infrastructure.sqlite.events import events_in
from plangate.infrastructure.sqlite.file import SqliteFile
from tests.contracts.test_event_store import entry


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    (tmp_path / "here").mkdir()
    with closing(SqliteFile(tmp_path / "here" / "plans.db")) as file:
        events_in(file).append([entry("p", 1)])
        yield file


def test_a_reader_that_gets_no_connection_bars_no_later_reader(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> NoReturn:
        raise sqlite3.OperationalError("unable to open database file")

    store = events_in(file)
    with monkeypatch.context() as patch:
        for readers in (file._readers, file._writer):
            for slot in readers._slots:
                slot.drop()
            patch.setattr(readers, "_connect", refuse)
        for _ in range(20):  # more than there are connections
            with pytest.raises(StoreUnavailable):
                store.read("p")

    assert len(store.read("p")) == 1


def test_changes_of_every_connection_are_seen(file: SqliteFile) -> None:
    store, seen = events_in(file), [file.changes()]
    erased = [store.format.erased(one) for one in store.read_stored("p")]

    def seen_anew(change: Callable[[], object]) -> bool:
        change()
        seen.append(file.changes())
        return seen[-1] == file.changes() and seen[-1] not in seen[:-1]

    assert file.changes() == seen[0]
    assert seen_anew(lambda: store.rewrite(erased, ()))
    with closing(SqliteFile(file._path)) as other:
        assert seen_anew(lambda: events_in(other).append([entry("p", 2)]))
    assert seen_anew(file._observer._slots[0].drop)


def test_a_connection_that_failed_is_not_used_again(file: SqliteFile) -> None:
    store = events_in(file)

    def forbid_writing(cursor: Cursor) -> None:
        cursor.execute("PRAGMA query_only = 1")

    file.write(forbid_writing)
    with pytest.raises(StoreReadOnly):
        store.append([entry("p", 2)])

    store.append([entry("p", 2)])

    assert len(store.read("p")) == 2


def test_a_writer_that_gets_no_turn_in_time_is_refused(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOCK_TIMEOUT", 0.01)

    def write_within(_cursor: Cursor) -> None:
        with pytest.raises(StoreUnavailable, match="busy"):
            file.write(lambda cursor: cursor.execute("SELECT 1"))

    file.write(write_within)

    events_in(file).append([entry("p", 2)])


def test_a_rollback_that_fails_does_not_hide_why_it_was_needed(file: SqliteFile) -> None:
    def close_and_fail(cursor: Any) -> None:
        cursor.connection.close()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        file.write(close_and_fail)

    events_in(file).append([entry("p", 2)])
