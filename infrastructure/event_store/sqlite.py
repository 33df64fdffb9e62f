"""Events kept in one SQLite file: the default store.

An acknowledged command survives power loss: write-ahead log, and `synchronous`
is FULL. Each event has an explicit position that is never issued twice and that
compacting the file leaves alone.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from eventsourcing.persistence import (
    ConnectionUnavailableError,
    IntegrityError,
    Notification,
    PersistenceError,
)
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from plangate.application.errors import NotAStore, StoreTooNew, StoreUnavailable
from plangate.infrastructure.event_store.recorder_store import RecorderEventStore
from plangate.infrastructure.event_store.sqlite_refusals import primary_code, translated_for

APPLICATION_ID: Final = 0x504C4754
"""`PLGT`, in the file's header: this is a plangate store and nothing else."""

LAYOUT_VERSION: Final = 1
"""The version of the tables, in the file's `user_version`."""

LOCK_TIMEOUT: Final = 30.0
"""Seconds to wait for another writer."""

DURABLE: Final[Mapping[str, str | int]] = {"synchronous": "FULL"}

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS stored_events (
    notification_id INTEGER PRIMARY KEY AUTOINCREMENT,
    originator_id TEXT NOT NULL,
    originator_version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    state TEXT NOT NULL,
    UNIQUE (originator_id, originator_version)
)
"""
_INSERT: Final = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
    " VALUES (?, ?, ?, CAST(? AS TEXT))"
)
_SELECT: Final = (
    "SELECT notification_id, originator_id, originator_version, topic, CAST(state AS BLOB)"
    " FROM stored_events WHERE "
)


def sqlite_event_store(
    path: Path, pragmas: Mapping[str, str | int] = DURABLE
) -> RecorderEventStore:
    """The store in the file at `path`, which is made if it is not there.

    Raises `NotAStore` for a file that holds something else, `StoreTooNew` for one
    that a newer plangate wrote, `StoreUnavailable` where no file can be.
    """
    if path.is_dir():
        raise NotAStore(f"{path} is a folder, not a database file")
    if not path.parent.is_dir():
        raise StoreUnavailable(f"the folder {path.parent} does not exist")
    datastore = _Datastore(path, pragmas)
    try:
        with translated_for(path, None):
            recorder = _Log(datastore)
            _lay_out(datastore, path)
    except BaseException:
        datastore.close()
        raise
    return RecorderEventStore(
        recorder,
        translated=lambda plan_id: translated_for(path, plan_id),
        close=datastore.close,
    )


class _Pool(SQLiteConnectionPool):
    """The library's pool, with connections that are durable and keep their statements."""

    def __init__(self, path: Path, pragmas: Mapping[str, str | int]) -> None:
        super().__init__(db_name=f"file:{quote(str(path.absolute()))}", pool_timeout=LOCK_TIMEOUT)
        self._pragmas = pragmas

    def _create_connection(self) -> SQLiteConnection:
        connection = sqlite3.connect(
            self.db_name,
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            timeout=LOCK_TIMEOUT,
        )
        try:
            for name, value in self._pragmas.items():
                connection.execute(f"PRAGMA {name} = {value}")
        except BaseException:
            connection.close()
            raise
        return SQLiteConnection(connection, max_age=self.max_age)


class _Datastore(SQLiteDatastore):
    """The library's datastore, which one failure leaves as it was.

    The library would use a connection again in whatever state a failure left it,
    and bar all writers for good once one of them got no connection.
    """

    def __init__(self, path: Path, pragmas: Mapping[str, str | int]) -> None:
        super().__init__(str(path), originator_id_type="text")
        self.pool = _Pool(path, pragmas)
        self._writing = Lock()

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[SQLiteConnection]:
        """A connection for one transaction; the writers of a process come one by one."""
        if commit and not self._writing.acquire(timeout=LOCK_TIMEOUT):
            raise ConnectionUnavailableError
        try:
            connection = self.pool.get_connection()
            try:
                yield connection
            except (PersistenceError, sqlite3.Error) as error:
                if not isinstance(error, IntegrityError):
                    connection.close()
                raise
            finally:
                self.pool.put_connection(connection)
        finally:
            if commit:
                self._writing.release()


class _Log(SQLiteApplicationRecorder):
    """The library's recorder on a table with explicit positions."""

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore)
        self.insert_events_statement = _INSERT

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


def _lay_out(datastore: _Datastore, path: Path) -> None:
    """Make the tables of a new file, or see that an old one is ours to use."""
    with datastore.get_connection(commit=True) as connection:
        cursor = connection.cursor()
        laid_out = _is_laid_out(cursor, path)
        _use_write_ahead_log(cursor)
        if laid_out:
            return
        cursor.execute("BEGIN IMMEDIATE")
        try:
            if not _is_laid_out(cursor, path):
                cursor.execute(_TABLE)
                cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                cursor.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")
            connection.commit()
        except BaseException:
            connection.rollback()
            raise


def _is_laid_out(cursor: SQLiteCursor, path: Path) -> bool:
    # One statement: a file that another is laying out is seen before or after that.
    cursor.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
        " FROM pragma_application_id, pragma_user_version"
    )
    application, layout, tables = cursor.fetchone()
    if application == APPLICATION_ID:
        if layout > LAYOUT_VERSION:
            raise StoreTooNew(
                f"{path} has layout {layout}; this plangate knows layouts up to {LAYOUT_VERSION}"
            )
        return True
    if application or layout or tables:
        raise NotAStore(f"{path} is a database of another application")
    return False


def _use_write_ahead_log(cursor: SQLiteCursor) -> None:
    """Switch to WAL; SQLite does not wait for others by itself when it switches."""
    deadline = monotonic() + LOCK_TIMEOUT
    while _ask(cursor, "PRAGMA journal_mode") != "wal":
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.01)


def _ask(cursor: SQLiteCursor, question: str) -> Any:
    cursor.execute(question)
    return cursor.fetchone()[0]
