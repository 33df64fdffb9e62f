"""The one SQLite file of a store: its connections and its transactions.

An acknowledged command survives power loss: the file has a write-ahead log, and
`synchronous` is FULL. What follows from the log waits for no disk: it is in the same
write-ahead log, so it is never ahead of the events that it follows from.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, cast

from plangate.application.errors import NotAStore, StoreUnavailable
from plangate.infrastructure.eventsourcing_library.joined_store import JoinedTransactions
from plangate.infrastructure.sql.database import T
from plangate.infrastructure.sql.group_commit import GroupCommit
from plangate.infrastructure.sqlite import connections
from plangate.infrastructure.sqlite.errors import opening, primary_code, translated_for
from plangate.infrastructure.sqlite.facts import FILE_ID, facts_in, file_uri, set_file_id
from plangate.infrastructure.sqlite.group_commit import commit_together
from plangate.infrastructure.sqlite.header import refuse_hard_links, refuse_truncated, resolved
from plangate.infrastructure.sqlite.identity import FileIdentity
from plangate.infrastructure.sqlite.joined_file import JoinedFile, require_connection
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION, lay_out, layout_of
from plangate.infrastructure.sqlite.opening import prepare

DURABLE: Final[Mapping[str, str | int]] = {"synchronous": "FULL"}
_DERIVED: Final[Mapping[str, str | int]] = {"synchronous": "NORMAL", "busy_timeout": 0}

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
        named, self._path = path, resolved(path)
        with opening(self._path):
            if self._path.is_dir():
                raise NotAStore(f"{self._path} is a folder, not a database file")
            if not self._path.parent.is_dir():
                raise StoreUnavailable(f"the folder {self._path.parent} does not exist")
            refuse_hard_links(self._path)
            refuse_truncated(self._path)
            file_id = prepare(self._path)
            self._identity = FileIdentity(named)
        self._open(self._path, pragmas, "mode=rw")
        try:
            with self.translated():
                self._lay_out(file_id)
        except BaseException:
            self.close()
            raise

    def _open(self, path: Path, pragmas: Mapping[str, str | int], how: str) -> None:
        """Name the file for SQLite; `how` is the query part of its URI."""
        connect = partial(_connection, file_uri(path, how), pragmas)
        self._readers = connections.Connections(path.absolute(), _READERS, connect)
        self._writer = connections.Connections(path.absolute(), 1, connect)
        derived = partial(_connection, file_uri(path, how), {**pragmas, **_DERIVED})
        self._derived_writer = connections.Connections(path.absolute(), 1, derived)
        self._observer = connections.Connections(path.absolute(), 1, connect)
        self._beside = connections.Connections(path.absolute(), 1, connect)
        self._group = GroupCommit(self._writer.use, commit_together)
        self._joined = JoinedTransactions()

    def translated(self) -> AbstractContextManager[None]:
        """Translate SQLite's errors into those of `application.errors`."""
        return translated_for(self._path)

    def read(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """Do `work` in a transaction that sees one state of the file."""
        with self.translated():
            self._require_in_place()
            return self._readers.transact(_READ, work)

    def write(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """Do `work` in a transaction that keeps other writers out from its beginning."""
        with self.translated():
            self._require_can_write()
            answer = self._writer.transact(_WRITE, work)
            self._require_in_place()  # nothing is acknowledged that another file holds
            return answer

    def read_beside(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """`read` on the one connection that has tables in memory beside those of the file."""
        with self.translated():
            self._require_in_place()
            return self._beside.transact(_READ, work)

    def write_derived(self, work: Callable[[sqlite3.Cursor], T], *, at_once: bool = False) -> T:
        """`write` for what follows from the log. After power loss it may be as it was before.

        With `at_once` it raises `WriterBusy` where it would have to wait.
        """
        writer = self._derived_writer
        with self.translated():
            if at_once:
                self._require_in_place()
                transact = writer.transact_at_once
            else:
                self._require_can_write()
                transact = writer.transact_soon
            answer = transact(_WRITE, work)
            self._require_in_place()
            return answer

    def write_statement(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work`, which executes one statement; other threads' may be committed with it."""
        with self.translated():
            self._require_can_write()
            answer: T = self._group.execute(work)
            self._require_in_place()
            return answer

    def changes(self) -> object:
        """What is equal only while no connection, of any process, writes the file."""
        with self.translated():
            self._require_in_place()
            return self._observer.use(_changes)

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
            self._require_can_write()
            self._writer.use(rewrite)
            self._require_in_place()

    def close(self) -> None:
        """Close the connections; closing twice is harmless.

        Transactions in progress may end, for at most `LOCK_TIMEOUT` seconds; what is called
        later raises `StoreUnavailable`. SQLite leaves what lies at the path as it is where the
        file is not there any more.
        """
        deadline = monotonic() + connections.LOCK_TIMEOUT
        with ExitStack() as closing:  # each is closed, whatever another one raises
            closing.callback(self._let_go)
            for one in (
                *(self._writer, self._observer, self._beside),
                *(self._derived_writer, self._readers),
            ):
                closing.callback(one.close, deadline)

    def _require_in_place(self) -> None:
        """Raise `StoreReplaced` unless the opened file is the one at its path."""
        self._identity.require_in_place()

    def _require_can_write(self) -> None:
        """Raise also where this thread would wait for a transaction of its own."""
        self._joined.refuse_to_wait()
        self._require_in_place()

    def joined(self, connection: object) -> JoinedFile:
        """The file inside the transaction that is open on a connection of the caller."""
        file = JoinedFile(self._path, require_connection(connection))
        file.begin(self.read(facts_in).get(FILE_ID))
        self._joined.join(file)
        return file

    def _let_go(self) -> None:
        self._identity.close()

    def _lay_out(self, file_id: str) -> None:
        """Switch the file to WAL, create the tables that it lacks, and give it its id."""

        def is_ready(connection: sqlite3.Connection) -> bool:
            cursor = connection.cursor()
            layout = layout_of(cursor, self._path)
            _use_write_ahead_log(connection)
            return layout >= LAYOUT_VERSION and facts_in(cursor).get(FILE_ID) == file_id

        def lay_out_and_name(cursor: sqlite3.Cursor) -> None:
            lay_out(cursor, self._path)
            set_file_id(cursor, file_id)

        if not self._writer.use(is_ready):
            self._writer.transact(_WRITE, lay_out_and_name)
            # The id can be read in the file alone from now on.
            self._writer.use(lambda connection: _ask(connection, "PRAGMA wal_checkpoint(PASSIVE)"))


class _Connection(sqlite3.Connection):
    """A connection with a number of its own: what it says of changes is comparable to no other."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number = next(_numbers)


_numbers: Final = count()


def _changes(connection: sqlite3.Connection) -> object:
    """The version of the file for this connection, which itself writes nothing."""
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return cast("_Connection", connection).number, version


def _connection(uri: str, pragmas: Mapping[str, str | int]) -> _Connection:
    connection = sqlite3.connect(
        uri,
        factory=_Connection,
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
