"""The one SQLite file of a store: its connections and its transactions.

An acknowledged command survives power loss: the file has a write-ahead log, and
`synchronous` is FULL.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final
from urllib.parse import quote

from plangate.application.errors import NotAStore, StoreUnavailable
from plangate.infrastructure.sql.database import T
from plangate.infrastructure.sqlite import connections
from plangate.infrastructure.sqlite.errors import primary_code, translated_for
from plangate.infrastructure.sqlite.header import refuse_truncated
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION, lay_out, layout_of

DURABLE: Final[Mapping[str, str | int]] = {"synchronous": "FULL"}

_READERS: Final = 8
"""Connections that read at the same time; more threads wait for one of them."""

_READ: Final = "BEGIN"
_WRITE: Final = "BEGIN IMMEDIATE"


class SqliteFile:
    """The file at `path`, created if missing, its tables upgraded if they are older.

    Raises `NotAStore` for a file that holds something else, `StoreTooNew` for one
    that a newer plangate wrote, `StoreForbidden` where a right is missing,
    `StoreUnavailable` where no file can be created.
    """

    def __init__(self, path: Path, pragmas: Mapping[str, str | int] = DURABLE) -> None:
        self._path = path
        with self.translated():
            if path.is_dir():
                raise NotAStore(f"{path} is a folder, not a database file")
            if not path.parent.is_dir():
                raise StoreUnavailable(f"the folder {path.parent} does not exist")
            refuse_truncated(path)
        self._open(path, pragmas, "mode=rwc")
        try:
            with self.translated():
                self._prepare()
        except BaseException:
            self.close()
            raise

    def _open(self, path: Path, pragmas: Mapping[str, str | int], how: str) -> None:
        """Name the file for SQLite; `how` is the query part of its URI."""
        self._path = path
        uri = f"file:{quote(str(path.absolute()))}?{how}"
        connect = partial(_connection, uri, pragmas)
        self._readers = connections.Connections(path.absolute(), _READERS, connect)
        self._writer = connections.Connections(path.absolute(), 1, connect)

    def translated(self) -> AbstractContextManager[None]:
        """Translate SQLite's errors into those of `application.errors`."""
        return translated_for(self._path)

    def read(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """Do `work` in a transaction that sees one state of the file."""
        with self.translated():
            return self._readers.transact(_READ, partial(self._in_place, work))

    def write(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """Do `work` in a transaction that keeps other writers out from its beginning."""
        with self.translated():
            return self._writer.transact(_WRITE, partial(self._in_place, work))

    def _in_place(self, work: Callable[[sqlite3.Cursor], T], cursor: sqlite3.Cursor) -> T:
        """Do `work` in the transaction that has just begun."""
        # HERE: require that the opened file is the one at its path (OpenedFile.require_in_place).
        return work(cursor)

    def scrub(self) -> None:
        """Rewrite the file without its free space, and empty its write-ahead log.

        Raises `StoreUnavailable` while another connection reads an older state of the file.
        """

        def rewrite(connection: sqlite3.Connection) -> None:
            connection.execute("VACUUM")
            if _ask(connection, "PRAGMA wal_checkpoint(TRUNCATE)"):
                raise StoreUnavailable(
                    f"{self._path}-wal may still hold what was removed: another connection reads it"
                )

        with self.translated():
            self._writer.use(rewrite)

    def close(self) -> None:
        """Close the connections; closing twice is harmless.

        Transactions in progress may end, for at most `LOCK_TIMEOUT` seconds; what is called
        later raises `StoreUnavailable`.
        """
        deadline = monotonic() + connections.LOCK_TIMEOUT
        try:
            self._readers.close(deadline)
        finally:
            self._writer.close(deadline)

    def _prepare(self) -> None:
        """Switch the file to WAL, and create the tables that it lacks."""

        def switch(connection: sqlite3.Connection) -> int:
            layout = layout_of(connection.cursor(), self._path)
            _use_write_ahead_log(connection)
            return layout

        if self._writer.use(switch) < LAYOUT_VERSION:
            self._writer.transact(_WRITE, lambda cursor: lay_out(cursor, self._path))


def _connection(uri: str, pragmas: Mapping[str, str | int]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri,
        uri=True,
        check_same_thread=False,
        isolation_level=None,
        timeout=connections.LOCK_TIMEOUT,
    )
    try:
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}")
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to WAL, waiting for other connections, which SQLite does not do by itself."""
    deadline = monotonic() + connections.LOCK_TIMEOUT
    while _ask(connection, "PRAGMA journal_mode") != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.01)


def _ask(connection: sqlite3.Connection, question: str) -> Any:
    return connection.execute(question).fetchone()[0]
