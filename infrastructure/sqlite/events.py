"""Events kept in one SQLite file: the default store.

Each event has an explicit position that is never issued twice and that compacting
the file leaves alone.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore

from plangate.infrastructure.eventsourcing_library.recorder_store import (
    RecorderEventStore,
    refuse_taken,
)
from plangate.infrastructure.sqlite.errors import primary_code
from plangate.infrastructure.sqlite.file import DURABLE, SqliteFile

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


def sqlite_event_store(
    path: Path, pragmas: Mapping[str, str | int] = DURABLE
) -> RecorderEventStore:
    """The store in the file at `path`; raises what `SqliteFile` does."""
    return events_in(SqliteFile(path, pragmas))


def events_in(file: SqliteFile) -> RecorderEventStore:
    """The events of a file that others use too."""
    with file.translated(None):
        recorder = _Log(file.datastore)
    return RecorderEventStore(
        recorder, translated=file.translated, close=file.close, scrub=file.scrub
    )


class _Log(SQLiteApplicationRecorder):
    """The library's recorder on a table with explicit positions."""

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore)
        self.insert_events_statement = _INSERT

    def insert_placed(self, placed: Sequence[Notification]) -> None:
        """Record events at the positions they name, all or none."""
        rows = [(e.id, e.originator_id, e.originator_version, e.topic, e.state) for e in placed]
        with self._writing() as cursor:
            cursor.execute(_NEWEST)
            refuse_taken(cursor.fetchone()[0], placed)
            cursor.executemany(_INSERT_PLACED, rows)

    def rewrite_events(self, rewritten: Sequence[StoredEvent], then: Sequence[StoredEvent]) -> None:
        """Change the stored bytes of events and record others, all or none."""
        rows = [(e.state, e.originator_id, e.originator_version) for e in rewritten]
        with self._writing() as cursor:
            cursor.executemany(_REWRITE, rows)
            self._insert_events(cursor, then)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Notification]:
        """A plan's events, with their positions."""
        order = "DESC" if desc else "ASC"
        return self._notifications(
            "originator_id = ? AND originator_version > ? AND originator_version <= ?"
            f" ORDER BY originator_version {order} LIMIT ?",
            [str(originator_id), gt or 0, _all_if_none(lte), _all_if_none(limit)],
        )

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The log's events, in commit order."""
        after = (start or 0) - (1 if inclusive_of_start else 0)
        among = f" AND topic IN ({','.join('?' * len(topics))})" if topics else ""
        return self._notifications(
            f"notification_id > ? AND notification_id <= ?{among} ORDER BY notification_id LIMIT ?",
            [after, _all_if_none(stop), *topics, limit],
        )

    @contextmanager
    def _writing(self) -> Iterator[SQLiteCursor]:
        """A transaction that keeps other writers out from its beginning."""
        with self.datastore.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                connection.commit()
            except BaseException as error:
                connection.rollback()
                if isinstance(error, sqlite3.IntegrityError):
                    raise IntegrityError from error
                raise

    def _notifications(self, where: str, parameters: list[Any]) -> list[Notification]:
        with self.datastore.transaction(commit=False) as cursor:
            return [
                Notification(plan_id, version, name, state, id=position)
                for position, plan_id, version, name, state in _rows(
                    cursor, _SELECT + where, parameters
                )
            ]


def _rows(cursor: SQLiteCursor, query: str, parameters: list[Any]) -> list[Any]:
    """All rows. Damaged text comes out marked, so that its event alone is unreadable."""
    try:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())
    except sqlite3.OperationalError as error:
        if primary_code(error):
            raise
        # SQLite was content: Python could not decode. Doing this always costs a third.
        cursor.sqlite_cursor.connection.text_factory = lambda raw: raw.decode(errors="replace")
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


_NO_BOUND: Final = 2**63 - 1


def _all_if_none(bound: int | None) -> int:
    return _NO_BOUND if bound is None else bound
