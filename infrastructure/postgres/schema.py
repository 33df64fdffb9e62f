"""The schema of a store in PostgreSQL: its connections and its transactions.

Events, views and the ledger share one schema, so that a larger application's database can
hold them beside its own tables.
"""

import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import local
from typing import Any, Final, LiteralString

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier
from psycopg_pool import ConnectionPool

from plangate.application.errors import NotAStore, StoreError, StoreForbidden, TransactionRefused
from plangate.application.forks import renew_in_child
from plangate.infrastructure.eventsourcing_library.joined_store import JoinedTransactions
from plangate.infrastructure.postgres.connections import (
    Connection,
    Connections,
    Query,
    confirmed,
    in_transaction,
)
from plangate.infrastructure.postgres.errors import translated_for
from plangate.infrastructure.postgres.joined_connection import JoinedConnection
from plangate.infrastructure.postgres.layout import LAYOUT_VERSION, LOCKS, lay_out, layout_of
from plangate.infrastructure.postgres.lent_pool import PoolConnections
from plangate.infrastructure.postgres.own_connections import CONNECTIONS, OwnConnections
from plangate.infrastructure.postgres.question_marks import QuestionMarks
from plangate.infrastructure.postgres.rewriting import rewrite_tables
from plangate.infrastructure.postgres.rights import missing_right
from plangate.infrastructure.postgres.shared_connections import SharedConnections
from plangate.infrastructure.sql.database import Cursor, T

_LONGEST_NAME: Final = 63
"""Bytes. PostgreSQL silently truncates longer names."""

# Stated, because a pool's connections may be set to another level.
BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_TAKE_PLAN: Final = "SELECT pg_advisory_xact_lock(%s, %s)"

# Others may be set: in another time zone, times at the ends of the calendar cannot be read.
_HERE: Final = SQL(
    "SET LOCAL search_path = {}; SET LOCAL datestyle = ISO; SET LOCAL extra_float_digits = 1;"
    " SET LOCAL timezone = 'UTC'"
)
_BEGIN_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

# The ledger can be rebuilt from the log, so writing it waits for no standby.
_WRITING: Final = SQL("SET LOCAL synchronous_commit = local; SET LOCAL statement_timeout = 0")
# A crash may undo the last of these, with the position: the same events are projected again.
_DERIVING: Final = SQL("SET LOCAL synchronous_commit = off; SET LOCAL statement_timeout = 0")

_LASTING: Final = SQL("SET LOCAL statement_timeout = 0")

# What names a database for as long as its server runs: a copy has its own, or another server.
_IDENTITY: Final = """
SELECT oid::bigint, extract(epoch FROM pg_postmaster_start_time())::text
FROM pg_catalog.pg_database WHERE datname = current_database()
"""


def open_schema(
    source: str | ConnectionPool[Any],
    schema: str = "plangate",
    create: bool = True,  # noqa: FBT001, FBT002
    most: int | None = None,
) -> "Schema":
    """The schema of a database at a libpq URL, or behind a psycopg pool.

    Missing tables are created, if that is asked for; `most` bounds the connections to a URL.
    Raises `NotAStore` where the schema holds something else or this user may not create them,
    `StoreTooNew` for a newer layout, `StoreUnavailable` where no server answers.
    """
    opened = unchecked_schema(source, schema, most)
    try:
        opened.prepare(create)
    except BaseException:
        opened.close()
        raise
    return opened


def unchecked_schema(
    source: str | ConnectionPool[Any], schema: str, most: int | None = None
) -> "Schema":
    """The schema as it is, with or without tables; raises `NotAStore` for an invalid name."""
    _require_name(schema)
    if isinstance(source, str):
        return Schema(OwnConnections(source, most or CONNECTIONS), schema)
    return Schema(PoolConnections(source), schema)


def _require_name(schema: object) -> None:
    if (
        not isinstance(schema, str)
        or not 0 < len(schema.encode()) <= _LONGEST_NAME
        or "\0" in schema
        or schema[:3] == "pg_"
    ):
        raise NotAStore(f"{schema!r} is not a valid name for a PostgreSQL schema")


class Schema(PostgresDatastore):
    """The library's datastore, on our own connections.

    The library's pool hides why it has no connection, and waits longer with each attempt.
    """

    def __init__(self, connections: Connections, schema: str) -> None:
        self.connections = connections  # first: the library closes what was made by half, too
        super().__init__("", "", "", "", "", schema=schema, originator_id_type="text")
        self.name = f"{connections.name} (schema {schema})"
        self._joined = JoinedTransactions()
        self._identity: object = None
        self._renew()
        renew_in_child(self._renew)

    def _renew(self) -> None:
        self._here = local()

    def prepare(self, create: bool) -> None:  # noqa: FBT001
        """Create missing tables, and upgrade older ones; raises as `open_schema`."""
        layout = self.in_transaction(self.layout)
        if not layout and not create:
            raise NotAStore(f"{self.name} has no plangate tables")
        if layout < LAYOUT_VERSION:
            self.in_transaction(self.lay_out)

    def sibling(self, name: str) -> "Schema":
        """Another schema on the same connections, which closing it does not close."""
        _require_name(name)
        sibling = Schema(SharedConnections(self.connections), name)
        sibling.prepare(create=True)
        return sibling

    def joined(self, connection: object) -> "Schema":
        """The schema inside the transaction that is open on a connection of the caller.

        Closing it leaves the transaction. Raises `TransactionRefused` for a connection that
        cannot be used, or leads to another database.
        """
        theirs = JoinedConnection(self.connections.name, connection)
        joined = Schema(theirs, self.schema)
        with joined.translated(None):
            identity = theirs.first(_identity)
        # A pool may have no second connection, so one of its own is not compared with another.
        if self.connections.has_lent(theirs.connection):
            self._identity = identity
        elif identity != self._identity:  # its server may have been started again since
            self._identity = self.in_transaction(_identity)
        if identity != self._identity:
            raise TransactionRefused(f"the connection does not lead to {self.connections.name}")
        with joined.translated(None):
            joined.run(joined.layout)
        self._joined.join(theirs)
        return joined

    def refuse_to_wait(self) -> None:
        """Raise `TransactionRefused` where this thread would wait for its own transaction."""
        self._joined.refuse_to_wait()

    def translated(self, plan_id: str | None) -> AbstractContextManager[None]:
        """Translate PostgreSQL's errors into those of `application.errors`."""
        return translated_for(self.name, plan_id, self._missing_right)

    @property
    def has_own_sessions(self) -> bool:
        """Whether what a session prepares is there when its connection is used again."""
        return self.connections.are_ours and not self.connections.local_settings

    @property
    def has_turn(self) -> bool:
        """Whether this thread's turn has begun."""
        return getattr(self._here, "turn", None) is not None

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` on the connection of this thread's turn, or on one in autocommit mode."""
        held: Connection | None = getattr(self._here, "turn", None)
        return self.connections.run(work) if held is None else work(held)

    def begin(self, how: LiteralString = BEGIN) -> Query:
        """The statements that begin a transaction, with the settings that are asked for."""
        settings = self.connections.local_settings
        return SQL(how) if settings is None else SQL("{}; {}").format(SQL(how), settings)

    def select(self, query: Query, values: Sequence[Any]) -> list[Any]:
        """The rows of one query, in this thread's turn if it has begun."""

        def rows(connection: Connection) -> list[Any]:
            if self.connections.local_settings is None or in_transaction(connection):
                cursor = connection.cursor(row_factory=tuple_row)
                cursor.execute(query, values)
                return cursor.fetchall()
            with_settings = SQL("{}; {}; COMMIT").format(self.begin(), query)
            results = psycopg.ClientCursor(connection, row_factory=tuple_row)
            results.execute(with_settings, values)
            results.nextset()
            results.nextset()
            return results.fetchall()

        return self.run(rows)

    def turn(self, plan_id: str, work: Callable[[], T]) -> T:
        """One transaction for this thread's reads and appends; others wait for the plan."""

        def turn(connection: Connection) -> T:
            cursor = psycopg.ClientCursor(connection)
            cursor.execute(SQL("{}; {}").format(self.begin(), SQL(_TAKE_PLAN)), self.lock(plan_id))
            self._here.turn = connection
            try:
                return work()
            finally:
                self._here.turn = None

        with self.translated(plan_id):
            return self.connections.run(turn)

    def in_transaction(self, work: Callable[[Connection], T]) -> T:
        """Do `work` on a connection in a transaction, and commit it."""

        def committed(connection: Connection) -> T:
            connection.execute(self.begin())
            result = work(connection)
            connection.execute("COMMIT")
            return result

        with self.translated(None):
            return self.connections.run(committed)

    def read(self, work: Callable[[Cursor], T]) -> T:
        """Do `work` in a transaction that sees one state, with the schema as search path."""

        def read(connection: Connection) -> T:
            connection.execute(self._here_after(_BEGIN_READING))
            return work(QuestionMarks(connection.cursor(row_factory=tuple_row)))

        with self.translated(None):
            return self.connections.run(read)

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Do `work` in a transaction for what can be rebuilt from the log."""
        return self._write(work, _WRITING)

    def write_derived(self, work: Callable[[Cursor], T]) -> T:
        """`write` for what follows from the log. After a crash it may be as it was before."""
        return self._write(work, _DERIVING)

    def write_lasting(self, work: Callable[[Cursor], T]) -> T:
        """Do `work` in a transaction for what is nowhere else: it waits for the standby."""
        return self._write(work, _LASTING)

    def _write(self, work: Callable[[Cursor], T], settings: SQL) -> T:
        def write(connection: Connection) -> T:
            connection.execute(self._here_after(BEGIN, settings))
            result = work(QuestionMarks(connection.cursor(row_factory=tuple_row)))
            with confirmed(connection):
                connection.execute("COMMIT")
            return result

        with self.translated(None):
            return self.connections.run(write)

    def layout(self, connection: Connection) -> int:
        """The layout of the tables that there are; raises as `layout_of`."""
        return layout_of(connection, self.schema, self.name)

    def lay_out(self, connection: Connection) -> None:
        """Create or upgrade the tables, in the transaction that has begun."""
        lay_out(connection, self.schema, self.name)

    def rewrite_tables(self, tables: Sequence[str]) -> None:
        """Rewrite tables without their free space, and the statistics on what they hold.

        Only their owner may, and it takes time.
        """
        self.refuse_to_wait()
        pooled = self.connections.local_settings is not None
        with self.translated(None):
            refused = self.connections.run(
                lambda one: rewrite_tables(one, self.schema, tables, self.begin(), pooled=pooled)
            )
        if refused:
            raise StoreForbidden(f"{self.name} may still hold what was removed ({refused[0]})")

    def _missing_right(self, refusal: str) -> str | None:
        try:
            return self.connections.run(lambda one: missing_right(one, self.schema, refusal))
        except (psycopg.Error, StoreError):
            return None

    def lock(self, plan_id: str = "") -> tuple[int, int]:
        """The advisory lock of a plan, or of the whole log."""
        name = f"{self.schema}\n{plan_id}"
        return LOCKS, zlib.crc32(name.encode()) - 2**31

    def _here_after(self, begin: LiteralString, *more: SQL) -> Composed:
        here = _HERE.format(Identifier(self.schema))
        return SQL("; ").join([self.begin(begin), here, *more])

    def register_type_adapters(self) -> None:
        """Register nothing: the library's composite types are not used."""

    def close(self) -> None:
        """Close the connections; closing twice is harmless."""
        self.connections.close()


def _identity(connection: Connection) -> object:
    return connection.cursor(row_factory=tuple_row).execute(_IDENTITY).fetchone()
