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

from plangate.application.recorded_event import StoredEntry
from plangate.infrastructure.eventsourcing_library import recorder_store
from plangate.infrastructure.sqlite.errors import primary_code
from plangate.infrastructure.sqlite.file import Datastore, SqliteFile

# An event is inserted only behind the newest one of its plan, so that no version is missing.
_FOLLOWS: Final = (
    " WHERE ?2 = 1 + coalesce("
    "(SELECT max(originator_version) FROM stored_events WHERE originator_id = ?1), 0)"
)
_IS_REMEMBERED: Final = (
    " AND (?5 IS NULL OR EXISTS (SELECT 1 FROM stored_events"
    " WHERE originator_id = ?1 AND originator_version = ?2 - 1"
    " AND state = CAST(?5 AS TEXT) AND notification_id = coalesce(?6, notification_id)))"
)
_APPEND: Final = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
    f" SELECT ?1, ?2, ?3, CAST(?4 AS TEXT){_FOLLOWS}{_IS_REMEMBERED}"
)
_INSERT_PLACED: Final = (
    f"INSERT INTO stored_events SELECT ?5, ?1, ?2, ?3, CAST(?4 AS TEXT){_FOLLOWS}"
)
_REWRITE: Final = (
    "UPDATE stored_events SET state = CAST(? AS TEXT)"
    " WHERE originator_id = ? AND originator_version = ?"
)
_NEWEST: Final = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
_SELECT: Final = (
    "SELECT notification_id, originator_id, originator_version, topic, CAST(state AS BLOB)"
    " FROM stored_events WHERE "
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

    @override
    def append_events(self, events: Sequence[StoredEvent], after: StoredEntry | None) -> int | None:
        with self._writing() as cursor:
            return _append(cursor, events, after)

    @override
    def insert_placed(self, placed: Sequence[Notification]) -> None:
        with self._writing() as cursor:
            cursor.execute(_NEWEST)
            recorder_store.refuse_taken(cursor.fetchone()[0], placed)
            for event in placed:
                _insert(cursor, _INSERT_PLACED, (*_values(event), event.id))

    @override
    def rewrite_events(
        self,
        rewritten: Sequence[StoredEvent],
        then: Sequence[StoredEvent],
        after: StoredEntry | None,
    ) -> int | None:
        rows = [(e.state, e.originator_id, e.originator_version) for e in rewritten]
        with self._writing() as cursor:
            position = _append(cursor, then, after)
            cursor.executemany(_REWRITE, rows)
            return position

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


def _append(
    cursor: SQLiteCursor, events: Sequence[StoredEvent], after: StoredEntry | None
) -> int | None:
    """Append events, the first one behind `after`, if given; return the last position."""
    remembered = (None, None) if after is None else (after.state, after.position)
    for event in events:
        _insert(cursor, _APPEND, (*_values(event), *remembered))
        remembered = (None, None)
    return cursor.lastrowid if events else None


def _insert(cursor: SQLiteCursor, statement: str, values: Sequence[Any]) -> None:
    cursor.execute(statement, values)
    if not cursor.sqlite_cursor.rowcount:
        raise IntegrityError("it does not follow the newest event of its plan")


def _values(event: StoredEvent) -> Sequence[Any]:
    return event.originator_id, event.originator_version, event.topic, event.state


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
