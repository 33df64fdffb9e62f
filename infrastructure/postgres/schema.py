"""The one schema of a store in PostgreSQL: its connections, its transactions and its tables.

Events and views stand side by side in it, so that a larger application's database
can hold them beside its own tables.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import local
from typing import Any, Final

from eventsourcing.postgres import PostgresDatastore
from psycopg import Cursor, errors
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier
from psycopg_pool import ConnectionPool

from plangate.application.errors import NotAStore, StoreReadOnly
from plangate.infrastructure.postgres.connections import (
    Connection,
    Connections,
    LentConnections,
    OwnConnections,
)
from plangate.infrastructure.postgres.errors import translated_for
from plangate.infrastructure.postgres.layout import (
    LAYOUT_VERSION,
    LOCKS,
    lay_out,
    layout_of,
)

SCHEMA: Final = "plangate"
"""The schema that holds the tables unless another one is named."""

_LONGEST_NAME: Final = 63
"""Bytes. PostgreSQL cuts a longer name without a word."""

# Whatever a pool's connections are set to: each statement sees what was committed by then.
BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_TAKE_PLAN: Final = "SELECT pg_advisory_xact_lock(%s, %s)"

# A pool's connections may be set to other forms of times and fewer digits.
_HERE: Final = SQL(
    "{}; SET LOCAL search_path = {}; SET LOCAL datestyle = ISO; SET LOCAL extra_float_digits = 1"
)
_BEGIN_READING: Final = SQL("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

# What is written this way can be made again from the log, so it waits for no standby. It
# waits for the disk: a reader knows how far a view has come, and a crash must not undo that.
_BEGIN_WRITING: Final = SQL(
    "BEGIN ISOLATION LEVEL READ COMMITTED;"
    " SET LOCAL synchronous_commit = local; SET LOCAL statement_timeout = 0"
)


def open_schema(source: str | ConnectionPool[Any], schema: str = SCHEMA) -> "Schema":
    """A schema of the database at a libpq URL, or behind a psycopg pool.

    The tables are made, or brought up to date, if they are not there. Raises
    `NotAStore` where something else is or none may be made, `StoreTooNew` for the
    tables of a newer plangate, `StoreUnavailable` where no server answers.
    """
    opened = schema_as_it_is(source, schema)
    try:
        with opened.translated(None), opened.get_connection() as connection:
            layout = layout_of(connection, schema, opened.name)
            if layout < LAYOUT_VERSION:
                _lay_out(connection, schema, opened.name, layout)
    except BaseException:
        opened.close()
        raise
    return opened


def schema_as_it_is(source: str | ConnectionPool[Any], schema: str) -> "Schema":
    """A schema, whatever is there by now; raises `NotAStore` where none can be."""
    if not 0 < len(schema.encode()) <= _LONGEST_NAME or "\0" in schema or schema[:3] == "pg_":
        raise NotAStore(f"{schema!r} can be no PostgreSQL schema")
    return Schema(_connections(source), schema)


class Schema(PostgresDatastore):
    """The library's datastore, on connections of our own choosing.

    The library's pool hides why there is no connection, and waits longer from one
    attempt to the next.
    """

    def __init__(self, connections: Connections, schema: str) -> None:
        super().__init__("", "", "", "", "", schema=schema, originator_id_type="text")
        self._connections = connections
        self._here = local()
        self.name = f"{connections.name} (schema {schema})"

    def translated(self, plan_id: str | None) -> AbstractContextManager[None]:
        """Raises what goes wrong inside as `application.errors`."""
        return translated_for(self.name, plan_id)

    @contextmanager
    def get_connection(self) -> Iterator[Connection]:
        """The connection of this thread's turn, or else one in autocommit mode."""
        held: Connection | None = getattr(self._here, "turn", None)
        if held is not None:
            yield held
            return
        with self._connections.one() as connection:
            yield connection

    @contextmanager
    def turn(self, plan_id: str) -> Iterator[None]:
        """One transaction for all this thread does, waiting for others on the same plan."""
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
    def reading(self) -> Iterator[Cursor[Any]]:
        """A transaction that sees one state of the schema, and finds its tables by their names."""
        with self.translated(None), self._connections.one() as connection:
            try:
                connection.execute(self._here_after(_BEGIN_READING))
                yield connection.cursor(row_factory=tuple_row)
            finally:
                roll_back(connection)

    @contextmanager
    def writing(self) -> Iterator[Cursor[Any]]:
        """One for what can be made again from the log; it finds tables by their names too."""
        with self.translated(None), self._connections.one() as connection:
            try:
                with self.refusing_who_may_not_write():
                    connection.execute(self._here_after(_BEGIN_WRITING))
                    yield connection.cursor(row_factory=tuple_row)
                    connection.execute("COMMIT")
            finally:
                roll_back(connection)

    @contextmanager
    def refusing_who_may_not_write(self) -> Iterator[None]:
        """Raises `StoreReadOnly` where the user lacks a right inside."""
        try:
            yield
        except errors.InsufficientPrivilege as error:
            raise StoreReadOnly(f"{self.name} can be read but not written by this user") from error

    def write_anew(self, tables: Sequence[str]) -> None:
        """Write tables anew without their free space; it takes the right to, and time."""
        refused: list[str] = []

        def hear(notice: Diagnostic) -> None:
            refused.append(notice.message_primary or "")

        with self.translated(None), self._connections.one() as connection:
            connection.add_notice_handler(hear)
            try:
                connection.execute("SET statement_timeout = 0")
                for table in tables:
                    connection.execute(
                        SQL("VACUUM (FULL) {}").format(Identifier(self.schema, table))
                    )
            finally:
                connection.remove_notice_handler(hear)
                connection.execute("RESET statement_timeout")
        if refused:
            raise StoreReadOnly(f"{self.name} may still hold what was removed ({refused[0]})")

    def lock(self, plan_id: str = "") -> tuple[int, int]:
        """The advisory lock that stands for a plan, or for the whole log."""
        name = f"{self.schema}\n{plan_id}"
        return LOCKS, zlib.crc32(name.encode()) - 2**31

    def _here_after(self, begin: SQL) -> Composed:
        return _HERE.format(begin, Identifier(self.schema))

    def register_type_adapters(self) -> None:
        """The library's composite types are not used."""

    def close(self) -> None:
        """Let go of the connections; closing twice is harmless."""
        self._connections.close()


def roll_back(connection: Connection) -> None:
    """End a transaction that is not over; a connection in any worse state is thrown away."""
    if connection.info.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
        connection.rollback()


def _connections(source: str | ConnectionPool[Any]) -> Connections:
    return OwnConnections(source) if isinstance(source, str) else LentConnections(source)


def _lay_out(connection: Connection, schema: str, name: str, layout: int) -> None:
    try:
        lay_out(connection, schema, name)
    except errors.InsufficientPrivilege as error:
        what = (
            f"has layout {layout} of plangate's tables, not {LAYOUT_VERSION}, and this user may not"
            " bring them up to date"
            if layout
            else "has no plangate tables, and this user may not make them"
        )
        raise NotAStore(f"{name} {what}; let one who may run `plangate migrate`") from error
