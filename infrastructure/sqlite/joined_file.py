"""The file of a store on a connection of the caller, inside the transaction that is open there.

Each piece of work is a savepoint: an error undoes that much, and leaves the transaction as
it was. The lock of the one writer is taken at the beginning, as a transaction that has read
before cannot take it once another one wrote.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from plangate.application.errors import TransactionConflict, TransactionRefused
from plangate.infrastructure.sql.database import T
from plangate.infrastructure.sqlite.errors import translated_for
from plangate.infrastructure.sqlite.facts import FILE_ID, facts_in
from plangate.infrastructure.sqlite.layout import layout_of

_TAKE_LOCK: Final = "DELETE FROM store_facts WHERE FALSE"
"""Changes nothing, but makes the transaction the one that writes."""

_FILE: Final = "SELECT CAST(file AS BLOB) FROM pragma_database_list WHERE name = 'main'"


class JoinedFile:
    """The part of `SqliteFile` that a log needs, inside the caller's transaction."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._left = False

    def begin(self, file_id: str | None) -> None:
        """Refuse a connection that leads elsewhere, and take the writer's lock.

        A connection on which Python's `sqlite3` begins transactions by itself begins one. Raises
        `StoreTooNew` for a newer layout.
        """
        began = False
        with self.translated():
            [(name,)] = self._connection.execute(_FILE)
            file = os.fsdecode(name or b"")
            if not file or not Path(file).exists() or not self._path.samefile(file):
                where = file or "a database in memory"
                raise TransactionRefused(f"the connection leads to {where}, not to {self._path}")
            if not self._connection.in_transaction:
                if self._connection.isolation_level is None:
                    raise TransactionRefused(
                        "the connection is in no transaction: BEGIN one first, which you commit"
                    )
                self._connection.execute("BEGIN IMMEDIATE")
                began = True
        try:
            self._take_lock(file_id)
        except BaseException:
            if began:  # or the lock would be held by a caller who has nothing to commit
                with suppress(sqlite3.Error):
                    self._connection.rollback()
            raise

    def _take_lock(self, file_id: str | None) -> None:
        self.write(_take_lock)
        if self.read(facts_in).get(FILE_ID) != file_id:
            raise TransactionRefused(f"the connection leads to a file that was at {self._path}")
        self.read(partial(layout_of, path=self._path))

    @property
    def is_open(self) -> bool:
        """Whether the transaction is still open."""
        try:
            return not self._left and self._connection.in_transaction
        except sqlite3.Error:  # it was closed
            return False

    def leave(self) -> None:
        """Do nothing more on the connection."""
        self._left = True

    @contextmanager
    def translated(self, _plan_id: str | None = None) -> Iterator[None]:
        """Translate SQLite's errors into those of `application.errors`.

        Python refuses a connection that is closed, or another thread's, as misuse.
        """
        with translated_for(self._path):
            try:
                yield
            except sqlite3.ProgrammingError as error:
                raise TransactionRefused(f"the connection cannot be used ({error})") from error
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY_SNAPSHOT:
                    raise TransactionConflict("") from error
                raise

    def read(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """Do `work` as part of the transaction; undo it if it raises an error."""
        if not self.is_open:
            raise TransactionRefused("the transaction is over: nothing more can be done in it")
        with self.translated():
            return self._in_savepoint(work)

    write = read

    def write_statement(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """Do `work`, which executes one statement, as `write` does."""
        return self.read(work)

    def _in_savepoint(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        cursor, texts = self._connection.cursor(), self._connection.text_factory
        cursor.row_factory = None
        try:
            self._connection.text_factory = str
            cursor.execute("SAVEPOINT plangate")
            try:
                answer = work(cursor)
            except BaseException:
                with suppress(sqlite3.Error):  # where SQLite undid the whole transaction itself
                    cursor.execute("ROLLBACK TO plangate")
                    cursor.execute("RELEASE plangate")
                raise
            cursor.execute("RELEASE plangate")
            return answer
        finally:
            self._connection.text_factory = texts


def require_connection(connection: object) -> sqlite3.Connection:
    """The connection, if it is one of Python's `sqlite3`; else raise `TransactionRefused`."""
    if isinstance(connection, sqlite3.Connection):
        return connection
    raise TransactionRefused(
        f"{type(connection).__module__}.{type(connection).__qualname__} is not a"
        " sqlite3.Connection; of SQLAlchemy pass connection.connection.driver_connection, of"
        " Django connection.connection"
    )


def _take_lock(cursor: sqlite3.Cursor) -> None:
    cursor.execute(_TAKE_LOCK)
