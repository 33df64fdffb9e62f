"""Events in a SQLite file: the default store.

Each event has an explicit position, which is never given twice and which compacting the
file does not change.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor
from typing_extensions import override

from plangate.infrastructure.eventsourcing_library import recorder_store
from plangate.infrastructure.sqlite.errors import primary_code
from plangate.infrastructure.sqlite.file import Datastore, SqliteFile
from plangate.infrastructure.sqlite.layout import KEY_OF_EVENT

_INSERT: Final = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
    " VALUES (?, ?, ?, CAST(? AS TEXT))"
)
_INSERT_PLACED: Final = "INSERT INTO stored_events VALUES (?, ?, ?, ?, CAST(? AS TEXT))"
_REWRITE: Final = (
    "UPDATE stored_events SET state = CAST(? AS TEXT)"
    " WHERE originator_id = ? AND originator_version = ?"
)
_NEWEST: Final = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
_SELECT: Final = (
    "SELECT notification_id, originator_id, originator_version, topic, CAST(state AS BLOB)"
    " FROM stored_events WHERE "
)
_WITH_KEY: Final = (
    f"SELECT originator_id FROM stored_events WHERE {KEY_OF_EVENT} = ?"  # noqa: S608
    " ORDER BY notification_id"
)


def events_in(file: SqliteFile) -> recorder_store.RecorderEventStore:
    """The event store in an open file, which its views and ledger share."""
    with file.translated(None):
        recorder = _Log(file.datastore)
    return recorder_store.RecorderEventStore(
        recorder, translated=file.translated, close=file.close, scrub=file.scrub
    )


class _Log(SQLiteApplicationRecorder, recorder_store.Recorder):
    """The library's recorder on a table with explicit positions."""

    datastore: Datastore

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore)
        self.insert_events_statement = _INSERT

    @override
    def insert_placed(self, placed: Sequence[Notification]) -> None:
        rows = [(e.id, e.originator_id, e.originator_version, e.topic, e.state) for e in placed]
        with self._writing() as cursor:
            cursor.execute(_NEWEST)
            recorder_store.refuse_taken(cursor.fetchone()[0], placed)
            cursor.executemany(_INSERT_PLACED, rows)

    @override
    def insert_events_once(self, stored_events: Sequence[StoredEvent], key: str) -> bool:
        with self._writing() as cursor:
            cursor.execute(_WITH_KEY, (key,))
            if cursor.fetchone() is not None:
                return False
            self._insert_events(cursor, stored_events)
            return True

    @override
    def plans_with_key(self, key: str) -> Sequence[str]:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(_WITH_KEY, (key,))
            return [plan_id for (plan_id,) in cursor.fetchall()]

    @override
    def rewrite_events(self, rewritten: Sequence[StoredEvent], then: Sequence[StoredEvent]) -> None:
        rows = [(e.state, e.originator_id, e.originator_version) for e in rewritten]
        with self._writing() as cursor:
            cursor.executemany(_REWRITE, rows)
            self._insert_events(cursor, then)

    @override
    def plan_events(self, plan_id: str, after: int, until: int | None) -> Sequence[Notification]:
        return self._notifications(
            "originator_id = ? AND originator_version > ? AND originator_version <= ?"
            " ORDER BY originator_version",
            [plan_id, after, recorder_store.NO_BOUND if until is None else until],
        )

    @override
    def log_events(self, after: int, limit: int, name: str | None = None) -> Sequence[Notification]:
        named = "" if name is None else " AND topic = ?"
        return self._notifications(
            f"notification_id > ?{named} ORDER BY notification_id LIMIT ?",
            [after, *([] if name is None else [name]), limit],
        )

    @contextmanager
    def _writing(self) -> Iterator[SQLiteCursor]:
        with self.datastore.writing() as cursor:
            try:
                yield cursor
            except sqlite3.IntegrityError as error:
                raise IntegrityError from error

    def _notifications(self, where: str, parameters: list[Any]) -> list[Notification]:
        with self.datastore.transaction(commit=False) as cursor:
            return [
                Notification(plan_id, version, name, state, id=position)
                for position, plan_id, version, name, state in _rows(
                    cursor, _SELECT + where, parameters
                )
            ]


def _rows(cursor: SQLiteCursor, query: str, parameters: list[Any]) -> list[Any]:
    """All rows; damaged text is marked, so that its event alone cannot be read."""
    try:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())
    except sqlite3.OperationalError as error:
        if primary_code(error):
            raise
        # Python could not decode a text. Decoding every text this way takes a third longer.
        cursor.sqlite_cursor.connection.text_factory = lambda raw: raw.decode(errors="replace")
        cursor.execute(query, parameters)
        return list(cursor.fetchall())
