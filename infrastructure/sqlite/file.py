"""The one SQLite file of a store: its connections, its transactions and its layout.

An acknowledged command survives power loss: write-ahead log, and `synchronous`
is FULL. The file says what it is, and which layout of tables it has; a file of an
older layout is brought up to date where it lies.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, Final
from urllib.parse import quote

from eventsourcing.persistence import (
    ConnectionUnavailableError,
    IntegrityError,
    PersistenceError,
)
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from plangate.application.errors import NotAStore, StoreTooNew, StoreUnavailable
from plangate.infrastructure.sqlite.errors import primary_code, translated_for
from plangate.infrastructure.sqlite.header import refuse_cut

APPLICATION_ID: Final = 0x504C4754
"""`PLGT`, in the file's header: this is a plangate store and nothing else."""

LOCK_TIMEOUT: Final = 30.0
"""Seconds to wait for another writer."""

DURABLE: Final[Mapping[str, str | int]] = {"synchronous": "FULL"}

_EVENTS: Final = """
CREATE TABLE stored_events (
    notification_id INTEGER PRIMARY KEY AUTOINCREMENT,
    originator_id TEXT NOT NULL,
    originator_version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    state TEXT NOT NULL,
    UNIQUE (originator_id, originator_version)
)
"""
VIEW_MARKS: Final = (
    """
    CREATE TABLE view_marks (
        view TEXT NOT NULL,
        rebuilt INTEGER NOT NULL,
        fold_version INTEGER NOT NULL,
        position INTEGER NOT NULL,
        updates INTEGER NOT NULL,
        PRIMARY KEY (view, rebuilt)
    )
    """,
    """
    CREATE TABLE view_stuck (
        view TEXT NOT NULL,
        rebuilt INTEGER NOT NULL,
        plan_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        position INTEGER,
        why TEXT NOT NULL,
        since TEXT NOT NULL,
        PRIMARY KEY (view, rebuilt, plan_id)
    )
    """,
)
"""How far each view has come, and the plans it is stuck on. The rows of a view have
tables of their own, which follow the version of its fold."""

_LEDGER: Final = (
    """
    CREATE TABLE ledger_leaves (
        leaf INTEGER PRIMARY KEY,
        position INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        hash BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE ledger_reach (
        leaves INTEGER NOT NULL,
        position INTEGER NOT NULL,
        frontier BLOB NOT NULL
    )
    """,
)
"""The ledger's leaves, numbered from 0, and how far it has come: nothing, or one row."""

_LAYOUTS: Final = ((_EVENTS,), VIEW_MARKS, _LEDGER)
"""What each version of the layout added; a file is led through those it lacks."""

LAYOUT_VERSION: Final = len(_LAYOUTS)
"""The version of the tables, in the file's `user_version`."""


class SqliteFile:
    """The file at `path`, open; it is made if it is not there.

    Raises `NotAStore` for a file that holds something else, `StoreTooNew` for one
    that a newer plangate wrote, `StoreUnavailable` where no file can be.
    """

    def __init__(self, path: Path, pragmas: Mapping[str, str | int] = DURABLE) -> None:
        if path.is_dir():
            raise NotAStore(f"{path} is a folder, not a database file")
        if not path.parent.is_dir():
            raise StoreUnavailable(f"the folder {path.parent} does not exist")
        refuse_cut(path)
        self._path = path
        self.datastore = Datastore(path, pragmas)
        try:
            with self.translated(None):
                _lay_out(self.datastore, path)
        except BaseException:
            self.datastore.close()
            raise

    def translated(self, plan_id: str | None) -> AbstractContextManager[None]:
        """Raises what goes wrong inside as `application.errors`."""
        return translated_for(self._path, plan_id)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        """A transaction that sees one state of the file."""
        with self.translated(None), self.datastore.transaction(commit=False) as cursor:
            yield cursor.sqlite_cursor

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        """A transaction that keeps other writers out from its beginning."""
        with self.translated(None), self.datastore.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor.sqlite_cursor
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def scrub(self) -> None:
        """Write the file anew without its free space, and empty the log beside it.

        Raises `StoreUnavailable` while others still read an older state of the file.
        """
        with self.translated(None), self.datastore.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("VACUUM")
            if _ask(cursor, "PRAGMA wal_checkpoint(TRUNCATE)"):
                raise StoreUnavailable(
                    f"{self._path}-wal may still hold what was removed: somebody else reads it"
                )

    def close(self) -> None:
        """Let go of the connections; closing twice is harmless."""
        self.datastore.close()


class _Pool(SQLiteConnectionPool):
    """The library's pool, with connections that are durable and keep their statements."""

    def __init__(self, path: Path, pragmas: Mapping[str, str | int], how: str) -> None:
        name = f"file:{quote(str(path.absolute()))}?{how}"
        super().__init__(db_name=name, pool_timeout=LOCK_TIMEOUT)
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


class Datastore(SQLiteDatastore):
    """The library's datastore, which one failure leaves as it was.

    The library would use a connection again in whatever state a failure left it,
    and bar all writers for good once one of them got no connection.
    """

    def __init__(self, path: Path, pragmas: Mapping[str, str | int], how: str = "mode=rwc") -> None:
        """`how` the file is opened, as SQLite's addresses say it."""
        super().__init__(str(path), originator_id_type="text")
        self.pool = _Pool(path, pragmas, how)
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


def _lay_out(datastore: Datastore, path: Path) -> None:
    """Make the tables of a new file, or those that an older layout lacks."""
    with datastore.get_connection(commit=True) as connection:
        cursor = connection.cursor()
        layout = layout_of(cursor, path)
        _use_write_ahead_log(cursor)
        if layout == LAYOUT_VERSION:
            return
        cursor.execute("BEGIN IMMEDIATE")
        try:
            for statements in _LAYOUTS[layout_of(cursor, path) :]:
                for statement in statements:
                    cursor.execute(statement)
            cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            cursor.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")
            connection.commit()
        except BaseException:
            connection.rollback()
            raise


def layout_of(cursor: SQLiteCursor, path: Path) -> int:
    """The layout of the file's tables; 0 for a file that is empty."""
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
        return int(layout)
    if application or layout or tables:
        raise NotAStore(f"{path} is a database of another application")
    return 0


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
