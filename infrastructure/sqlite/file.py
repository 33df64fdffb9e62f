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

from eventsourcing import sqlite
from eventsourcing.persistence import ConnectionUnavailableError, IntegrityError, PersistenceError

from plangate.application.errors import NotAStore, StoreUnavailable
from plangate.infrastructure.sql.database import Cursor, T
from plangate.infrastructure.sqlite.errors import opening, primary_code, translated_for
from plangate.infrastructure.sqlite.facts import FILE_ID, facts_in, file_uri, set_file_id
from plangate.infrastructure.sqlite.header import refuse_hard_links, refuse_truncated, resolved
from plangate.infrastructure.sqlite.identity import FileIdentity
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION, lay_out, layout_of
from plangate.infrastructure.sqlite.opening import prepare

LOCK_TIMEOUT: Final = 30.0
"""Seconds to wait for another writer."""

DURABLE: Final[Mapping[str, str | int]] = {"synchronous": "FULL"}


class SqliteFile:
    """The file at `path`, created if missing, its tables upgraded if they are older.

    Raises `NotAStore` for a file that holds something else, `StoreTooNew` for one
    that a newer plangate wrote, `StoreUnavailable` where no file can be created.
    """

    def __init__(self, path: Path, pragmas: Mapping[str, str | int] = DURABLE) -> None:
        named, path = path, resolved(path)
        if path.is_dir():
            raise NotAStore(f"{path} is a folder, not a database file")
        if not path.parent.is_dir():
            raise StoreUnavailable(f"the folder {path.parent} does not exist")
        refuse_hard_links(path)
        refuse_truncated(path)
        self._path = path
        with opening(path):
            file_id = prepare(path)
            self._identity = FileIdentity(named)
        self.datastore = Datastore(path, pragmas, require_in_place=self._identity.require_in_place)
        try:
            with self.translated(None):
                _lay_out(self.datastore, path, file_id)
        except BaseException:
            self.close()
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
        """Close the connections; closing twice is harmless.

        SQLite leaves what lies at the path as it is where the file is not there any more.
        """
        self.datastore.close()
        self._identity.close()


class _Pool(sqlite.SQLiteConnectionPool):
    """The library's pool, with durable connections that keep their prepared statements."""

    def __init__(self, path: Path, pragmas: Mapping[str, str | int], how: str) -> None:
        super().__init__(db_name=file_uri(path, how), pool_timeout=LOCK_TIMEOUT)
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

    def __init__(
        self,
        path: Path,
        pragmas: Mapping[str, str | int],
        how: str = "mode=rw",
        *,
        require_in_place: Callable[[], object],
    ) -> None:
        """Open the file; `how` is the query part of SQLite's file URI.

        `require_in_place` is called before every transaction, and once more after those that
        write, so that nothing is acknowledged that another file holds.
        """
        super().__init__(str(path), originator_id_type="text")
        self.pool = _Pool(path, pragmas, how)
        self._require_in_place = require_in_place
        self._one_writer = Lock()

    def open_again(self, path: Path, pragmas: Mapping[str, str | int], how: str) -> None:
        """Open another file, or the same in another way; those who read finish as they began."""
        self.pool = _Pool(path, pragmas, how)

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[sqlite.SQLiteConnection]:
        """A connection for one transaction; the writers of a process take turns."""
        if commit and not self._one_writer.acquire(timeout=LOCK_TIMEOUT):
            raise ConnectionUnavailableError
        try:
            self._require_in_place()
            pool = self.pool
            connection = pool.get_connection()
            try:
                yield connection
            except (PersistenceError, sqlite3.Error) as error:
                if not isinstance(error, IntegrityError):
                    connection.close()
                raise
            finally:
                pool.put_connection(connection)
            if commit:
                self._require_in_place()
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


def _lay_out(datastore: Datastore, path: Path, file_id: str) -> None:
    """Switch the file to WAL, create the tables that it lacks, and give it its id."""
    with datastore.get_connection(commit=True) as connection:
        cursor = connection.cursor()
        layout = layout_of(cursor.sqlite_cursor, path)
        _use_write_ahead_log(cursor)
        if layout == LAYOUT_VERSION and facts_in(cursor.sqlite_cursor).get(FILE_ID) == file_id:
            return
    with datastore.writing() as cursor:
        lay_out(cursor.sqlite_cursor, path)
        set_file_id(cursor.sqlite_cursor, file_id)
    with datastore.get_connection(commit=True) as connection:
        # The id can be read in the file alone from now on.
        connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")


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
