"""The one SQLite file of a store: its connections and its transactions.

An acknowledged command survives power loss: the file has a write-ahead log, and
`synchronous` is FULL.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, Final
from urllib.parse import quote

from eventsourcing import sqlite
from eventsourcing.persistence import ConnectionUnavailableError, IntegrityError, PersistenceError

from plangate.application.errors import NotAStore, StoreUnavailable
from plangate.infrastructure.sql.database import Cursor, T
from plangate.infrastructure.sqlite.errors import primary_code, translated_for
from plangate.infrastructure.sqlite.header import refuse_truncated
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION, lay_out, layout_of

LOCK_TIMEOUT: Final = 30.0
"""Seconds to wait for another writer."""

DURABLE: Final[Mapping[str, str | int]] = {"synchronous": "FULL"}


class SqliteFile:
    """The file at `path`, created if missing, its tables upgraded if they are older.

    Raises `NotAStore` for a file that holds something else, `StoreTooNew` for one
    that a newer plangate wrote, `StoreForbidden` where a right is missing,
    `StoreUnavailable` where no file can be created.
    """

    def __init__(self, path: Path, pragmas: Mapping[str, str | int] = DURABLE) -> None:
        self._path = path
        with self.translated(None):
            if path.is_dir():
                raise NotAStore(f"{path} is a folder, not a database file")
            if not path.parent.is_dir():
                raise StoreUnavailable(f"the folder {path.parent} does not exist")
            refuse_truncated(path)
        self.datastore = Datastore(path, pragmas)
        try:
            with self.translated(None):
                _prepare(self.datastore, path)
        except BaseException:
            self.datastore.close()
            raise

    def translated(self, plan_id: str | None) -> AbstractContextManager[None]:
        """Translate SQLite's errors into those of `application.errors`."""
        return translated_for(self._path, plan_id)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        """A transaction that sees one state of the file."""
        with self.translated(None), self.datastore.transaction(commit=False) as cursor:
            yield cursor.sqlite_cursor

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Cursor]:
        """A transaction that keeps other writers out from its beginning."""
        with self.translated(None), self.datastore.writing() as cursor:
            yield cursor.sqlite_cursor

    def read(self, work: Callable[[Cursor], T]) -> T:
        """Do `work` in a transaction that sees one state of the file."""
        with self.reading() as cursor:
            return work(cursor)

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Do `work` in a transaction that keeps other writers out from its beginning."""
        with self.writing() as cursor:
            return work(cursor)

    def scrub(self) -> None:
        """Rewrite the file without its free space, and empty its write-ahead log.

        Raises `StoreUnavailable` while another connection reads an older state of the file.
        """
        with self.translated(None), self.datastore.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("VACUUM")
            if _ask(cursor, "PRAGMA wal_checkpoint(TRUNCATE)"):
                raise StoreUnavailable(
                    f"{self._path}-wal may still hold what was removed: another connection reads it"
                )

    def close(self) -> None:
        """Close the connections; closing twice is harmless."""
        self.datastore.close()


class _Pool(sqlite.SQLiteConnectionPool):
    """The library's pool, with durable connections that keep their prepared statements."""

    def __init__(self, path: Path, pragmas: Mapping[str, str | int], how: str) -> None:
        name = f"file:{quote(str(path.absolute()))}?{how}"
        super().__init__(db_name=name, pool_timeout=LOCK_TIMEOUT)
        self._pragmas = pragmas

    def _create_connection(self) -> sqlite.SQLiteConnection:
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
        return sqlite.SQLiteConnection(connection, max_age=self.max_age)


class Datastore(sqlite.SQLiteDatastore):
    """The library's datastore, made to survive failures.

    The library would reuse a connection in whatever state a failure left it, and lock
    out all writers for good once one of them got no connection.
    """

    def __init__(self, path: Path, pragmas: Mapping[str, str | int], how: str = "mode=rwc") -> None:
        """Open the file; `how` is the query part of SQLite's file URI."""
        super().__init__(str(path), originator_id_type="text")
        self.pool = _Pool(path, pragmas, how)
        self._one_writer = Lock()

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[sqlite.SQLiteConnection]:
        """A connection for one transaction; the writers of a process take turns."""
        if commit and not self._one_writer.acquire(timeout=LOCK_TIMEOUT):
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
                self._one_writer.release()

    @contextmanager
    def writing(self) -> Iterator[sqlite.SQLiteCursor]:
        """A transaction that keeps other writers out from its beginning."""
        with self.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                connection.commit()
            except BaseException:
                connection.rollback()
                raise


def _prepare(datastore: Datastore, path: Path) -> None:
    """Switch the file to WAL, and create the tables that it lacks."""
    with datastore.get_connection(commit=True) as connection:
        cursor = connection.cursor()
        layout = layout_of(cursor.sqlite_cursor, path)
        _use_write_ahead_log(cursor)
    if layout < LAYOUT_VERSION:
        with datastore.writing() as cursor:
            lay_out(cursor.sqlite_cursor, path)


def _use_write_ahead_log(cursor: sqlite.SQLiteCursor) -> None:
    """Switch to WAL, waiting for other connections, which SQLite does not do by itself."""
    deadline = monotonic() + LOCK_TIMEOUT
    while _ask(cursor, "PRAGMA journal_mode") != "wal":
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.01)


def _ask(cursor: sqlite.SQLiteCursor, question: str) -> Any:
    cursor.execute(question)
    return cursor.fetchone()[0]
