"""The schema of a store in PostgreSQL: its connections and its transactions.

Events, views and the ledger share one schema, so that a larger application's database can
hold them beside its own tables.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import local
from typing import Any, Final

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg import errors
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier
from psycopg_pool import ConnectionPool
from typing_extensions import override

from plangate.application.errors import NotAStore, StoreReadOnly
from plangate.infrastructure.postgres.connections import (
    Connection,
    Connections,
    OwnConnections,
    PoolConnections,
    notices,
)
from plangate.infrastructure.postgres.errors import translated_for
from plangate.infrastructure.postgres.layout import LAYOUT_VERSION, LOCKS, lay_out, layout_of
from plangate.infrastructure.sql.database import Cursor, T

_LONGEST_NAME: Final = 63
"""Bytes. PostgreSQL silently truncates longer names."""

# Stated, because a pool's connections may be set to another level.
BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_TAKE_PLAN: Final = "SELECT pg_advisory_xact_lock(%s, %s)"

# A pool's connections may be set to another date style and fewer digits.
_HERE: Final = SQL(
    "{}; SET LOCAL search_path = {}; SET LOCAL datestyle = ISO; SET LOCAL extra_float_digits = 1"
)
_BEGIN_READING: Final = SQL("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

# Views and ledger can be rebuilt from the log, so writing them waits for no standby. It
# waits for the disk: readers rely on a view's position, and a crash must not undo it.
_BEGIN_WRITING: Final = SQL(
    "BEGIN ISOLATION LEVEL READ COMMITTED;"
    " SET LOCAL synchronous_commit = local; SET LOCAL statement_timeout = 0"
)


def open_schema(source: str | ConnectionPool[Any], schema: str = "plangate") -> "Schema":
    """The schema of a database at a libpq URL, or behind a psycopg pool.

    Missing tables are created. Raises `NotAStore` where the schema holds something else or
    this user may not create them, `StoreTooNew` for a newer layout, `StoreUnavailable`
    where no server answers.
    """
    opened = unchecked_schema(source, schema)
    try:
        with opened.translated(None), opened.get_connection() as connection:
            if layout_of(connection, schema, opened.name) < LAYOUT_VERSION:
                lay_out(connection, schema, opened.name)
    except BaseException:
        opened.close()
        raise
    return opened


def unchecked_schema(source: str | ConnectionPool[Any], schema: str) -> "Schema":
    """The schema as it is, with or without tables; raises `NotAStore` for an invalid name."""
    if not 0 < len(schema.encode()) <= _LONGEST_NAME or "\0" in schema or schema[:3] == "pg_":
        raise NotAStore(f"{schema!r} is not a valid name for a PostgreSQL schema")
    connections = OwnConnections(source) if isinstance(source, str) else PoolConnections(source)
    return Schema(connections, schema)


class Schema(PostgresDatastore):
    """The library's datastore, on our own connections.

    The library's pool hides why it has no connection, and waits longer with each attempt.
    """

    def __init__(self, connections: Connections, schema: str) -> None:
        super().__init__("", "", "", "", "", schema=schema, originator_id_type="text")
        self._connections = connections
        self._here = local()
        self.name = f"{connections.name} (schema {schema})"

    def translated(self, plan_id: str | None) -> AbstractContextManager[None]:
        """Translate PostgreSQL's errors into those of `application.errors`."""
        return translated_for(self.name, plan_id)

    @contextmanager
    def get_connection(self) -> Iterator[Connection]:
        """The connection of this thread's turn, or one in autocommit mode."""
        held: Connection | None = getattr(self._here, "turn", None)
        if held is not None:
            yield held
            return
        with self._connections.one() as connection:
            yield connection

    @contextmanager
    def turn(self, plan_id: str) -> Iterator[None]:
        """One transaction for this thread's reads and appends; others wait for the plan."""
        with self.translated(plan_id), self._connections.one() as connection:
            try:
                with connection.pipeline():
                    connection.execute(BEGIN)
                    connection.execute(_TAKE_PLAN, self.lock(plan_id))
                self._here.turn = connection
                yield
            finally:
                self._here.turn = None
                roll_back(connection)

    @contextmanager
    def reading(self) -> Iterator["QuestionMarks"]:
        """A transaction that sees one state of the schema, with the schema as search path."""
        with self.translated(None), self._connections.one() as connection:
            try:
                connection.execute(self._here_after(_BEGIN_READING))
                yield QuestionMarks(connection.cursor(row_factory=tuple_row))
            finally:
                roll_back(connection)

    @contextmanager
    def writing(self) -> Iterator["QuestionMarks"]:
        """A transaction for what can be rebuilt from the log, with the schema as search path."""
        with self.translated(None), self._connections.one() as connection:
            try:
                with self.requiring_write_access():
                    connection.execute(self._here_after(_BEGIN_WRITING))
                    yield QuestionMarks(connection.cursor(row_factory=tuple_row))
                    connection.execute("COMMIT")
            finally:
                roll_back(connection)

    def read(self, work: Callable[[Cursor], T]) -> T:
        """Do `work` in a transaction that sees one state, with the schema as search path."""
        with self.reading() as cursor:
            return work(cursor)

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Do `work` in a transaction for what can be rebuilt from the log."""
        with self.writing() as cursor:
            return work(cursor)

    @contextmanager
    def requiring_write_access(self) -> Iterator[None]:
        """Raise `StoreReadOnly` where this user may not write."""
        try:
            yield
        except errors.InsufficientPrivilege as error:
            raise StoreReadOnly(f"{self.name} can be read but not written by this user") from error

    def rewrite_tables(self, tables: Sequence[str]) -> None:
        """Rewrite tables without their free space; only their owner may, and it takes time."""
        with (
            self.translated(None),
            self._connections.one() as connection,
            notices(connection) as refused,
        ):
            try:
                connection.execute("SET statement_timeout = 0")
                for table in tables:
                    name = Identifier(self.schema, table)
                    connection.execute(SQL("VACUUM (FULL) {}").format(name))
            finally:
                connection.execute("RESET statement_timeout")
        if refused:
            raise StoreReadOnly(f"{self.name} may still hold what was removed ({refused[0][1]})")

    def lock(self, plan_id: str = "") -> tuple[int, int]:
        """The advisory lock of a plan, or of the whole log."""
        name = f"{self.schema}\n{plan_id}"
        return LOCKS, zlib.crc32(name.encode()) - 2**31

    def _here_after(self, begin: SQL) -> Composed:
        return _HERE.format(begin, Identifier(self.schema))

    def register_type_adapters(self) -> None:
        """Register nothing: the library's composite types are not used."""

    def close(self) -> None:
        """Close the connections; closing twice is harmless."""
        self._connections.close()


class QuestionMarks(Cursor):
    """A cursor with `?` as placeholder, as SQLite's cursors have it."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self.cursor = cursor

    @property
    @override
    def rowcount(self) -> int:
        return self.cursor.rowcount

    @override
    def execute(self, text: str, values: Sequence[Any] = ()) -> None:
        self.cursor.execute(text.replace("?", "%s").encode(), values)

    @override
    def executemany(self, text: str, rows: Iterable[Sequence[Any]]) -> None:
        self.cursor.executemany(text.replace("?", "%s").encode(), rows)

    @override
    def fetchone(self) -> Any:
        return self.cursor.fetchone()

    @override
    def fetchall(self) -> list[Any]:
        return self.cursor.fetchall()


def roll_back(connection: Connection) -> None:
    """Roll back an open transaction; a connection in any worse state is closed elsewhere."""
    if connection.info.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
        connection.rollback()
